"""Codecs that are plain Python functions: for eager mode and tf.data, not for export."""

import abc
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base

__all__ = ["EagerCodec"]


class EagerCodec(base.Codec):
    """A codec of functions on NumPy arrays and bytes, called through `tf.numpy_function`.

    Such a function lives in the Python process that made the graph: it works in eager mode and in
    `tf.data`, but no exported model can hold it.
    """

    qualities: Sequence[float] = range(1, 101)
    traceable = False

    @abc.abstractmethod
    def encode_array(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode one picture.

        Args:
            picture: uint8 (H, W, 1 or 3).
            quality: in `qualities`; int where it is whole.

        Returns:
            The bitstream.

        Raises:
            ValueError: the encoder refuses the picture.
        """

    @abc.abstractmethod
    def decode_array(self, bitstream: bytes) -> np.ndarray:
        """Decode one bitstream.

        Args:
            bitstream: what `encode_array` returned, or any bytes.

        Returns:
            uint8 (H, W, 1 or 3).

        Raises:
            ValueError: the bytes are not a bitstream of this codec.
        """

    @abc.abstractmethod
    def read_shape(self, bitstream: bytes) -> tuple[int, int, int]:
        """Read height, width and channels without decoding; raises as `decode_array`."""

    def encode_picture(self, picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Encode one picture; see `Codec.encode_picture`."""
        self.check_quality(quality)

        def encode(pixels: np.ndarray, quality: np.ndarray) -> bytes:
            known = self.check_quality(quality)
            assert known is not None  # this function is only called with values
            return self.encode_array(pixels, known)

        return tf.ensure_shape(_call(encode, [picture, quality], tf.string), [])

    def decode_picture(self, bitstream: tf.Tensor, channels: int = 0) -> tf.Tensor:
        """Decode one bitstream; see `Codec.decode_picture`."""

        def decode(content: bytes) -> np.ndarray:
            pixels = self.decode_array(content)
            if channels == 1 and pixels.shape[-1] == 3:
                # A format without grey pictures: the three channels differ by rounding alone.
                return pixels[..., 1:2]
            return np.repeat(pixels, 3, -1) if channels > pixels.shape[-1] else pixels

        decoded = _call(decode, [bitstream], tf.uint8)
        return tf.ensure_shape(decoded, [None, None, channels or None])

    def picture_shape(self, bitstream: tf.Tensor) -> tf.Tensor:
        """Read a picture's shape; see `Codec.picture_shape`."""

        def shape(content: bytes) -> np.ndarray:
            return np.array(self.read_shape(content), np.int32)

        return tf.ensure_shape(_call(shape, [bitstream], tf.int32), [3])


def _call(function: Callable[..., Any], inputs: list[Any], dtype: tf.DType) -> tf.Tensor:
    """Call a Python function now, or when the graph that is being made runs."""
    if not tf.executing_eagerly():
        return tf.numpy_function(function, inputs, dtype)
    try:
        result = function(*(np.asarray(tensor)[()] for tensor in inputs))
    except ValueError as error:
        # What the function's failure is in a graph too.
        raise tf.errors.InvalidArgumentError(None, None, str(error)) from error
    return tf.constant(result, dtype)
