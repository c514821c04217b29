import base64
import io
import json

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageDraw
import pytest
import skimage.data

from comrec_tf.codecs import condition, quantization
from comrec_tf.codecs.jpeg_encoders import MozjpegCodec
from comrec_tf.compression import jpeg_damage, ordinary_jpeg
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.jpeg_restoration import blend, conditions, rule, shares
from comrec_tf.images import color, files, metrics

ASTRONAUT = skimage.data.astronaut()[:192, 128:320]
COFFEE = skimage.data.coffee()[100:292, 200:392]


@pytest.fixture(scope="module")
def compressor():
    return Compressor.from_preset("comrec")


def jpeg(picture, quality, **options):
    buffer = io.BytesIO()
    files.to_pil(picture).save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def shown(content):
    return files.from_pil(PIL.Image.open(io.BytesIO(content)))


def gain(original, content, restored):
    return metrics.psnr(original, restored) - metrics.psnr(original, shown(content))


@pytest.mark.parametrize("quality", [10, 32, 60, 90, 95])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_jpegs_gain_at_every_quality_and_subsampling(compressor, subsampling, quality):
    for picture in (ASTRONAUT, COFFEE):
        content = jpeg(picture, quality, subsampling=subsampling, progressive=quality == 60)
        done = compressor.restore_jpeg(content)
        assert done.restored
        assert (done.quality, done.fit.quality, done.fit.error) == (quality, quality, 0)
        assert done.subsampling == subsampling
        assert gain(picture, content, done.picture) > (0.4 if quality < 90 else 0)


@pytest.mark.parametrize("quality", [20, 75, 95])
def test_so_do_grey_ones_and_cmyk(compressor, grey_photo, quality):
    content = jpeg(grey_photo, quality)
    restored = compressor.restore_jpeg(content).picture
    assert restored.shape == grey_photo.shape
    assert gain(grey_photo, content, restored) > 0.2
    buffer = io.BytesIO()
    PIL.Image.fromarray(COFFEE).convert("CMYK").save(buffer, "JPEG", quality=quality)
    done = compressor.restore_jpeg(buffer.getvalue())
    assert gain(COFFEE, buffer.getvalue(), done.picture) >= 0
    assert done.notes == ("CMYK: became RGB",)


@pytest.mark.parametrize(
    ("quality", "subsampling"), [(96, "4:4:4"), (100, "4:4:4"), (99, "4:2:0"), (98, "4:2:2")]
)
def test_where_little_is_left_to_restore_the_picture_is_left_as_it_is(
    compressor, quality, subsampling
):
    content = jpeg(COFFEE, quality, subsampling=subsampling)
    done = compressor.restore_jpeg(content)
    assert not done.restored
    assert done.reason == f"quality {quality} needs none"
    np.testing.assert_array_equal(done.picture, shown(content))


@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:0"])
def test_networks_are_told_the_tables_of_the_file_or_of_an_earlier_compression(subsampling):
    content = MozjpegCodec(subsampling).encode(COFFEE, 60)
    found = ordinary_jpeg.read(content, COFFEE.size)
    told = conditions(found, 55, of_file=True)
    luma, chroma = quantization.standard_tables(55).reshape(2, 64)
    is_full = subsampling == "4:4:4"
    np.testing.assert_allclose(told, condition.of_file(content, luma[0]), rtol=1e-6)
    before = conditions(found, 55, of_file=False)
    np.testing.assert_allclose(before, condition.of_tables(luma[0], luma, chroma, full=is_full))
    assert np.abs(told - before)[1:4].min() > 0.01
    if not is_full:
        np.testing.assert_allclose(rule(told_tables=True)["conditions"][54], before[:4], atol=1e-6)


@pytest.mark.parametrize("second", [75, 90, 95])
def test_what_was_compressed_before_is_restored_from_that(compressor, second):
    content = jpeg(shown(jpeg(COFFEE, 25)), second)
    done = compressor.restore_jpeg(content)
    assert done.fit.quality == second
    assert done.quality == pytest.approx(25, abs=3)
    assert done.reason == f"compressed before at about quality {done.quality}"
    coder = compressor._files.coders[1]
    step = float(quantization.standard_tables(second)[0, 0, 0])
    told = condition.of_file(content, step)
    as_the_tables_say = coder.restore(shown(content), told, COFFEE.shape[:2])
    assert gain(COFFEE, content, done.picture) > gain(COFFEE, content, as_the_tables_say) + 0.1


@pytest.mark.parametrize("quality", [75, 90])
def test_resized_and_cropped_jpegs_are_not_harmed(compressor, quality):
    first = PIL.Image.fromarray(shown(jpeg(COFFEE, 40)))
    original = PIL.Image.fromarray(COFFEE)
    for change in (
        lambda picture: picture.resize((150, 150), PIL.Image.LANCZOS),
        lambda picture: picture.resize((288, 288), PIL.Image.BICUBIC),
        lambda picture: picture.crop((3, 5, 190, 188)),
    ):
        content = jpeg(np.asarray(change(first)), quality)
        done = compressor.restore_jpeg(content)
        assert done.quality == quality
        assert gain(np.asarray(change(original)), content, done.picture) > 0


@pytest.mark.parametrize("quality", [30, 60, 75, 90, 95])
def test_text_is_restored_and_a_dithered_picture_left_as_it_is(compressor, quality):
    page = PIL.Image.new("RGB", (200, 100), "white")
    draw = PIL.ImageDraw.Draw(page)
    for line in range(6):
        draw.text((4, 4 + 16 * line), f"{line}: the quick brown fox jumps", fill="black")
    content = jpeg(np.asarray(page), quality)
    done = compressor.restore_jpeg(content)
    assert done.restored == (quality < 95)
    assert gain(np.asarray(page), content, done.picture) >= 0
    dithered = PIL.Image.fromarray(skimage.data.camera()[100:228, 150:278]).convert("1")
    content = jpeg(np.asarray(dithered.convert("L"))[..., None], quality)
    done = compressor.restore_jpeg(content)
    assert (done.restored, done.reason) == (False, "networks would take its pattern for damage")
    np.testing.assert_array_equal(done.picture, shown(content))


def test_strength_blends(compressor):
    content = jpeg(ASTRONAUT, 20)
    before, after = shown(content).astype(int), compressor.restore_jpeg(content).picture.astype(int)
    half = compressor.restore_jpeg(content, strength=0.5).picture
    assert np.abs(half - (before + after) / 2).max() <= 1
    none = compressor.restore_jpeg(content, strength=0)
    assert (none.restored, none.reason) == (False, "strength 0")
    np.testing.assert_array_equal(none.picture, before)


def test_a_picture_on_its_side_is_restored_as_stored_and_then_turned(compressor):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Orientation] = 6
    exif[PIL.ExifTags.Base.Artist] = "Ann"
    picture = ASTRONAUT[:101, :67]
    turned = compressor.restore_jpeg(jpeg(picture, 30, exif=exif))
    straight = compressor.restore_jpeg(jpeg(picture, 30))
    np.testing.assert_array_equal(turned.picture, np.rot90(straight.picture, -1))
    assert b"Ann" in turned.metadata.exif


@pytest.mark.parametrize("size", [(1, 1), (5, 3), (8, 8), (9, 70)])
@pytest.mark.parametrize("channels", [1, 3])
def test_every_size_comes_back_with_its_shape(compressor, size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    told = []
    done = compressor.restore_jpeg(jpeg(picture, 40), progress=told.append)
    assert done.picture.shape == picture.shape
    assert done.picture.dtype == np.uint8
    assert not done.restored or told[-1] == 1


def test_what_cannot_be_restored_is_an_error(compressor, monkeypatch):
    with pytest.raises(ValueError, match="strength must be from 0 to 1. Received: strength=1.5"):
        compressor.restore_jpeg(jpeg(ASTRONAUT, 20), strength=1.5)
    with pytest.raises(ValueError, match=r"effort must be one of \(1, 2, 3\). Received: 0"):
        compressor.restore_jpeg(jpeg(ASTRONAUT, 100, subsampling="4:4:4"), effort=0)
    with pytest.raises(ValueError, match="not a picture that Pillow reads"):
        compressor.restore_jpeg(b"no picture")
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    with pytest.raises(ValueError, match="900x2 pixels is too thin"):
        compressor.restore_jpeg(jpeg(np.zeros((2, 900, 3), np.uint8), 20))
    with pytest.raises(ValueError, match=r"Received: a preset with pairs of scales \(2,\)"):
        Compressor.from_preset("jiang2017-q50").restore_jpeg(jpeg(ASTRONAUT, 20))


def test_the_blend_is_the_one_of_luma_and_chroma():
    random = np.random.default_rng(0)
    before, after = random.integers(60, 200, (2, 300, 5, 3)).astype(np.uint8)
    blended = blend(before, after, 0.25, 0.5)
    planes = [color.rgb_to_ycbcr(picture / 255) for picture in (before, after)]
    mixed = planes[0] + (planes[1] - planes[0]) * [0.25, 0.5, 0.5]
    expected = np.clip(color.ycbcr_to_rgb(mixed) * 255, 0, 255)
    assert np.abs(blended - expected).max() <= 0.51
    grey = blend(before[..., :1], after[..., :1], 0.25, 0.0)
    assert np.abs(grey - (0.75 * before[..., :1] + 0.25 * after[..., :1])).max() <= 0.51


@pytest.mark.parametrize("told", [False, True])
@pytest.mark.parametrize("subsampling", ["grey", "4:4:4", "4:2:2", "4:2:0", "4:1:1", "other"])
def test_shares_never_grow_with_the_quality(subsampling, told):
    planes = np.array([shares(q, subsampling, told_tables=told) for q in range(1, 101)])
    assert planes.min() >= 0
    assert planes.max() <= 1
    assert np.diff(planes, axis=0).max() <= 0
    assert shares(20, subsampling, told_tables=told)[0] == 1
    assert shares(99, subsampling, told_tables=told) == (0, 0)


def test_only_a_network_that_is_told_so_restores_chroma_of_full_size_in_full():
    untold, told = (shares(85, "4:4:4", told_tables=told) for told in (False, True))
    assert told[1] > 2 * untold[1]
    for subsampling in ("grey", "4:2:0", "4:1:1"):
        both = [shares(85, subsampling, told_tables=told) for told in (False, True)]
        assert both[0] == both[1]


@pytest.mark.parametrize("told", [False, True])
def test_the_rule_says_in_numbers_what_is_done(told):
    numbers = json.loads(json.dumps(rule(told_tables=told)))
    tables = np.frombuffer(base64.b64decode(numbers["tables"]), np.uint8).reshape(100, 8, 8)
    for quality in (1, 37, 100):
        np.testing.assert_array_equal(tables[quality - 1], quantization.standard_tables(quality)[0])
    for subsampling, name in (
        ("grey", "grey"),
        ("4:2:0", "2x2"),
        ("4:2:2", "2x1"),
        ("4:4:4", "1x1"),
        ("4:1:1", "other"),
    ):
        qualities, *planes = numbers["shares"][name]
        for quality in (5, 83, 94):
            expected = [float(np.interp(quality, qualities, plane)) for plane in planes]
            found = shares(quality, subsampling, told_tables=told)
            assert found == pytest.approx(expected)
        assert shares(qualities[-1] + 1, subsampling, told_tables=told) == (0, 0)
    assert jpeg_damage.thresholds().items() <= numbers.items()
