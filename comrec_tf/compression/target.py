"""Targets: what a compact file should reach, by which metric, with how much work."""

import dataclasses
import math

__all__ = ["CHROMA", "EFFORTS", "METRICS", "TARGETS", "Target", "check_effort"]

#: The kinds of targets, with the range of their values.
TARGETS = {
    "quality": (1, 100),
    "ssimulacra2": (-100.0, 100.0),
    "psnr": (0.0, 100.0),
    "max_bytes": (1, math.inf),
    "bits_per_pixel": (1e-6, math.inf),
}
#: Metrics of how good a picture is, the default first; `judges` knows them by these names.
METRICS = ("ssimulacra2", "psnr")
#: How hard to search, see `rate_control`, and to restore, see `PictureCoder.restore`.
EFFORTS = (1, 2, 3)
#: How chroma is sampled: as suits the picture, at half the height and width, or at full size.
CHROMA = ("auto", "420", "444")


def check_effort(effort: int) -> None:
    """Raise `ValueError` for an effort that is not one of `EFFORTS`."""
    if effort not in EFFORTS:
        raise ValueError(f"effort must be one of {EFFORTS}. Received: {effort}")


@dataclasses.dataclass(frozen=True)
class Target:
    """What a compact file should reach.

    Attributes:
        kind: "quality": at least the score of plain JPEG (libjpeg-turbo, optimised Huffman tables,
            4:2:0), or of the codec's reference encoder, at this quality, in the fewest bytes; by
            SSIMULACRA2 at least its structural similarity as well, see `goal`;
            "ssimulacra2", "psnr": at least this score of the restored picture, in the fewest bytes;
            "max_bytes", "bits_per_pixel": the best score in at most so many bytes of the
            whole file, or bits per pixel of the original.
        value: the number.
        metric: what gives scores, one of `METRICS`; ignored for the kinds "ssimulacra2" and "psnr",
            which are metrics themselves.

    Raises:
        ValueError: the kind or the metric is unknown, or the value out of its range.
    """

    kind: str
    value: float
    metric: str = METRICS[0]

    def __post_init__(self) -> None:
        if self.kind not in TARGETS:
            raise ValueError(f"a target is one of {', '.join(TARGETS)}. Received: {self.kind}")
        low, high = TARGETS[self.kind]
        if not low <= self.value <= high:
            limit = f"from {low:g} to {high:g}" if high < math.inf else "positive"
            raise ValueError(f"{self.kind} must be {limit}. Received: {self.value}")
        if self.metric not in METRICS:
            raise ValueError(f"metric must be one of {', '.join(METRICS)}. Received: {self.metric}")

    @property
    def judged_by(self) -> str:
        """The metric that decides."""
        return self.kind if self.kind in METRICS else self.metric

    def max_bytes(self, num_pixels: int) -> int | None:
        """Compute how many bytes a file may have.

        Args:
            num_pixels: of the original.

        Returns:
            The limit; None if the target does not limit bytes.
        """
        if self.kind == "bits_per_pixel":
            return int(self.value * num_pixels / 8)
        return int(self.value) if self.kind == "max_bytes" else None
