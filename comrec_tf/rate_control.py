"""From a target to a file, by search over real encodes."""

import dataclasses
import math
from collections.abc import Callable, Sequence

__all__ = [
    "TARGETS",
    "Candidate",
    "Choice",
    "Target",
    "choose",
    "largest_quality",
    "smallest_quality",
]

#: What a target may name, with the range of its value.
TARGETS = {
    "quality": (1, 100),
    "max_bytes": (1, math.inf),
    "bits_per_pixel": (1e-6, math.inf),
    "psnr": (0.0, 100.0),
}


#: dB that a search for a PSNR may end above it: worth about a five-hundredth of a file.
_CLOSE_ENOUGH = 0.01


@dataclasses.dataclass(frozen=True)
class Target:
    """What a compact file is to reach.

    Attributes:
        kind: "quality": at least the PSNR of the plain codec at this quality, in the fewest bytes;
            "psnr": at least this PSNR of the restored picture, in the fewest bytes;
            "max_bytes", "bits_per_pixel": the best PSNR in at most so many bytes of the
            whole file, or bits per pixel of the original.
        value: the number.

    Raises:
        ValueError: the kind is none of these, or the value out of its range.
    """

    kind: str
    value: float

    def __post_init__(self) -> None:
        if self.kind not in TARGETS:
            raise ValueError(f"a target is one of {', '.join(TARGETS)}. Received: {self.kind}")
        low, high = TARGETS[self.kind]
        if not low <= self.value <= high:
            limit = f"from {low} to {high}" if high < math.inf else "positive"
            raise ValueError(f"{self.kind} must be {limit}. Received: {self.value}")


@dataclasses.dataclass(frozen=True)
class Candidate:
    """One way to make a file.

    Attributes:
        scale: of the pair of networks; 0 for the plain codec.
        qualities: the encoder's, rising.
        encode: quality -> file.
        psnr: file -> dB of the restored picture.
    """

    scale: int
    qualities: Sequence[float]
    encode: Callable[[float], bytes]
    psnr: Callable[[bytes], float]


@dataclasses.dataclass(frozen=True)
class Choice:
    """What was chosen.

    Attributes:
        content: the file.
        scale: of the pair that made it; 0 for the plain codec.
        quality: of the codec.
        psnr: dB of the restored picture; None where nothing asked for it.
        met: whether the target was reached.
    """

    content: bytes
    scale: int
    quality: float
    psnr: float | None
    met: bool = True


def choose(
    candidates: Sequence[Candidate],
    plain: Candidate,
    target: Target,
    *,
    num_pixels: int,
    allow_plain: bool = True,
) -> Choice:
    """Reach a target in the best of several ways.

    Args:
        candidates: pairs of networks.
        plain: the codec alone, which says what a quality is worth and may be the best way.
        target: what to reach.
        num_pixels: of the original picture.
        allow_plain: whether the codec alone may be chosen.

    Returns:
        The choice. Where no way reaches the target, the nearest, with `met` False.
    """
    ways = [*candidates, plain] if allow_plain else list(candidates)
    if target.kind in ("max_bytes", "bits_per_pixel"):
        limit = target.value * (num_pixels / 8 if target.kind == "bits_per_pixel" else 1)
        return _best_within(ways, int(limit))
    psnr = target.value
    if target.kind == "quality":
        psnr = plain.psnr(plain.encode(target.value))
    return _smallest_reaching(ways, psnr)


def _best_within(ways: Sequence[Candidate], max_bytes: int) -> Choice:
    found = [(way, largest_quality(way.encode, way.qualities, max_bytes)) for way in ways]
    within = [(way, *result) for way, result in found if result is not None]
    if not within:
        smallest = [(way, way.qualities[0], way.encode(way.qualities[0])) for way in ways]
        way, quality, content = min(smallest, key=lambda item: len(item[2]))
        return Choice(content, way.scale, quality, way.psnr(content), met=False)
    choices = [
        Choice(content, way.scale, quality, way.psnr(content)) for way, quality, content in within
    ]
    return max(choices, key=lambda choice: choice.psnr or 0.0)


def _smallest_reaching(ways: Sequence[Candidate], psnr: float) -> Choice:
    best: Choice | None = None
    for way in ways:
        max_bytes = len(best.content) if best is not None and best.met else math.inf
        choice = smallest_quality(way, psnr, max_bytes)
        if choice is None:
            continue
        if best is None or _rank(choice) < _rank(best):
            best = choice
    assert best is not None  # the first way is not limited in its bytes
    return best


def _rank(choice: Choice) -> tuple[bool, float]:
    return (not choice.met, len(choice.content) if choice.met else -(choice.psnr or 0.0))


def largest_quality(
    encode: Callable[[float], bytes], qualities: Sequence[float], max_bytes: int
) -> tuple[float, bytes] | None:
    """Find the largest quality whose file is small enough.

    Args:
        encode: quality -> file; files grow with quality, but for small dips.
        qualities: the candidates, rising.
        max_bytes: size of the file at most.

    Returns:
        The quality and its file, or None where even the first quality's file is larger.
    """
    low, high = 0, len(qualities) - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        content = encode(qualities[middle])
        if len(content) <= max_bytes:
            best = (qualities[middle], content)
            low = middle + 1
        else:
            high = middle - 1
    return best


def smallest_quality(way: Candidate, psnr: float, max_bytes: float = math.inf) -> Choice | None:
    """Find the smallest quality whose file restores well enough.

    Restoring costs most, so the next quality to try is guessed by interpolation between the PSNRs
    that are known, and a quality that is hardly better than asked for ends the search.

    Args:
        way: how to encode, and what a file is worth; PSNR grows with quality, but for small dips.
        psnr: dB to reach.
        max_bytes: give up once it is clear that the file would be larger.

    Returns:
        The choice; the best quality's with `met` False where none reaches `psnr`; None where given
        up.
    """
    below: tuple[int, float] = (-1, math.nan)
    above: tuple[int, float] = (len(way.qualities), math.nan)
    choice = None
    while above[0] - below[0] > 1:
        index = _guess(below, above, psnr)
        quality = way.qualities[index]
        content = way.encode(quality)
        if len(content) > max_bytes:
            # A lower quality may still reach the PSNR in few enough bytes.
            above = (index, math.nan)
            continue
        value = way.psnr(content)
        if value >= psnr:
            above = (index, value)
            choice = Choice(content, way.scale, quality, value)
            if value - psnr < _CLOSE_ENOUGH:
                break
        else:
            below = (index, value)
            best_below = Choice(content, way.scale, quality, value, met=False)
    if choice is None and above[0] == len(way.qualities):
        return best_below
    return choice


def _guess(below: tuple[int, float], above: tuple[int, float], psnr: float) -> int:
    """An index strictly between the two, by interpolation where both PSNRs are known."""
    (low, low_psnr), (high, high_psnr) = below, above
    share = (psnr - low_psnr) / (high_psnr - low_psnr) if high_psnr > low_psnr else 0.5
    if not math.isfinite(share):
        share = 0.5
    # Never nearer to an end than a tenth: a dip must not make the search creep.
    guess = low + (high - low) * min(0.9, max(0.1, share))
    return min(high - 1, max(low + 1, round(guess)))
