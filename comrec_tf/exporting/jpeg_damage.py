"""Damage that the tables of a JPEG do not describe, found in TensorFlow operations.

Twin of `compression.jpeg_damage`, which says what is measured and why.
"""

import math

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import quantization
from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.compression import jpeg_damage
from comrec_tf.images.color import RGB_TO_YCBCR

__all__ = ["earlier_quality", "is_drawn", "is_pattern", "luma_coefficients"]

_LIMITS = jpeg_damage.thresholds()


def luma_coefficients(picture: tf.Tensor) -> tf.Tensor:
    """Transform blocks of luma, at most 8,192 of them, in rows that are spread evenly.

    Args:
        picture: uint8 (H, W, 1 or 3), the channels known when tracing.

    Returns:
        float32 (N, 64), rows of vertical frequency; empty for pictures of less than a block.
    """
    channels = picture.shape[-1]
    shape = tf.shape(picture)
    rows, columns = shape[0] // BLOCK, shape[1] // BLOCK
    every = tf.maximum(1, -(-rows * columns // _LIMITS["max_blocks"]))
    chosen = picture[: rows * BLOCK, : columns * BLOCK]
    chosen = tf.reshape(chosen, [rows, BLOCK, columns * BLOCK, channels])[::every]
    chosen = tf.cast(chosen, tf.float32)
    weights = RGB_TO_YCBCR[0].astype(np.float32) if channels == 3 else np.ones(1, np.float32)
    luma = tf.tensordot(chosen, tf.constant(weights), 1) - 128.0
    blocks = tf.reshape(luma, [-1, BLOCK, columns, BLOCK])
    blocks = tf.reshape(tf.transpose(blocks, [0, 2, 1, 3]), [-1, BLOCK * BLOCK])
    return tf.matmul(blocks, tf.constant(DCT), transpose_b=True)


def earlier_quality(coefficients: tf.Tensor, table: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    """Find the quality of an earlier, coarser compression with the same grid of blocks.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.
        table: int32 (64,), steps of luma of the file.
        quality: int32 (), what they are like.

    Returns:
        int32 (), libjpeg's quality, below `quality`; 0 for none.
    """
    low = tf.abs(tf.gather(coefficients, _LIMITS["low"], axis=1))
    finest = _LIMITS["coarser"] * tf.cast(tf.gather(table, _LIMITS["low"]), tf.float32)
    standard = quantization.standard_tables(np.arange(1, 101))[:, 0].reshape(100, -1)
    candidates = tf.constant(standard[:, _LIMITS["low"]], tf.float32)

    def clearness(candidate: tf.Tensor) -> tf.Tensor:
        steps = candidates[candidate - 1]
        scaled = tf.boolean_mask(low, steps >= finest, axis=1) / steps[steps >= finest]
        scaled = scaled[scaled > _LIMITS["smallest"]]
        mean = tf.reduce_mean(tf.cos(2 * math.pi * scaled))
        # The mean of too few says nothing; the mean of none is not a number.
        return tf.where(tf.size(scaled) >= _LIMITS["enough"], mean, -1.0)

    # One at a time: all candidates together would take more memory than the picture.
    found = tf.map_fn(
        clearness,
        tf.range(1, quality),
        fn_output_signature=tf.TensorSpec([], tf.float32),
        parallel_iterations=1,
    )
    clearest = tf.reduce_max(tf.concat([found, [-1.0]], 0))
    near = tf.cast(found >= _LIMITS["as_clear"] * clearest, tf.int32)
    # `argmax` gives the first of equal values; the appended one makes sure that there is one.
    first = tf.argmax(tf.concat([near, [1]], 0), output_type=tf.int32) + 1
    return tf.where(clearest >= _LIMITS["clear"], first, 0)


def is_pattern(coefficients: tf.Tensor) -> tf.Tensor:
    """Tell whether a picture is a pattern of high frequencies all over.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.

    Returns:
        bool (); False for pictures of less than a block.
    """
    high = _energy(tf.gather(coefficients, _LIMITS["high"], axis=1))
    return _quantile(high, _LIMITS["calmest"]) > _LIMITS["max_calm"]


def is_drawn(coefficients: tf.Tensor) -> tf.Tensor:
    """Tell whether a picture is text, a screen or a drawing, and no photo.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.

    Returns:
        bool (); False for pictures of less than a block.
    """
    blocks = tf.boolean_mask(coefficients, _energy(coefficients[:, 1:]) > _LIMITS["flat"])
    high = _energy(tf.gather(blocks, _LIMITS["high"], axis=1))
    return _quantile(high, _LIMITS["busiest"]) > _LIMITS["max_busy"]


def _energy(coefficients: tf.Tensor) -> tf.Tensor:
    """Root mean square of each block."""
    return tf.sqrt(tf.reduce_mean(tf.square(coefficients), 1))


def _quantile(values: tf.Tensor, share: float) -> tf.Tensor:
    """`np.quantile`, linear between two values; 0 for no values."""
    ordered = tf.sort(tf.concat([values, tf.zeros([tf.cast(tf.size(values) == 0, tf.int32)])], 0))
    last = tf.size(ordered) - 1
    place = share * tf.cast(last, tf.float32)
    below = tf.cast(tf.floor(place), tf.int32)
    pair = tf.gather(ordered, tf.stack([below, tf.minimum(below + 1, last)]))
    return pair[0] + (place - tf.floor(place)) * (pair[1] - pair[0])
