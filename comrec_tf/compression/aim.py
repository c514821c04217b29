"""Finds the quality at which a way reaches a goal, by looking at it once or twice."""

import dataclasses
import math

from comrec_tf.compression.fit import Prediction
from comrec_tf.compression.goal import Goal
from comrec_tf.compression.scene import Look, Scene
from comrec_tf.compression.ways import Way, place, quality_at

__all__ = ["BYTES_SLOPE", "Aim", "find"]

#: How much the logarithm of bytes grows with `place`, for photos.
BYTES_SLOPE = 0.6
#: If a look misses the goal by no more than this distance of `place`, no further look is needed;
#: the second number is for ways with a draft.
_NEAR, _NEAR_BY_DRAFT = 0.25, 0.5
#: The most guesses by the draft, and the distance of `place` at which the slope does without one.
_GUESSES, _CLOSE = 2, 0.09
#: A way is given up if it is expected to take so many times the bytes of the best.
_HOPELESS = 1.03
#: The same after a first, rough look.
_HOPELESS_AT_FIRST = 1.1
#: Two looks closer than this distance of `place` say nothing about the slope.
_NEIGHBOURS = 0.1
#: Bounds of the slope between two looks, in multiples of the usual one.
_FLATTEST, _STEEPEST = 1 / 3, 3
#: The most looks at a way, beside a rough one.
_LOOKS = 3
#: The score is promised for each picture, so a part of it must exceed the goal by so many standard
#: deviations of the part's error; structure is promised in the mean only.
_SPARE = 1.0


@dataclasses.dataclass(frozen=True)
class Aim:
    """A way and a quality, and what is expected of it.

    Attributes:
        way, quality: how the file is to be made.
        score: of the restored picture.
        num_bytes: of the file of the part that is looked at.
        met: whether the goal is reached.
    """

    way: Way
    quality: float
    score: float
    num_bytes: float
    met: bool = True


def find(
    scene: Scene,
    way: Way,
    prediction: Prediction,
    goal: Goal,
    beside: Look,
    effort: int,
    best_bytes: float,
) -> Aim | None:
    """Find where a way reaches a goal.

    Args:
        scene: what is looked at.
        way: how.
        prediction: what is expected of the way.
        goal: to reach.
        beside: plain JPEG that is about as good.
        effort: 1 to trust the prediction if it comes from a fit; 2 to look.
        best_bytes: of the best way so far.

    Returns:
        The quality; None if the way takes more bytes than the best.
    """
    wanted = prediction.place
    if effort == 1 and math.isfinite(prediction.bytes_error):
        num_bytes = beside.num_bytes * math.exp(prediction.bytes)
        quality = quality_at(way.qualities, wanted)
        return Aim(way, quality, beside.score, num_bytes, goal.score <= prediction.top)
    # The looks, and what the draft says about qualities near the last one.
    looks: list[_Worth] = []
    tried: list[float] = []
    # A first look without a draft is seldom near, so that half of it will do.
    rough = way.draft is None
    while True:
        quality = quality_at(way.qualities, wanted)
        if quality in tried:
            break
        looked = scene.look(way, quality, beside.quality, rough=rough)
        rough = False
        if looked.gain is None:
            looks.append(_Worth.of(looked, goal, prediction))
        else:
            looks = _by_draft(scene, way, looked, goal, prediction)
        nearest, missed, _ = _nearest(looks, goal.score, prediction.slope)
        wanted = place(nearest.quality) + missed
        hopeless = _HOPELESS_AT_FIRST if looked.rough else _HOPELESS
        if nearest.num_bytes * math.exp(BYTES_SLOPE * missed) > hopeless * best_bytes:
            return None
        near = _NEAR if looked.gain is None else _NEAR_BY_DRAFT
        at_the_end = nearest.quality == way.qualities[-1] and missed > 0
        if at_the_end:
            break
        if looked.rough:
            looks = []
            continue
        tried.append(quality)
        if abs(wanted - place(quality)) <= near or len(tried) == _LOOKS:
            break
    # Curves are steeper below than between two looks above.
    all_above = all(look.worth >= goal.score for look in looks)
    flattest = 1.0 if all_above else _FLATTEST
    nearest, missed, slopes = _nearest(looks, goal.score, prediction.slope, flattest)
    quality = quality_at(way.qualities, place(nearest.quality) + missed)
    moved = place(quality) - place(nearest.quality)
    num_bytes = len(way.sketch(scene.picture, quality).content)
    reached = min(
        worth + slope * moved for worth, slope in zip(nearest.worths, slopes, strict=True)
    )
    met = reached + nearest.spare >= goal.score - 1e-9
    return Aim(way, quality, nearest.score + slopes[0] * moved, num_bytes, met)


@dataclasses.dataclass(frozen=True)
class _Worth:
    """A look, compared with a goal.

    Attributes:
        quality, num_bytes: of the look.
        score: expected of the whole picture.
        worths: `Goal.worths` of that, less the `spare`.
        spare: points by which a part must exceed the goal.
    """

    quality: float
    num_bytes: int
    score: float
    worths: tuple[float, float]
    spare: float

    @property
    def worth(self) -> float:
        """The smaller one, which decides."""
        return min(self.worths)

    @classmethod
    def of(cls, look: Look, goal: Goal, prediction: Prediction) -> "_Worth":
        """Correct a look at a part: take off its usual error, and the spare."""
        score, structure, spare = look.score, look.structure, 0.0
        if look.sampled:
            spare = _SPARE * prediction.part_error
            score -= prediction.part[0]
            if structure is not None:
                structure -= prediction.part[1]
        worths = goal.worths(score - spare, structure)
        return cls(look.quality, look.num_bytes, score, worths, spare)


def _by_draft(
    scene: Scene, way: Way, looked: Look, goal: Goal, prediction: Prediction
) -> list[_Worth]:
    """Follow the way's draft from a look towards the goal: the look, and estimates near it."""
    worths = [_Worth.of(looked, goal, prediction)]
    while len(worths) <= _GUESSES:
        nearest, missed, _ = _nearest(worths, goal.score, prediction.slope)
        quality = quality_at(way.qualities, place(nearest.quality) + missed)
        if abs(missed) <= _CLOSE or any(worth.quality == quality for worth in worths):
            break
        worths.append(_Worth.of(scene.expect(way, quality, looked), goal, prediction))
    return worths


def _nearest(
    looks: list[_Worth], goal: float, usual: float, flattest: float = _FLATTEST
) -> tuple[_Worth, float, list[float]]:
    """The look nearest to the goal, the distance of `place` from there to the goal, and slopes.

    Score and structure have slopes of their own, `flattest` times the usual one at least; the one
    that is further from the goal tells the distance.
    """
    nearest, *others = sorted(looks, key=lambda look: abs(look.worth - goal))
    # A look beyond the goal says more than one on the same side of it.
    others.sort(key=lambda look: (look.worth >= goal) == (nearest.worth >= goal))
    slopes = [usual, usual]
    for other in others:
        distance = place(other.quality) - place(nearest.quality)
        # Tables hold whole numbers, so neighbours may be equal or differ by much.
        if abs(distance) >= _NEIGHBOURS:
            pairs = zip(other.worths, nearest.worths, strict=True)
            slopes = [max((there - here) / distance, flattest * usual) for there, here in pairs]
            break
    if nearest.worth < goal:
        # Too steep a slope would end below the goal; above it, too flat a one.
        slopes = [min(slope, _STEEPEST * usual) for slope in slopes]
    missed = max(
        (goal - worth) / slope for worth, slope in zip(nearest.worths, slopes, strict=True)
    )
    return nearest, missed, slopes
