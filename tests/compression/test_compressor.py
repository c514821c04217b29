import dataclasses
import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.result import PLAIN_SCALE
from comrec_tf.compression.target import Target
from comrec_tf.graph import compact_file
from comrec_tf.images import metrics
from comrec_tf.presets import weights
from tests.makers import compressor_of, make_model


@pytest.fixture
def compressor(model):
    return compressor_of(model, default_quality=60)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (31, 47), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_come_back_with_their_shape(compressor, size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    assert compressor.decode(compressor.encode(picture).content).shape == picture.shape


def test_the_file_is_a_jpeg_of_half_the_size_that_says_how_to_restore_it(compressor, model, photo):
    content = compressor.encode(photo[:127, :95], quality=33).content
    viewer = PIL.Image.open(io.BytesIO(content))
    assert (viewer.format, viewer.mode, viewer.size) == ("JPEG", "RGB", (48, 64))
    step = JpegCodec().step(33)
    expected = container.Header(weights.preset_id(model), 2, 33, step, 127, 95, grey=False)
    assert compressor.encode(photo[:127, :95], quality=33).header == expected
    read = container.read(content)
    assert dataclasses.replace(read, checksum=None) == expected


def test_it_shows_the_picture(compressor, photo):
    shown = PIL.Image.open(io.BytesIO(compressor.encode(photo, quality=95).content))
    expected = np.asarray(PIL.Image.fromarray(photo).resize(shown.size, PIL.Image.BOX), float)
    assert np.abs(np.asarray(shown) - expected).mean() < 25  # the test's weights are stirred


def test_the_default_quality_is_taken_where_none_is_given(compressor, photo):
    assert compressor.encode(photo).content == compressor.encode(photo, quality=60).content


def test_a_larger_quality_gives_a_larger_and_better_file(photo):
    compressor = compressor_of(make_model())
    sizes = [len(compressor.encode(photo, quality).content) for quality in (5, 30, 90)]
    assert sizes == sorted(sizes)


def test_pillow_pictures_and_grey_arrays_are_taken(compressor, photo, grey_photo):
    assert compressor.encode(PIL.Image.fromarray(photo)).content == compressor.encode(photo).content
    assert compressor.encode(grey_photo[..., 0]).content == compressor.encode(grey_photo).content


def test_pillow_pictures_are_given_back(compressor, photo, grey_photo):
    for picture, mode in ((photo, "RGB"), (grey_photo, "L")):
        content = compressor.encode(picture).content
        restored = compressor.decode_pil(content)
        assert restored.mode == mode
        np.testing.assert_array_equal(restored, np.squeeze(compressor.decode(content)))


def test_a_preset_brings_its_default_quality(tmp_path, model, photo):
    weights.save_preset(model, tmp_path / "mine", {"default_quality": 12})
    loaded = Compressor.from_preset(tmp_path / "mine")
    assert loaded.encode(photo) == loaded.encode(photo, 12)
    assert loaded.default_quality == 12


def test_another_codec_of_the_same_format_may_be_used(model, compressor, photo):
    standard = compressor_of(model, JpegCodec(optimize_huffman=False))
    content = standard.encode(photo, 60).content
    assert len(content) > len(compressor.encode(photo, 60).content)
    np.testing.assert_array_equal(
        compressor.decode(content), compressor.decode(compressor.encode(photo, 60).content)
    )


def test_files_of_others_are_refused(compressor, photo):
    content = compressor.encode(photo).content
    other = compressor_of(make_model(channels=1))
    with pytest.raises(ValueError, match="made with the pair of id"):
        other.decode(content)
    with pytest.raises(ValueError, match="not a JPEG"):
        compressor.decode(b"")
    plain = io.BytesIO()
    PIL.Image.fromarray(photo).save(plain, "JPEG")
    with pytest.raises(ValueError, match="no ComRec data"):
        compressor.decode(plain.getvalue())


def test_truncated_files_are_refused(compressor, photo):
    content = compressor.encode(photo).content
    for length in (30, 60, 300, len(content) // 2):
        with pytest.raises(ValueError, match="ComRec data|damaged"):
            compressor.decode(content[:length])


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (np.zeros((4, 4, 3), np.float32), TypeError, "float32"),
        ([[1, 2]], TypeError, "list"),
        (np.zeros((4, 4, 4), np.uint8), ValueError, r"\(4, 4, 4\)"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, r"\(0, 4, 3\)"),
        (np.zeros((1, 2, 3, 3), np.uint8), ValueError, r"\(1, 2, 3, 3\)"),
        (np.zeros((1, 131_001), np.uint8), ValueError, "65500"),
    ],
)
def test_what_is_no_picture_is_refused(compressor, picture, error, message):
    with pytest.raises(error, match=message):
        compressor.encode(picture)


def test_pictures_over_the_limit_are_refused_in_both_directions(model, compressor, photo):
    small = compressor_of(model, max_pixels=1000)
    for work in (
        lambda: small.encode(photo).content,
        lambda: small.decode(compressor.encode(photo).content),
    ):
        with pytest.raises(ValueError, match="at most 1,000 pixels"):
            work()


@pytest.fixture
def both():
    """A compressor with a pair for each scale."""
    return compressor_of([make_model(scale=2), make_model(scale=1)])


def test_a_pair_for_each_scale_restores_what_it_made(both, photo):
    assert both.scales == (1, 2)
    for scale in (1, 2):
        content = both.encode(photo, 50, scale=scale).content
        assert container.read(content).scale == scale
        assert both.decode(content).shape == photo.shape
    assert both.encode(photo, 50).content == both.encode(photo, 50, scale=2).content
    with pytest.raises(ValueError, match="Received: scale=3"):
        both.encode(photo, 50, scale=3)


@pytest.mark.parametrize("name", ["webp", "avif", "jpeg2000", "jpeg-flat", "mozjpeg"])
def test_files_of_other_codecs_are_restored_without_naming_the_codec(model, photo, name):
    content = compressor_of(model, catalog.make_codec(name)).encode(photo, 50).content
    viewer = PIL.Image.open(io.BytesIO(content))
    assert viewer.size == (80, 64)
    assert metrics.psnr(photo, compressor_of(model).decode(content)) > 20


@pytest.mark.parametrize("kind", ["max_bytes", "bits_per_pixel"])
def test_a_limit_of_bytes_is_kept_and_the_best_file_within_is_taken(both, photo, kind):
    limit = 2500
    value = limit if kind == "max_bytes" else 8 * limit / (128 * 160)
    choice = both.encode_to(photo, Target(kind, value, "psnr"), effort=3)
    assert choice.met
    assert len(choice.content) <= limit
    assert choice.score == metrics.psnr(photo, both.decode(choice.content))
    for scale in (1, 2):
        for quality in (choice.quality, choice.quality + 5):
            other = both.encode(photo, quality, scale=scale).content
            if len(other) <= limit:
                assert metrics.psnr(photo, both.decode(other)) <= choice.score


def test_plain_files_are_chosen_where_they_win_and_say_so(both, photo):
    # Stirred weights are worse than none.
    choice = both.encode_to(photo, Target("quality", 90))
    header = container.read(choice.content)
    assert (choice.scale, header.preset_id, header.scale) == (0, container.PLAIN, 1)
    shown = np.asarray(PIL.Image.open(io.BytesIO(choice.content)))
    assert np.abs(both.decode(choice.content).astype(int) - shown).max() <= 2
    forced = both.encode_to(photo, Target("quality", 20), plain=False)
    assert forced.scale in (1, 2)


def test_a_quality_means_the_reference_encoder_and_nothing_is_larger_than_its_file(both, photo):
    flat = both.with_codec(FlatJpegCodec())
    reference = JpegCodec()
    for quality in (30, 90):
        choice = flat.encode_to(photo, Target("quality", quality, "psnr"))
        plain = reference.encode(photo, quality)
        assert choice.score >= metrics.psnr(photo, reference.decode(plain))
        assert len(choice.content) <= len(plain) + compact_file.ADDED_BYTES


def test_a_search_goes_on_from_what_it_knows_and_chooses_as_without(both, photo, monkeypatch):
    targets = [Target("psnr", psnr) for psnr in (24.0, 24.5, 25.0)]
    alone = [both.encode_to(photo, target, effort=3) for target in targets]
    restored = []
    decode = both._files.decode
    monkeypatch.setattr(
        both._files, "decode", lambda content: restored.append(content) or decode(content)
    )
    search = both.search(photo, effort=3)
    assert [search(target) for target in targets] == alone
    assert len(restored) == len(set(restored))


def test_decibels_are_reached_with_the_smallest_quality(both, photo):
    choice = both.encode_to(photo, Target("psnr", 24.0), [1], plain=False, effort=3)
    assert choice.met
    assert choice.scale == 1
    assert metrics.psnr(photo, both.decode(choice.content)) >= 24.0
    below = both.encode(photo, choice.quality - 1, scale=1).content
    assert metrics.psnr(photo, both.decode(below)) < 24.0


def test_targets_out_of_reach_give_the_nearest_and_say_so(both, photo):
    choice = both.encode_to(photo, Target("max_bytes", 10))
    assert not choice.met
    assert choice.quality == 1
    choice = both.encode_to(photo, Target("psnr", 99.0), [2], plain=False)
    assert not choice.met
    assert choice.quality == 100


@pytest.mark.parametrize("precision", ["mixed_bfloat16", "mixed_float16", "auto"])
def test_half_precision_makes_the_same_files_and_nearly_the_same_pictures(
    tmp_path, model, photo, precision
):
    weights.save_preset(model, tmp_path / "mine")
    full = Compressor.from_preset(tmp_path / "mine", engine="tensorflow")
    half = Compressor.from_preset(tmp_path / "mine", engine="tensorflow", precision=precision)
    content = full.encode(photo, 50).content
    assert half.encode(photo, 50).content == content
    difference = full.decode(content).astype(int) - half.decode(content)
    assert np.abs(difference).max() <= 2


def test_an_unknown_precision_is_refused(tmp_path, model):
    weights.save_preset(model, tmp_path / "mine")
    with pytest.raises(ValueError, match="auto or one of .* Received: float64"):
        Compressor.from_preset(tmp_path / "mine", engine="tensorflow", precision="float64")
    with pytest.raises(ValueError, match="litert computes in float32"):
        Compressor.from_preset(tmp_path / "mine", precision="mixed_bfloat16")
    with pytest.raises(ValueError, match="engine must be one of .* Received: engine=onnx"):
        Compressor.from_preset(tmp_path / "mine", engine="onnx")


def test_a_damaged_file_is_refused_unless_that_is_asked_for(compressor, photo):
    content = bytearray(compressor.encode(photo).content)
    content[-50] ^= 0x10
    with pytest.raises(container.DamagedError, match="checksum of its picture is not .* carries$"):
        compressor.decode(bytes(content))
    assert compressor.decode(bytes(content), ignore_checksum=True).shape == photo.shape


def test_a_picture_so_thin_that_it_would_be_padding_is_coded_without_networks():
    thin = np.zeros((1, 65_000, 3), np.uint8)
    released = Compressor.from_preset("comrec")
    with pytest.raises(ValueError, match=r"65000x1 pixels is too thin .* as one of \d,"):
        released.encode(thin, 30, 1)
    with pytest.raises(ValueError, match=r"65000x1 pixels is too thin"):
        released.encode_to(thin, Target("max_bytes", 20_000), [1, 2], plain=False)
    for kind, value in (("quality", 30), ("max_bytes", 20_000)):
        found = released.encode_to(thin, Target(kind, value))
        assert (found.scale, found.met) == (PLAIN_SCALE, True)
        assert released.decode(found.content).shape == thin.shape


def test_progress_is_told_while_networks_run(compressor, photo):
    told = []
    compressor.decode(compressor.encode(photo).content, progress=told.append)
    assert told[-1] == 1.0
