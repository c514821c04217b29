"""RGB <-> full-range BT.601 YCbCr in TensorFlow operations: the twin of `images.color`.

Everything the networks see is YCbCr (three channels) or luma alone (one channel); everything
that a file or a codec sees is RGB or grey.
"""

import tensorflow as tf

from comrec_tf.graph import pixels
from comrec_tf.images.color import NEUTRAL_CHROMA, OFFSET, RGB_TO_YCBCR, YCBCR_TO_RGB

__all__ = [
    "NEUTRAL_CHROMA",
    "codec_pixels",
    "network_pixels",
    "rgb_to_ycbcr",
    "ycbcr_to_rgb",
]


def rgb_to_ycbcr(rgb: tf.Tensor) -> tf.Tensor:
    """Convert RGB to YCbCr.

    Args:
        rgb: float (..., 3), in [0, 1].

    Returns:
        float (..., 3) of the same dtype; luma in [0, 1], chroma around `NEUTRAL_CHROMA`.
    """
    matrix = tf.constant(RGB_TO_YCBCR.T, rgb.dtype)
    return tf.tensordot(rgb, matrix, 1) + tf.constant(OFFSET, rgb.dtype)


def ycbcr_to_rgb(ycbcr: tf.Tensor) -> tf.Tensor:
    """Invert `rgb_to_ycbcr`; not clipped, so values may leave [0, 1].

    Args:
        ycbcr: float (..., 3).

    Returns:
        float (..., 3) of the same dtype.
    """
    matrix = tf.constant(YCBCR_TO_RGB.T, ycbcr.dtype)
    return tf.tensordot(ycbcr - tf.constant(OFFSET, ycbcr.dtype), matrix, 1)


def network_pixels(picture: tf.Tensor, channels: int) -> tf.Tensor:
    """Turn 8-bit grey or RGB pixels into what a network with `channels` channels reads.

    Args:
        picture: uint8 (..., 1 or 3), grey or RGB. The last dimension may be unknown in a graph.
        channels: 3 for YCbCr (a grey picture gets neutral chroma), 1 for luma alone.

    Returns:
        float32 (..., channels).
    """
    rgb = pixels.to_float(picture)
    # Grey to three equal channels, whether or not the number of channels is known when tracing.
    repeats = 4 - tf.shape(rgb)[-1]
    rgb = tf.repeat(rgb, repeats, axis=-1) if rgb.shape[-1] != 3 else rgb
    rgb = tf.ensure_shape(rgb[..., :3], [*rgb.shape[:-1], 3])
    return rgb_to_ycbcr(rgb)[..., :channels]


def codec_pixels(ycbcr: tf.Tensor) -> tf.Tensor:
    """Turn network pixels into the 8-bit pixels that a codec or a file takes.

    Args:
        ycbcr: float (..., 3) YCbCr or (..., 1) luma; clipped where it leaves the gamut. The
            number of channels must be known when tracing.

    Returns:
        uint8 (..., 3) RGB or (..., 1) grey.
    """
    ycbcr = tf.cast(ycbcr, tf.float32)
    return pixels.from_float(ycbcr_to_rgb(ycbcr) if ycbcr.shape[-1] == 3 else ycbcr)
