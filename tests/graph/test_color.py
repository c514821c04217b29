import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.graph import color


def test_colours_agree_with_pillow(photo):
    ycbcr = color.network_pixels(tf.constant(photo), 3).numpy() * 255
    expected = np.asarray(PIL.Image.fromarray(photo).convert("YCbCr"))
    assert np.abs(ycbcr - expected).max() < 1.01  # Pillow cuts off where we round


def test_rgb_comes_back_exactly(photo):
    there = color.network_pixels(tf.constant(photo), 3)
    np.testing.assert_array_equal(color.codec_pixels(there), photo)


def test_grey_becomes_luma_with_neutral_chroma_and_comes_back(grey_photo):
    ycbcr = color.network_pixels(tf.constant(grey_photo), 3)
    np.testing.assert_allclose(ycbcr[..., 1:], color.NEUTRAL_CHROMA, atol=1e-6)
    np.testing.assert_array_equal(color.codec_pixels(ycbcr[..., :1]), grey_photo)


@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_a_network_of_luma_reads_the_luma_of_both_kinds(fixture, request):
    picture = request.getfixturevalue(fixture)
    luma = color.network_pixels(tf.constant(picture), 1)
    np.testing.assert_array_equal(luma, color.network_pixels(tf.constant(picture), 3)[..., :1])


def test_channels_may_be_unknown_when_tracing(photo, grey_photo):
    signature = [tf.TensorSpec([None, None, None], tf.uint8)]
    traced = tf.function(lambda x: color.network_pixels(x, 3), input_signature=signature)
    for picture in (photo, grey_photo):
        expected = color.network_pixels(tf.constant(picture), 3)
        np.testing.assert_allclose(traced(picture), expected, atol=1e-6)


def test_colours_outside_the_gamut_are_clipped():
    np.testing.assert_array_equal(
        color.codec_pixels(tf.constant([[1.0, color.NEUTRAL_CHROMA, 1.0]])), [[255, 164, 255]]
    )
