"""From a target to a file, by search over real encodes."""

import bisect
import dataclasses
import math
from collections.abc import Callable, Sequence

from comrec_tf.compression.result import CompactFile

__all__ = [
    "TARGETS",
    "Candidate",
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


#: dB that a search for a PSNR may end above it: worth about 0.4 % of a file.
_CLOSE_ENOUGH = 0.02
#: Growth of PSNR in dB, and of the logarithm of bytes, with `_place`, as photos have it in JPEG.
_PSNR_SLOPE, _BYTES_SLOPE = 3.5, 0.6
#: Distance of `_place` within which a difference says nothing of the slope.
_NEIGHBOURS = 0.1
#: Beyond the best quality.
_END = 101.0


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
        scale: of the pair of networks; `PLAIN_SCALE` for the plain codec.
        qualities: the encoder's, rising.
        encode: quality -> file.
        psnr: content of a file -> dB of the restored picture.
    """

    scale: int
    qualities: Sequence[float]
    encode: Callable[[float], CompactFile]
    psnr: Callable[[bytes], float]


def choose(
    candidates: Sequence[Candidate],
    plain: Candidate,
    target: Target,
    *,
    num_pixels: int,
    allow_plain: bool = True,
) -> CompactFile:
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
        psnr = plain.psnr(plain.encode(target.value).content)
    return _smallest_reaching(ways, psnr)


def _best_within(ways: Sequence[Candidate], max_bytes: int) -> CompactFile:
    found = [(way, largest_quality(way.encode, way.qualities, max_bytes)) for way in ways]
    within = [(way, file) for way, file in found if file is not None]
    if not within:
        smallest = [(way, way.encode(way.qualities[0])) for way in ways]
        way, file = min(smallest, key=lambda item: len(item[1].content))
        return dataclasses.replace(file, score=way.psnr(file.content), met=False)
    scored = [dataclasses.replace(file, score=way.psnr(file.content)) for way, file in within]
    return max(scored, key=lambda file: file.score or 0.0)


def _smallest_reaching(ways: Sequence[Candidate], psnr: float) -> CompactFile:
    best: CompactFile | None = None
    # The codec alone first: to decode costs next to nothing, and its file bounds the others.
    for way in sorted(ways, key=lambda way: way.scale):
        max_bytes = len(best.content) - 1 if best is not None and best.met else None
        choice = smallest_quality(way, psnr, max_bytes)
        if choice is None:
            continue
        if best is None or _rank(choice) < _rank(best):
            best = choice
    assert best is not None  # the first way is not limited in its bytes
    return best


def _rank(choice: CompactFile) -> tuple[bool, float]:
    return (not choice.met, len(choice.content) if choice.met else -(choice.score or 0.0))


def largest_quality(
    encode: Callable[[float], CompactFile], qualities: Sequence[float], max_bytes: int
) -> CompactFile | None:
    """Find the largest quality whose file is small enough.

    Args:
        encode: quality -> file; files grow with quality, but for small dips.
        qualities: the candidates, rising.
        max_bytes: size of the file at most.

    Returns:
        The file, or None where even the first quality's file is larger.
    """
    low, high = -1, len(qualities)
    measured: dict[int, float] = {}
    best = None
    while high - low > 1:
        index = _guess(qualities, low, high, measured, math.log(max(1, max_bytes)), _BYTES_SLOPE)
        file = encode(qualities[index])
        measured[index] = math.log(max(1, len(file.content)))
        if len(file.content) <= max_bytes:
            low = index
            best = file
        else:
            high = index
    return best


def smallest_quality(
    way: Candidate, psnr: float, max_bytes: int | None = None
) -> CompactFile | None:
    """Find the smallest quality whose file restores well enough.

    Restoring costs most, so qualities are guessed by interpolation, one that is hardly better than
    asked for ends the search, and a single one tells whether a limit of bytes can be kept.

    Args:
        way: how to encode, and what a file is worth; PSNR grows with quality, but for small dips.
        psnr: dB to reach.
        max_bytes: size of the file at most.

    Returns:
        The choice; the best quality's with `met` False where none reaches `psnr`; None where
        none does within `max_bytes`.
    """
    low, high = -1, len(way.qualities)
    measured: dict[int, float] = {}
    choice = best_below = None
    if max_bytes is not None:
        largest = largest_quality(way.encode, way.qualities, max_bytes)
        if largest is None:
            return None
        value = way.psnr(largest.content)
        if value < psnr:
            return None
        choice = dataclasses.replace(largest, score=value)
        high = bisect.bisect_left(way.qualities, largest.quality)
        measured[high] = value
    while high - low > 1 and measured.get(high, math.inf) - psnr >= _CLOSE_ENOUGH:
        index = _guess(way.qualities, low, high, measured, psnr + _CLOSE_ENOUGH / 2, _PSNR_SLOPE)
        file = way.encode(way.qualities[index])
        measured[index] = value = way.psnr(file.content)
        if value >= psnr:
            high = index
            choice = dataclasses.replace(file, score=value)
        else:
            low = index
            best_below = dataclasses.replace(file, score=value, met=False)
    return choice or best_below


def _guess(
    qualities: Sequence[float],
    low: int,
    high: int,
    measured: dict[int, float],
    goal: float,
    slope: float,
) -> int:
    """An index strictly between `low` and `high` where `goal` may be.

    It lies where the line through the two nearest measurements reaches the goal; through the only
    one, with the usual slope.
    """
    # Dips and bends must not make the search creep: every fifth guess halves what is left.
    if not measured or len(measured) % 5 == 4:
        return (low + high) // 2
    nearest = sorted(measured, key=lambda index: abs(measured[index] - goal))
    value, place = measured[nearest[0]], _place(qualities[nearest[0]])
    for other in nearest[1:]:
        distance = _place(qualities[other]) - place
        # Tables are of whole numbers, so neighbours may differ by nothing or by much.
        if abs(distance) > _NEIGHBOURS:
            slope = (measured[other] - value) / distance
            break
    if not slope > 0:
        return (low + high) // 2
    growth = math.exp(min(50.0, place + (goal - value) / slope))
    guess = bisect.bisect_left(qualities, _END * growth / (1.0 + growth))
    return min(high - 1, max(low + 1, guess))


def _place(quality: float) -> float:
    """Where PSNR and the logarithm of bytes grow about evenly with it, at both ends."""
    return math.log(quality / (_END - quality))
