import numpy as np
import PIL.Image
import tensorflow as tf

from comrec_tf.graph import color as graph_color
from comrec_tf.images import color


def test_colors_agree_with_pillow(photo):
    ycbcr = 255 * color.rgb_to_ycbcr(photo / np.float32(255))
    expected = np.asarray(PIL.Image.fromarray(photo).convert("YCbCr"))
    assert np.abs(ycbcr - expected).max() < 1.01  # Pillow cuts off where we round


def test_8_bit_colors_are_rounded_without_a_drift(photo):
    exact = 255 * color.rgb_to_ycbcr(photo / 255.0)
    errors = color.rounded_ycbcr(photo) - exact
    assert np.abs(errors).max() < 0.501
    np.testing.assert_allclose(errors.mean((0, 1)), 0, atol=0.05)


def test_both_directions_agree_with_their_twins_in_graphs(photo):
    rgb = photo.astype(np.float32) / 255
    ycbcr = color.rgb_to_ycbcr(rgb)
    assert ycbcr.dtype == np.float32
    np.testing.assert_allclose(ycbcr, graph_color.rgb_to_ycbcr(tf.constant(rgb)), atol=1e-6)
    np.testing.assert_allclose(color.ycbcr_to_rgb(ycbcr), rgb, atol=1e-6)
    twin = graph_color.ycbcr_to_rgb(tf.constant(ycbcr))
    np.testing.assert_allclose(color.ycbcr_to_rgb(ycbcr), twin, atol=1e-6)


def test_luma_is_the_first_plane_and_of_grey_the_picture_itself(photo, grey_photo):
    expected = 255 * color.rgb_to_ycbcr(photo / 255.0)[..., 0]
    np.testing.assert_allclose(color.luma(photo), expected)
    np.testing.assert_array_equal(color.luma(grey_photo), grey_photo[..., 0])
