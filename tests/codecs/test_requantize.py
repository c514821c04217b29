import numpy as np

from comrec_tf.codecs import dead_zone, quantization
from comrec_tf.codecs.requantize import requantize

TABLES = quantization.flat_tables(20).reshape(2, 64)


def test_whoever_chooses_sees_coefficients_and_steps_of_each_plane(photo):
    seen = []

    def choose(coefficients, steps, halved):
        seen.append((coefficients.shape, int(steps[0]), halved))
        return np.zeros_like(coefficients)

    result = requantize(photo[:32, :48], TABLES, choose, halved=True)
    luma, chroma = int(TABLES[0, 0]), int(TABLES[1, 0])
    assert seen == [((24, 64), luma, False), ((6, 64), chroma, True), ((6, 64), chroma, True)]
    np.testing.assert_array_equal(result, 128)


def test_blocks_that_reach_beyond_the_picture_are_left_as_they_are(grey_photo):
    picture = grey_photo[:21, :19]
    result = requantize(picture, TABLES, dead_zone.of_width(0.3), halved=False)
    np.testing.assert_array_equal(result[16:], picture[16:, :, 0])
    np.testing.assert_array_equal(result[:, 16:], picture[:, 16:, 0])
    assert np.any(result[:16, :16] != picture[:16, :16, 0])


def test_halved_chroma_comes_as_squares_of_equal_pixels(photo):
    result = requantize(photo[:33, :47], TABLES, dead_zone.of_width(0.1), halved=True)
    assert result.shape == (33, 47, 3)
    chroma = result[..., 1:]
    np.testing.assert_array_equal(chroma[:32:2], chroma[1:33:2])
    np.testing.assert_array_equal(chroma[:, :46:2], chroma[:, 1:47:2])
    assert np.any(result[:32:2, :, 0] != result[1:33:2, :, 0])
