"""Ways to make a file of a picture, and the scale on which their qualities are searched."""

import bisect
import dataclasses
import math
from collections.abc import Callable, Sequence

import numpy as np

from comrec_tf.compression.result import CompactFile

__all__ = ["Way", "place", "quality_at"]

#: A little above the best quality.
_END = 101.0


@dataclasses.dataclass(frozen=True)
class Way:
    """One way to make a file of one picture: a pair of networks, or the codec alone.

    Attributes:
        name: its name in a preset's fit: the scale of the pair, "0" for the codec alone,
            "reference" for the reference encoder.
        scale: of the pair; `PLAIN_SCALE` for the codec alone.
        qualities: the encoder's, rising, of 1 to 100.
        file: quality -> the picture's file, metadata included.
        sketch: picture, quality -> file of another picture, without metadata.
        restore: file -> picture.
        restore_tiles: file, upper left corners, side -> tiles of the restored picture, uint8
            (side, side, C); what lies beyond the picture has no meaning. None if restoring costs so
            little that tiles are not needed.
        draft: file -> the decoded picture at full size, which RecCNN starts from. None at half
            size, where it is not similar enough to the restored picture.
    """

    name: str
    scale: int
    qualities: Sequence[float]
    file: Callable[[float], CompactFile]
    sketch: Callable[[np.ndarray, float], CompactFile]
    restore: Callable[[CompactFile], np.ndarray]
    restore_tiles: Callable[[CompactFile, list[tuple[int, int]], int], list[np.ndarray]] | None
    draft: Callable[[CompactFile], np.ndarray] | None = None


def place(quality: float) -> float:
    """Map a quality to a scale on which scores and the logarithm of bytes grow about evenly.

    Args:
        quality: 1 to 100.

    Returns:
        -4.6 to 4.6, the place of the quality.
    """
    return math.log(quality / (_END - quality))


def quality_at(qualities: Sequence[float], wanted: float) -> float:
    """Find the smallest quality whose `place` is not below a wanted one.

    Args:
        qualities: the encoder's, rising.
        wanted: a place.

    Returns:
        The quality; the best one if none is high enough.
    """
    growth = math.exp(min(50.0, wanted))
    index = bisect.bisect_left(qualities, _END * growth / (1.0 + growth) - 1e-9)
    return qualities[min(index, len(qualities) - 1)]
