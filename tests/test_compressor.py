import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf import presets
from comrec_tf.codecs import container
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compressor import Compressor
from tests.conftest import make_model


@pytest.fixture
def compressor(model):
    return Compressor(model, default_quality=60)


@pytest.mark.parametrize("size", [(1, 1), (2, 1), (31, 47), (64, 64)])
@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_come_back_with_their_shape(compressor, size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    assert compressor.decode(compressor.encode(picture)).shape == picture.shape


def test_the_file_is_a_jpeg_of_half_the_size_that_says_how_to_restore_it(compressor, model, photo):
    content = compressor.encode(photo[:127, :95], quality=33)
    viewer = PIL.Image.open(io.BytesIO(content))
    assert (viewer.format, viewer.mode, viewer.size) == ("JPEG", "RGB", (48, 64))
    assert container.read(content) == container.Header(presets.preset_id(model), 2, 33, 127, 95)


def test_it_shows_the_picture(compressor, photo):
    shown = PIL.Image.open(io.BytesIO(compressor.encode(photo, quality=95)))
    expected = np.asarray(PIL.Image.fromarray(photo).resize(shown.size, PIL.Image.BOX), float)
    assert np.abs(np.asarray(shown) - expected).mean() < 25  # the test's weights are stirred


def test_the_default_quality_is_taken_where_none_is_given(compressor, photo):
    assert compressor.encode(photo) == compressor.encode(photo, quality=60)


def test_a_larger_quality_gives_a_larger_and_better_file(photo):
    compressor = Compressor(make_model())
    sizes = [len(compressor.encode(photo, quality)) for quality in (5, 30, 90)]
    assert sizes == sorted(sizes)


def test_pillow_pictures_and_grey_arrays_are_taken(compressor, photo, grey_photo):
    assert compressor.encode(PIL.Image.fromarray(photo)) == compressor.encode(photo)
    assert compressor.encode(grey_photo[..., 0]) == compressor.encode(grey_photo)


def test_pillow_pictures_are_given_back(compressor, photo, grey_photo):
    for picture, mode in ((photo, "RGB"), (grey_photo, "L")):
        content = compressor.encode(picture)
        restored = compressor.decode_pil(content)
        assert restored.mode == mode
        np.testing.assert_array_equal(restored, np.squeeze(compressor.decode(content)))


def test_a_preset_brings_its_default_quality(tmp_path, model, photo):
    presets.save_preset(model, tmp_path / "mine", {"default_quality": 12})
    loaded = Compressor.from_preset(tmp_path / "mine")
    assert loaded.encode(photo) == Compressor(model).encode(photo, 12)
    assert Compressor.from_preset(tmp_path / "mine", default_quality=70).default_quality == 70


def test_another_codec_of_the_same_format_may_be_used(model, compressor, photo):
    standard = Compressor(model, codec=JpegCodec(optimize_huffman=False))
    content = standard.encode(photo, 60)
    assert len(content) > len(compressor.encode(photo, 60))
    np.testing.assert_array_equal(
        compressor.decode(content), compressor.decode(compressor.encode(photo, 60))
    )


def test_files_of_others_are_refused(compressor, photo):
    content = compressor.encode(photo)
    other = Compressor(make_model(channels=1))
    with pytest.raises(ValueError, match="made with the preset of id"):
        other.decode(content)
    with pytest.raises(ValueError, match="not a JPEG"):
        compressor.decode(b"")
    plain = io.BytesIO()
    PIL.Image.fromarray(photo).save(plain, "JPEG")
    with pytest.raises(ValueError, match="no ComRec segment"):
        compressor.decode(plain.getvalue())


def test_truncated_files_are_refused(compressor, photo):
    content = compressor.encode(photo)
    for length in (30, 60, 300, len(content) // 2):
        with pytest.raises(ValueError, match="segment|damaged"):
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
    small = Compressor(model, max_pixels=1000)
    for work in (lambda: small.encode(photo), lambda: small.decode(compressor.encode(photo))):
        with pytest.raises(ValueError, match="at most 1,000 pixels"):
            work()
