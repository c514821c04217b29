"""The contract of a standard codec between the two networks."""

import abc
import functools
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from comrec_tf.compact_file import container

__all__ = ["Codec", "check_chroma_subsampling", "log_of_step", "round_step"]

_MIDDLE_STEP = 16.0


class Codec(abc.ABC):
    """A lossy codec of 8-bit grey or RGB pictures, with a quality.

    Subclasses implement the three methods on one picture; the methods on a batch are made of
    them. A codec whose methods are TensorFlow operations has `traceable = True` and works inside
    `tf.function` and in an exported model; any other works in eager mode and in `tf.data` alone.

    Rates are counted whole: every byte of a bitstream, headers included.
    """

    #: Short name used in files and on the command line.
    name: str
    #: The accepted qualities, worst first, in even steps.
    qualities: Sequence[float]
    #: Whether the methods can be traced into a graph.
    traceable: bool
    #: Ending of its files.
    suffix: str
    #: Largest height or width in pixels.
    max_size: int

    @abc.abstractmethod
    def encode_picture(self, picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Encode one picture.

        Args:
            picture: uint8 (H, W, 1 or 3), grey or RGB.
            quality: scalar tensor or number, in `qualities`; whole ones are int32.

        Returns:
            The bitstream, string ().

        Raises:
            ValueError: a quality known when called is outside `qualities`. One known only when
                a graph runs raises `tf.errors.InvalidArgumentError`.
        """

    @abc.abstractmethod
    def decode_picture(self, bitstream: tf.Tensor, channels: int = 0) -> tf.Tensor:
        """Decode one bitstream.

        Args:
            bitstream: string ().
            channels: 1 for grey, 3 for RGB, 0 for what the bitstream holds.

        Returns:
            uint8 (H, W, 1 or 3).

        Raises:
            tf.errors.InvalidArgumentError: the bytes are not a bitstream of this codec.
        """

    @abc.abstractmethod
    def picture_shape(self, bitstream: tf.Tensor) -> tf.Tensor:
        """Read a picture's shape without decoding it, to refuse it before memory is spent.

        Args:
            bitstream: string ().

        Returns:
            int32 (3,): height, width, channels.

        Raises:
            tf.errors.InvalidArgumentError: the bytes are not a bitstream of this codec.
        """

    @abc.abstractmethod
    def step(self, quality: tf.Tensor) -> tf.Tensor:
        """Quantiser step of the lowest frequencies of luma.

        Args:
            quality: tensor of any shape, in `qualities`.

        Returns:
            float32 of the same shape, in grey levels, a multiple of 1/64 as compact files hold it;
            larger where coding is coarser.
        """

    @functools.cached_property
    def steps(self) -> dict[float, float]:
        """`step` of each quality, for use outside graphs, computed once."""
        qualities = list(self.qualities)
        return dict(zip(qualities, self.step(tf.constant(qualities)).numpy().tolist(), strict=True))

    def log_step(self, quality: tf.Tensor) -> tf.Tensor:
        """What networks are told of a quality: `log_of_step` of its step.

        Args:
            quality: as in `step`.

        Returns:
            float32 of the same shape.
        """
        return log_of_step(self.step(quality))

    def stand_in(self) -> Any:
        """Return differentiable arithmetic in this codec's place, for joint training.

        Returns:
            An object with the method `round_trip` of `DifferentiableJpeg`.

        Raises:
            ValueError: this codec has none.
        """
        raise ValueError(
            f"joint training needs a codec that gradients pass through, which {self.name} is not; "
            'train with objective="alternate", or with jpeg'
        )

    def encode(self, pictures: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Encode a batch.

        Args:
            pictures: uint8 (N, H, W, 1 or 3).
            quality: int32 () for all pictures or (N,), in `qualities`.

        Returns:
            Bitstreams, string (N,).

        Raises:
            ValueError: as `encode_picture`.
        """
        qualities = tf.broadcast_to(tf.cast(quality, tf.int32), tf.shape(pictures)[:1])
        return tf.map_fn(
            lambda item: self.encode_picture(*item),
            (pictures, qualities),
            fn_output_signature=tf.TensorSpec([], tf.string),
        )

    def decode(self, bitstreams: tf.Tensor, channels: int = 0) -> tf.Tensor:
        """Decode a batch of bitstreams that hold pictures of one size.

        Args:
            bitstreams: string (N,).
            channels: as in `decode_picture`.

        Returns:
            uint8 (N, H, W, 1 or 3).

        Raises:
            tf.errors.InvalidArgumentError: bad bytes, or pictures of different sizes.
        """
        return tf.map_fn(
            lambda bitstream: self.decode_picture(bitstream, channels),
            bitstreams,
            fn_output_signature=tf.TensorSpec([None, None, channels or None], tf.uint8),
        )

    def round_trip(self, picture: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Encode and decode one picture.

        Args:
            picture: uint8 (H, W, 1 or 3).
            quality: int32 scalar.

        Returns:
            The decoded picture, uint8 of the same shape, and the bytes of its bitstream, int32 ().
        """
        bitstream = self.encode_picture(picture, quality)
        decoded = self.decode_picture(bitstream, picture.shape[-1] or 0)
        return tf.ensure_shape(decoded, picture.shape), tf.strings.length(bitstream)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments, so that a model that holds a codec can be saved."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> "Codec":
        """Make a codec of what `get_config` returned."""
        return cls(**config)

    def usual(self) -> "Codec":
        """Return the encoder that people mean when they name this format and a quality.

        Returns:
            This codec, or for another encoder of the same format the usual one. Files of both are
            read by the same decoder.
        """
        return self

    def in_graphs(self) -> "Codec":
        """Return what stands for this codec in an exported model, which holds no Python.

        Returns:
            This codec, or the usual encoder of the same format.

        Raises:
            ValueError: neither is made of TensorFlow operations.
        """
        for codec in (self, self.usual()):
            if codec.traceable:
                return codec
        raise ValueError(
            f"a model for serving is made of TensorFlow operations alone, and {self.name} has "
            "none: export a preset whose codec is jpeg, or use comrec_tf.Compressor. "
            f"Received: codec={self.name}"
        )

    def check_quality(self, quality: Any) -> float | None:
        """Return `quality` as a number if it is known now, None if only a running graph knows it.

        Whole ones are returned as int.

        Raises:
            ValueError: it is known and outside `qualities`.
        """
        known = tf.get_static_value(tf.convert_to_tensor(quality))
        if known is None:
            return None
        if known.shape != () or known.item() not in self.qualities:
            low, second, *_, high = self.qualities
            raise ValueError(
                f"{self.name} expects a quality in steps of {second - low:g} "
                f"from {low:g} to {high:g}. Received: quality={known}"
            )
        number = known.item()
        return int(number) if number == int(number) else number


def log_of_step(step: tf.Tensor) -> tf.Tensor:
    """Take the natural logarithm of a quantiser step, which tells networks how coarse coding is.

    Args:
        step: float32 of any shape, in grey levels.

    Returns:
        float32 of the same shape, zero at a step of 16 grey levels (JPEG quality 50).
    """
    return tf.math.log(step / _MIDDLE_STEP)


def round_step(step: np.ndarray) -> np.ndarray:
    """Round a step to 1/64 grey level, the unit of compact files.

    Args:
        step: float of any shape.

    Returns:
        float of the same shape.
    """
    return np.rint(np.asarray(step) * container.STEP_UNITS) / container.STEP_UNITS


def check_chroma_subsampling(chroma_subsampling: str) -> None:
    """Raise `ValueError` for anything but the two samplings that codecs here know."""
    if chroma_subsampling not in ("4:2:0", "4:4:4"):
        raise ValueError(
            'chroma_subsampling must be "4:2:0" or "4:4:4". '
            f"Received: chroma_subsampling={chroma_subsampling!r}"
        )
