"""From a target to a file by looking at whole pictures, as often as necessary."""

import bisect
import dataclasses
import math
from collections.abc import Callable, Sequence

from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.ways import Way, place, quality_at

__all__ = [
    "best_within",
    "largest_quality",
    "smallest",
    "smallest_quality",
    "smallest_reaching",
]

#: A search for a score may end above it by this share of the score's usual growth with `place`.
_CLOSE_ENOUGH = 0.006
#: How much the logarithm of bytes grows with `place`, for photos in JPEG.
_BYTES_SLOPE = 0.6
#: Two files closer than this distance of `place` say nothing about the slope.
_NEIGHBOURS = 0.1

#: Way, file -> the score of the restored picture.
Scores = Callable[[Way, CompactFile], float]


def best_within(ways: Sequence[Way], score: Scores, max_bytes: int) -> CompactFile:
    """Find the best file that is small enough.

    Args:
        ways: to choose from.
        score: gives the score of a file.
        max_bytes: of the file.

    Returns:
        The file with its score; if none is small enough the smallest, with `met` False.
    """
    found = [(way, largest_quality(way.file, way.qualities, max_bytes)) for way in ways]
    within = [(way, file) for way, file in found if file is not None]
    if not within:
        return smallest(ways, score)
    scored = [dataclasses.replace(file, score=score(way, file)) for way, file in within]
    return max(scored, key=lambda file: file.score or 0.0)


def smallest(ways: Sequence[Way], score: Scores | None) -> CompactFile:
    """Make the smallest file, for a limit that cannot be kept.

    Args:
        ways: to choose from.
        score: gives the score of a file; None to leave it out.

    Returns:
        The file, with `met` False.
    """
    files = [(way, way.file(way.qualities[0])) for way in ways]
    way, file = min(files, key=lambda item: len(item[1].content))
    return dataclasses.replace(file, score=score(way, file) if score else None, met=False)


def smallest_reaching(ways: Sequence[Way], score: Scores, goal: float, slope: float) -> CompactFile:
    """Find the smallest file that is good enough.

    Args:
        ways: to choose from.
        score: gives the score of a file.
        goal: score to reach.
        slope: how much scores usually grow with `place`.

    Returns:
        The file with its score; if none is good enough the best, with `met` False.
    """
    best: CompactFile | None = None
    # The codec alone first: decoding costs almost nothing, and its file is a bound for the others.
    for way in sorted(ways, key=lambda way: way.scale):
        max_bytes = len(best.content) - 1 if best is not None and best.met else None
        choice = smallest_quality(way, score, goal, slope, max_bytes)
        if choice is not None and (best is None or _rank(choice) < _rank(best)):
            best = choice
    assert best is not None  # the first way is not limited in its bytes
    return best


def _rank(choice: CompactFile) -> tuple[bool, float]:
    return (not choice.met, len(choice.content) if choice.met else -(choice.score or 0.0))


def largest_quality(
    encode: Callable[[float], CompactFile],
    qualities: Sequence[float],
    max_bytes: int,
    *,
    first: float | None = None,
    close_enough: float = 0.0,
) -> CompactFile | None:
    """Find the largest quality whose file is small enough.

    Args:
        encode: quality -> file; files grow with quality, except for small dips.
        qualities: the candidates, rising.
        max_bytes: size of the file at most.
        first: which quality to try first.
        close_enough: share of the bytes that may be left unused to save encoding.

    Returns:
        The file, or None if even the file of the lowest quality is larger.
    """
    low, high = -1, len(qualities)
    measured: dict[int, float] = {}
    best = None
    goal = math.log(max(1, max_bytes))
    while high - low > 1 and (best is None or math.log(len(best.content)) < goal - close_enough):
        if first is not None and not measured:
            index = qualities.index(first)
        else:
            aim = goal - close_enough / 2
            index = _guess(qualities, low, high, measured, aim, _BYTES_SLOPE)
        file = encode(qualities[index])
        measured[index] = math.log(max(1, len(file.content)))
        if len(file.content) <= max_bytes:
            low = index
            best = file
        else:
            high = index
    return best


def smallest_quality(
    way: Way, score: Scores, goal: float, slope: float, max_bytes: int | None = None
) -> CompactFile | None:
    """Find the smallest quality whose file restores well enough.

    Restoring costs most. So qualities are guessed by interpolation, the search ends at one that is
    hardly better than necessary, and a single file tells whether a limit of bytes can be kept.

    Args:
        way: how to encode.
        score: gives the score of a file; it grows with quality, except for small dips.
        goal: score to reach.
        slope: how much scores usually grow with `place`.
        max_bytes: size of the file at most.

    Returns:
        The file with its score; if none reaches the goal, that of the best quality with `met`
        False; None if none reaches it within `max_bytes`.
    """
    low, high = -1, len(way.qualities)
    close_enough = _CLOSE_ENOUGH * slope
    measured: dict[int, float] = {}
    choice = best_below = None
    if max_bytes is not None:
        largest = largest_quality(way.file, way.qualities, max_bytes)
        if largest is None:
            return None
        value = score(way, largest)
        if value < goal:
            return None
        choice = dataclasses.replace(largest, score=value)
        high = bisect.bisect_left(way.qualities, largest.quality)
        measured[high] = value
    while high - low > 1 and measured.get(high, math.inf) - goal >= close_enough:
        index = _guess(way.qualities, low, high, measured, goal + close_enough / 2, slope)
        file = way.file(way.qualities[index])
        measured[index] = value = score(way, file)
        if value >= goal:
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

    It is where the line through the two nearest measurements reaches the goal; with one
    measurement, the line with the usual slope.
    """
    # So that dips and bends cannot make the search creep, every fifth guess halves what is left.
    if not measured or len(measured) % 5 == 4:
        return (low + high) // 2
    nearest = sorted(measured, key=lambda index: abs(measured[index] - goal))
    value, here = measured[nearest[0]], place(qualities[nearest[0]])
    for other in nearest[1:]:
        distance = place(qualities[other]) - here
        # Tables hold whole numbers, so neighbours may be equal or differ by much.
        if abs(distance) > _NEIGHBOURS:
            slope = (measured[other] - value) / distance
            break
    if not slope > 0:
        return (low + high) // 2
    guess = qualities.index(quality_at(qualities, here + (goal - value) / slope))
    return min(high - 1, max(low + 1, guess))
