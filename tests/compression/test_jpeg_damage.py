import io

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
import scipy.fft
import skimage.data

from comrec_tf.compression import jpeg_damage

PHOTOS = {
    "astronaut": skimage.data.astronaut()[:256, 100:356],
    "coffee": skimage.data.coffee()[100:356, 200:456],
    "camera": skimage.data.camera()[100:356, 150:406],
}


def text():
    picture = PIL.Image.new("RGB", (256, 256), "white")
    draw = PIL.ImageDraw.Draw(picture)
    for line in range(16):
        draw.text((4, 2 + 16 * line), f"{line}: the quick brown fox jumps", fill="black")
    return np.asarray(picture)


def dithered():
    return np.asarray(PIL.Image.fromarray(PHOTOS["camera"]).convert("1").convert("L"))


def checkerboard():
    return np.uint8(255 * (np.indices((256, 256)) // 3 % 2).sum(0) % 510)


def saved(picture, quality):
    """The decoded picture, and the file's luma table."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    with PIL.Image.open(buffer) as jpeg:
        return np.asarray(jpeg), np.array(jpeg.quantization[0], float)


def measured(pixels):
    return jpeg_damage.luma_coefficients(np.atleast_3d(pixels))


def found(pixels, table, quality):
    return jpeg_damage.earlier_quality(measured(pixels), table, quality)


def test_coefficients_are_those_of_scipy():
    picture = np.random.default_rng(0).integers(0, 256, (19, 26, 1), np.uint8)
    coefficients = jpeg_damage.luma_coefficients(picture)
    assert coefficients.shape == (6, 64)
    block = picture[8:16, 16:24, 0].astype(float) - 128
    expected = scipy.fft.dctn(block, norm="ortho").ravel()
    np.testing.assert_allclose(coefficients[5], expected, atol=1e-3)


def test_large_pictures_are_looked_at_in_part_and_tiny_ones_not_at_all():
    assert 4000 < len(jpeg_damage.luma_coefficients(np.zeros((1600, 1600, 1), np.uint8))) <= 8192
    nothing = jpeg_damage.luma_coefficients(np.zeros((7, 100, 3), np.uint8))
    assert nothing.shape == (0, 64)
    assert not jpeg_damage.is_pattern(nothing)
    assert jpeg_damage.earlier_quality(nothing, np.ones(64), 90) is None


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize(("first", "second"), [(25, 75), (25, 90), (50, 90), (70, 95)])
def test_an_earlier_coarser_compression_is_found(name, first, second):
    pixels, _ = saved(PHOTOS[name], first)
    assert found(*saved(pixels, second), second) == pytest.approx(first, abs=3)


@pytest.mark.parametrize("name", PHOTOS)
@pytest.mark.parametrize("quality", [20, 75, 90, 95])
def test_photos_that_were_compressed_once_have_none(name, quality):
    assert found(*saved(PHOTOS[name], quality), quality) is None


@pytest.mark.parametrize("make", [text, dithered, checkerboard])
def test_neither_have_drawn_pictures(make):
    assert found(*saved(make(), 90), 90) is None


@pytest.mark.parametrize("name", PHOTOS)
def test_a_finer_or_a_shifted_or_scaled_earlier_compression_leaves_no_trace(name):
    pixels, _ = saved(PHOTOS[name], 90)
    assert found(*saved(pixels, 50), 50) is None
    pixels, _ = saved(PHOTOS[name], 25)
    assert found(*saved(np.ascontiguousarray(pixels[3:, 5:]), 90), 90) is None
    small = np.asarray(PIL.Image.fromarray(pixels).resize((192, 192), PIL.Image.LANCZOS))
    assert found(*saved(small, 90), 90) is None


@pytest.mark.parametrize("quality", [15, 50, 90])
def test_patterns_are_told_from_photos_and_text_at_every_quality(quality):
    for picture in (*PHOTOS.values(), text()):
        assert not jpeg_damage.is_pattern(measured(saved(picture, quality)[0]))
    for picture in (dithered(), checkerboard()):
        assert jpeg_damage.is_pattern(measured(saved(picture, quality)[0]))


@pytest.mark.parametrize("quality", [15, 50, 90])
def test_text_is_told_from_photos_at_every_quality(quality):
    for picture in PHOTOS.values():
        assert not jpeg_damage.is_drawn(measured(saved(picture, quality)[0]))
    assert jpeg_damage.is_drawn(measured(saved(text(), quality)[0]))
    few_words = np.full((400, 400, 3), 255, np.uint8)
    few_words[:32, :160] = text()[:32, :160]
    assert jpeg_damage.is_drawn(measured(saved(few_words, quality)[0]))
    assert not jpeg_damage.is_drawn(measured(np.full((64, 64), 200, np.uint8)))
