"""uint8 pixels of files and codecs <-> float32 pixels in [0, 1] inside the networks."""

import tensorflow as tf

__all__ = ["from_float", "to_float"]


def to_float(pixels: tf.Tensor) -> tf.Tensor:
    """Scale 8-bit pixels to [0, 1].

    Args:
        pixels: uint8, any shape, 0 to 255.

    Returns:
        float32 of the same shape, in [0, 1].
    """
    return tf.cast(pixels, tf.float32) / 255.0


def from_float(pixels: tf.Tensor) -> tf.Tensor:
    """Saturate and round real-valued pixels to 8 bits.

    The cast to float32 comes first: under mixed precision half a grey level near 255 is
    smaller than the spacing of float16, let alone bfloat16.

    Args:
        pixels: floating point, any shape, nominally in [0, 1]; values outside are clipped.

    Returns:
        uint8 of the same shape, 0 to 255, rounded half to even.
    """
    scaled = tf.cast(pixels, tf.float32) * 255.0
    return tf.cast(tf.round(tf.clip_by_value(scaled, 0.0, 255.0)), tf.uint8)
