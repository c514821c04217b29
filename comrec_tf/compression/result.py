"""What compressing a picture returns."""

import dataclasses

from comrec_tf.compact_file.container import Header

__all__ = ["PLAIN_SCALE", "CompactFile"]

#: Scale of a file that the codec made alone, without a pair.
PLAIN_SCALE = 0


@dataclasses.dataclass(frozen=True)
class CompactFile:
    """A compact file, and how it was made.

    Attributes:
        content: the bytes of the file.
        header: what it says about itself.
        scale: of the pair that made it; `PLAIN_SCALE` for the codec alone.
        quality: of the codec.
        score: of the restored picture by the target's metric, decibels or points; None if no score
            was needed.
        met: whether the target was reached.
    """

    content: bytes
    header: Header
    scale: int
    quality: float
    score: float | None = None
    met: bool = True
