"""The contract of a standard codec between the two networks."""

import abc
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from comrec_tf.compact_file import container

__all__ = ["MIDDLE_STEP", "Codec", "check_chroma_subsampling", "log_of_step", "round_step"]

#: Step in grey levels at which networks are told zero: JPEG's at quality 50.
MIDDLE_STEP = 16.0


class Codec(abc.ABC):
    """A lossy codec of 8-bit grey or RGB pictures, with a quality: arrays to bytes and back.

    Rates are counted whole: every byte of a bitstream, headers included. `comrec_tf.graph.codecs`
    has codecs as TensorFlow operations and as differentiable arithmetic.
    """

    #: Short name used in files and on the command line.
    name: str
    #: The qualities it takes, worst first, in even steps.
    qualities: Sequence[float] = range(1, 101)
    #: Ending of its files.
    suffix: str
    #: Largest height or width in pixels.
    max_size: int

    @abc.abstractmethod
    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture.

        Args:
            picture: uint8 (H, W, 1 or 3), grey or RGB.
            quality: one of `qualities`.

        Returns:
            The bitstream.

        Raises:
            ValueError: the quality is not in `qualities`, or the encoder refuses the picture.
        """

    @abc.abstractmethod
    def decode(self, bitstream: bytes, channels: int = 0) -> np.ndarray:
        """Decode a bitstream.

        Args:
            bitstream: what an encoder of this format made, or any bytes.
            channels: 1 for grey, 3 for RGB, 0 for what the bitstream holds.

        Returns:
            uint8 (H, W, 1 or 3).

        Raises:
            ValueError: the bytes are not a bitstream of this codec, or a damaged one.
        """

    @abc.abstractmethod
    def shape(self, bitstream: bytes) -> tuple[int, int, int]:
        """Read a picture's shape without decoding it, to refuse it before memory is spent.

        Args:
            bitstream: as in `decode`.

        Returns:
            Height, width and channels.

        Raises:
            ValueError: the bytes are not a bitstream of this codec.
        """

    @abc.abstractmethod
    def step(self, quality: float) -> float:
        """Quantiser step of the lowest frequencies of luma.

        Args:
            quality: one of `qualities`.

        Returns:
            Grey levels, a multiple of 1/64 as compact files hold it; larger where coding is
            coarser.
        """

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments, so that cards and saved models can name the codec."""
        return {}

    def reference_encoder(self) -> "Codec":
        """Return the encoder that people mean when they name this format and a quality.

        Returns:
            This codec, or the best known encoder of its format. The same decoder reads the files of
            both.
        """
        return self

    def for_scale(self, scale: int) -> "Codec":
        """Return the encoder of compact pictures of a scale.

        Args:
            scale: how many times smaller than originals they are, 1 or 2; 0 for the codec without
                networks.

        Returns:
            This codec, or one that differs in what decoders need not know.
        """
        return self

    def packs(self, other: "Codec") -> bool:
        """Tell whether this codec's files are those of another one, only smaller.

        Args:
            other: a codec.

        Returns:
            True if the other codec's file can be made from this one's without loss.
        """
        return False

    def check_quality(self, quality: float) -> None:
        """Check a quality.

        Args:
            quality: any number.

        Raises:
            ValueError: it is not in `qualities`.
        """
        if quality not in self.qualities:
            low, second, *_, high = self.qualities
            raise ValueError(
                f"{self.name} expects a quality in steps of {second - low:g} "
                f"from {low:g} to {high:g}. Received: quality={quality!r}"
            )


def log_of_step(step: float) -> float:
    """Take the natural logarithm of a quantiser step, which tells networks how coarse coding is.

    Args:
        step: grey levels, above 0.

    Returns:
        Zero at a step of 16 grey levels (JPEG quality 50).
    """
    return math.log(step / MIDDLE_STEP)


def round_step(step: np.ndarray | float) -> np.ndarray:
    """Round a step to 1/64 grey level, the unit of compact files.

    Args:
        step: float of any shape.

    Returns:
        float of the same shape.
    """
    return np.rint(np.asarray(step) * container.STEP_UNITS) / container.STEP_UNITS


def check_chroma_subsampling(chroma_subsampling: str) -> None:
    """Check the name of a chroma subsampling.

    Args:
        chroma_subsampling: the name.

    Raises:
        ValueError: it is neither "4:2:0" nor "4:4:4".
    """
    if chroma_subsampling not in ("4:2:0", "4:4:4"):
        raise ValueError(
            'chroma_subsampling must be "4:2:0" or "4:4:4". '
            f"Received: chroma_subsampling={chroma_subsampling!r}"
        )
