"""What a compact file is to reach, by which measure, and how much work that may take."""

import dataclasses
import math

__all__ = ["CHROMA", "EFFORTS", "METRICS", "TARGETS", "Target"]

#: What a target may name, with the range of its value.
TARGETS = {
    "quality": (1, 100),
    "ssimulacra2": (-100.0, 100.0),
    "psnr": (0.0, 100.0),
    "max_bytes": (1, math.inf),
    "bits_per_pixel": (1e-6, math.inf),
}
#: Measures of what a picture is worth, the default first; `judges` has them by these names.
METRICS = ("ssimulacra2", "psnr")
#: How hard to search; see `rate_control`.
EFFORTS = (1, 2, 3)
#: How chroma is sampled: as the picture asks for, at half the height and width, or at full.
CHROMA = ("auto", "420", "444")


@dataclasses.dataclass(frozen=True)
class Target:
    """What a compact file is to reach.

    Attributes:
        kind: "quality": at least the score of plain JPEG (libjpeg-turbo, optimised Huffman tables,
            4:2:0), or of the codec's reference encoder, at this quality, in the fewest bytes; by
            SSIMULACRA2 at least its structural similarity as well, see `goal`;
            "ssimulacra2", "psnr": at least this score of the restored picture, in the fewest bytes;
            "max_bytes", "bits_per_pixel": the best score in at most so many bytes of the
            whole file, or bits per pixel of the original.
        value: the number.
        metric: what gives scores, one of `METRICS`; the kinds "ssimulacra2" and "psnr" are judged
            by themselves, whatever it says.

    Raises:
        ValueError: the kind or the metric is none of these, or the value out of its range.
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
        """Bytes of the file at most, where the target limits them.

        Args:
            num_pixels: of the original.
        """
        if self.kind == "bits_per_pixel":
            return int(self.value * num_pixels / 8)
        return int(self.value) if self.kind == "max_bytes" else None
