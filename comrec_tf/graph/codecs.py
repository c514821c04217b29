"""A codec in training and exported graphs: its steps, its round trip, its differentiable form."""

import functools

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base, condition
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg

__all__ = ["differentiable", "log_of_step", "log_step", "round_trip", "step", "tables"]


def step(codec: base.Codec, quality: tf.Tensor) -> tf.Tensor:
    """Look quantiser steps up; the twin of `Codec.step`.

    Args:
        codec: the codec.
        quality: tensor of any shape, in the codec's `qualities`.

    Returns:
        float32 of the same shape, in grey levels.
    """
    return tf.gather(tf.constant(_steps(codec)), _index(codec, quality))


def log_step(codec: base.Codec, quality: tf.Tensor) -> tf.Tensor:
    """Compute what networks are told of a quality: `log_of_step` of its step.

    Args:
        codec, quality: as in `step`.

    Returns:
        float32 of the shape of `quality`.
    """
    return log_of_step(step(codec, quality))


def tables(codec: base.Codec, quality: tf.Tensor, grey: tf.Tensor) -> tf.Tensor:
    """Look up what RecCNN is told besides `log_step`; see `codecs.condition`.

    Args:
        codec, quality: as in `step`.
        grey: bool of the shape of `quality`, whether the picture is grey.

    Returns:
        float32 of the shape of `quality` and (4,).
    """
    known = tf.constant(_tables_of(type(codec), tuple(codec.options().items())))
    places = tf.stack([tf.cast(grey, tf.int32), _index(codec, quality)], -1)
    return tf.gather_nd(known, places)


def log_of_step(steps: tf.Tensor) -> tf.Tensor:
    """Take the natural logarithm of quantiser steps; the twin of `codecs.base.log_of_step`.

    Args:
        steps: float32 of any shape, in grey levels.

    Returns:
        float32 of the same shape, zero at a step of 16 grey levels (JPEG quality 50).
    """
    return tf.math.log(steps / base.MIDDLE_STEP)


def round_trip(codec: base.Codec, picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
    """Encode and decode one picture, in eager mode and in `tf.data`.

    It runs in the Python process that made the graph, so exported models cannot contain it.

    Args:
        codec: the codec.
        picture: uint8 (H, W, 1 or 3).
        quality: scalar, in the codec's `qualities`.

    Returns:
        The decoded picture, uint8 of the same shape.
    """

    def there_and_back(pixels: np.ndarray, number: np.ndarray) -> np.ndarray:
        return codec.decode(codec.encode(pixels, number.item()), pixels.shape[-1])

    decoded = tf.numpy_function(there_and_back, [picture, quality], tf.uint8)
    return tf.ensure_shape(decoded, picture.shape)


def differentiable(codec: base.Codec) -> DifferentiableJpeg:
    """Return differentiable arithmetic that approximates a codec, for joint training.

    Args:
        codec: JPEG with the standard's or with flat tables.

    Returns:
        The arithmetic.

    Raises:
        ValueError: there is none for this codec.
    """
    if isinstance(codec, JpegCodec | FlatJpegCodec):
        return DifferentiableJpeg(codec)
    raise ValueError(
        f"joint training needs a codec that gradients pass through, which {codec.name} is not; "
        'train with objective="alternate", or with jpeg'
    )


def _index(codec: base.Codec, quality: tf.Tensor) -> tf.Tensor:
    """Where a quality stands among the codec's."""
    low, second, *_ = codec.qualities
    index = (tf.cast(quality, tf.float32) - low) / (second - low)
    return tf.cast(tf.round(index), tf.int32)


def _steps(codec: base.Codec) -> np.ndarray:
    return _steps_of(type(codec), tuple(codec.options().items()))


@functools.cache
def _steps_of(kind: type[base.Codec], options: tuple[tuple[str, object], ...]) -> np.ndarray:
    codec = kind(**dict(options))
    return np.array([codec.step(quality) for quality in codec.qualities], np.float32)


@functools.cache
def _tables_of(kind: type[base.Codec], options: tuple[tuple[str, object], ...]) -> np.ndarray:
    """Of colour and of grey pictures, by quality: (2, qualities, 4)."""
    codec = kind(**dict(options))
    rows = [
        [condition.of_codec(codec, quality, grey=grey)[1:] for quality in codec.qualities]
        for grey in (False, True)
    ]
    return np.array(rows, np.float32)
