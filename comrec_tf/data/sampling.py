"""What a training example is drawn from, and how many make an epoch."""

import dataclasses
from collections.abc import Sequence

from comrec_tf.codecs import base

__all__ = ["Sampling"]


@dataclasses.dataclass(frozen=True)
class Sampling:
    """How examples are drawn.

    Attributes:
        patch_size: side of a patch in pixels, a multiple of the model's `input_multiple`.
        batch_size: patches in a batch, over all devices that the model trains on.
        steps_per_epoch: batches in an epoch.
        quality: lowest and highest quality of the codec to draw from, or one quality.
        patches_per_picture: patches cut each time a picture is decoded.
        grey_share: share of the patches that lose their colour, 0 to 1, so that one model learns
            both.
        coded: whether examples hold what the codec decodes; the joint objective does not need it.
        codecs: codecs to draw from for each example instead of the model's own, each with its
            weight.
        strict: whether a broken file is an error; it is skipped and logged otherwise.
        seed: seed of all draws.

    Raises:
        ValueError: the range of qualities is empty.
    """

    patch_size: int = 96
    batch_size: int = 16
    steps_per_epoch: int = 100
    quality: int | tuple[int, int] = (5, 80)
    patches_per_picture: int = 16
    grey_share: float = 0.0
    coded: bool = True
    codecs: Sequence[tuple[base.Codec, float]] = ()
    strict: bool = False
    seed: int = 0

    def __post_init__(self) -> None:
        low, high = self.quality_range
        if low > high:
            raise ValueError(
                f"quality must be a range from low to high. Received: quality={self.quality}"
            )

    @property
    def quality_range(self) -> tuple[int, int]:
        """Lowest and highest quality."""
        return (self.quality, self.quality) if isinstance(self.quality, int) else self.quality
