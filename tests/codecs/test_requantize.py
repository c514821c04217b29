import io

import numpy as np
import PIL.Image

from comrec_tf.codecs import quantization
from comrec_tf.codecs.requantize import requantize

TABLES = quantization.flat_tables(20).reshape(2, 64)


def rounded(_, steps, halved):
    """Choose the levels that are the nearest."""
    return lambda coefficients: np.rint(coefficients / steps)


def coded_by_libjpeg(picture, tables):
    """What libjpeg makes of a picture, YCbCr."""
    buffer = io.BytesIO()
    qtables = tables.astype(int).tolist()
    picture.save(buffer, "JPEG", qtables=qtables, subsampling="4:4:4")
    image = PIL.Image.open(buffer)
    image.draft("YCbCr", image.size)
    return np.asarray(image)


def test_whoever_chooses_sees_coefficients_and_steps_of_each_plane(photo):
    seen = []

    def learn(coefficients, steps, halved):
        seen.append((coefficients.shape, int(steps[0]), halved))
        return np.zeros_like

    result = requantize(photo[:32, :48], TABLES, learn, halved=True)
    luma, chroma = int(TABLES[0, 0]), int(TABLES[1, 0])
    assert seen == [((24, 64), luma, False), ((6, 64), chroma, True), ((6, 64), chroma, True)]
    np.testing.assert_array_equal(result, 128)


def test_blocks_that_reach_beyond_the_picture_are_left_as_they_are(grey_photo):
    picture = grey_photo[:21, :19]
    result = requantize(picture, TABLES, rounded, halved=False)
    np.testing.assert_array_equal(result[16:], picture[16:, :, 0])
    np.testing.assert_array_equal(result[:, 16:], picture[:, 16:, 0])
    assert np.any(result[:16, :16] != picture[:16, :16, 0])


def test_halved_chroma_comes_as_squares_of_equal_pixels(photo):
    result = requantize(photo[:33, :47], TABLES, rounded, halved=True)
    assert result.shape == (33, 47, 3)
    chroma = result[..., 1:]
    np.testing.assert_array_equal(chroma[:32:2], chroma[1:33:2])
    np.testing.assert_array_equal(chroma[:, :46:2], chroma[:, 1:47:2])
    assert np.any(result[:32:2, :, 0] != result[1:33:2, :, 0])


def test_rounded_levels_are_those_of_libjpeg_with_the_same_colours(photo):
    tables = quantization.flat_tables(70).reshape(2, 64)
    planes = requantize(photo, tables, rounded, halved=False)
    decoded = [
        coded_by_libjpeg(PIL.Image.fromarray(pixels, mode), tables)
        for pixels, mode in ((photo, "RGB"), (planes, "YCbCr"))
    ]
    differences = decoded[0].astype(int) - decoded[1]
    assert np.mean(differences != 0) < 0.1
    np.testing.assert_allclose(differences.mean((0, 1)), 0, atol=0.02)


def test_large_planes_are_worked_on_strip_by_strip_after_a_sample(photo):
    height, width = 1304, 696  # 163 by 87 blocks
    picture = np.resize(photo[..., :1], (height, width, 1))
    sizes = []

    def learn(coefficients, steps, halved):
        sizes.append(len(coefficients))

        def choose(coefficients):
            sizes.append(len(coefficients))
            return np.rint(coefficients / steps)

        return choose

    ones = np.ones((2, 64))
    result = requantize(picture, ones, learn, halved=True)
    assert sizes[0] == sum(sizes[1:]) == 163 * 87
    assert max(sizes[1:]) < 163 * 87 / 5
    assert np.abs(result.astype(int) - picture[..., 0]).max() <= 2
    sizes.clear()
    requantize(np.resize(picture, (2 * height, width, 1)), ones, learn, halved=True)
    assert sizes[0] == sum(sizes[1:]) // 3 // 87 * 87 + 87
