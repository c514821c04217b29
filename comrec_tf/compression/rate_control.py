"""From a target to a file: which way, at which quality.

Efforts: 1 takes both from the preset's fit and restores nothing; 2 restores a part of the picture,
once or twice for each way that may be the best; 3 restores whole pictures as often as necessary. A
limit of bytes is always checked on real files.
"""

import dataclasses
import math
from collections.abc import Sequence

import numpy as np

from comrec_tf.compression import exhaustive, judges
from comrec_tf.compression.aim import BYTES_SLOPE, Aim, find
from comrec_tf.compression.fit import USUAL_SLOPES, Fit, Prediction
from comrec_tf.compression.goal import Goal
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.scene import Look, Scene
from comrec_tf.compression.target import Target
from comrec_tf.compression.ways import Way, place, quality_at

__all__ = ["Choices", "choose"]

#: A way is not looked at if it is behind by so many standard deviations of the fit.
_DOUBT = 1.3
#: Where structure is asked for, the logarithm of the bytes of the pair at half size over those of
#: the pair at full size is a constant, so many times what halving alone takes of the structure (the
#: logarithm over what plain JPEG takes), and so many times what the fit says. So it was of `comrec`
#: on fifteen training pictures at qualities 20 to 80, but for 0.15.
_HALVING = 0.04, 0.30, 0.52
#: Beyond so much of it, one of the two pairs is not looked at.
_UNSURE = 0.06
#: The search for plain JPEG at a score may end above it by this share of the usual slope.
_CLOSE_ENOUGH = 0.05
#: Share of a limit of bytes that may be left unused by efforts 1 and 2.
_UNUSED = 0.004

#: Score and structure of a file.
_Seen = tuple[float, float | None]


@dataclasses.dataclass(frozen=True)
class Choices:
    """What there is to choose from for one picture.

    Attributes:
        picture: uint8 (H, W, C).
        ways: pairs of networks, and the codec alone if it is not its reference encoder.
        reference: the encoder that people mean by a quality.
        plain: whether files without networks may be chosen.
        fit: the preset's fit.
    """

    picture: np.ndarray
    ways: Sequence[Way]
    reference: Way
    plain: bool
    fit: Fit
    _scenes: dict[str, Scene] = dataclasses.field(default_factory=dict, repr=False)
    _seen: dict[tuple[str, str, bytes], _Seen] = dataclasses.field(default_factory=dict, repr=False)

    def scene(self, metric: str) -> Scene:
        """Make the scene of the picture, once for each metric.

        Args:
            metric: one of `target.METRICS`.

        Returns:
            The scene; it is kept for the next target.
        """
        if metric not in self._scenes:
            self._scenes[metric] = Scene(self.picture, metric, self.reference)
        return self._scenes[metric]

    @property
    def num_pixels(self) -> int:
        """Pixels of the picture."""
        return self.picture.shape[0] * self.picture.shape[1]

    @property
    def allowed(self) -> list[Way]:
        """All ways that may be chosen."""
        return [*self.ways, self.reference] if self.plain else list(self.ways)

    def see(self, metric: str, way: Way, file: CompactFile) -> _Seen:
        """Restore a whole file and judge it, once.

        Args:
            metric: one of `target.METRICS`.
            way: how the file was made.
            file: the file.

        Returns:
            Score and structure of the restored picture.
        """
        key = metric, way.name, file.content
        if key not in self._seen:
            judge = judges.judge(metric, self.picture)
            errors = judge.errors(way.restore(file)).sum((1, 2))
            self._seen[key] = judge.score_of(errors), judge.structure_of(errors)
        return self._seen[key]


def choose(choices: Choices, target: Target, effort: int = 2) -> CompactFile:
    """Reach a target in the best of several ways.

    Args:
        choices: the picture, and how files of it can be made.
        target: what to reach.
        effort: one of `target.EFFORTS`.

    Returns:
        The file. Its score is measured at effort 3, and expected at the others. If no way reaches
        the target, the nearest file, with `met` False.

    Raises:
        TypeError: the target is none.
    """
    if not isinstance(target, Target):
        raise TypeError(f'expected a Target, say Target("quality", 40). Received: {target!r}')
    max_bytes = target.max_bytes(choices.num_pixels)
    if effort == 3:
        return _exhaustive(choices, target, max_bytes)
    scene = choices.scene(target.judged_by)
    if max_bytes is not None:
        return _within(choices, scene, target.judged_by, max_bytes, effort)
    return _reaching(choices, scene, target, effort)


def _exhaustive(choices: Choices, target: Target, max_bytes: int | None) -> CompactFile:
    metric = target.judged_by
    if max_bytes is not None:
        return exhaustive.best_within(
            choices.allowed, lambda way, file: choices.see(metric, way, file)[0], max_bytes
        )
    goal = Goal(target.value)
    if target.kind == "quality":
        reference = choices.reference
        goal = Goal(*choices.see(metric, reference, reference.file(target.value)))

    def worth(way: Way, file: CompactFile) -> float:
        return goal.worth(*choices.see(metric, way, file))

    slope = USUAL_SLOPES[metric]
    file = exhaustive.smallest_reaching(choices.allowed, worth, goal.score, slope)
    way = next(
        way
        for way in choices.allowed
        if file.quality in way.qualities and way.file(file.quality).content == file.content
    )
    return dataclasses.replace(file, score=choices.see(metric, way, file)[0])


def _reaching(choices: Choices, scene: Scene, target: Target, effort: int) -> CompactFile:
    metric, reference = target.judged_by, choices.reference
    usual = USUAL_SLOPES[metric]
    if target.kind == "quality":
        beside = scene.plain(target.value)
        goal = Goal(beside.score, beside.structure)
    else:
        goal = Goal(target.value)
        beside = _plain_reaching(scene, reference, goal.score, usual)
    aims = []
    if choices.plain:
        met = beside.score >= goal.score
        aims.append(Aim(reference, beside.quality, beside.score, beside.num_bytes, met))
    best_bytes = math.inf
    predictions = _predictions(choices, scene, metric, beside)
    halving = _halving(scene, predictions, goal)
    for way, prediction in _likeliest_first(predictions, halving, goal.score):
        if way.restore_tiles is not None and halving is not None:
            passed_over = abs(halving) > _UNSURE
        else:
            least = prediction.bytes - _doubt(way) * prediction.bytes_error
            unlikely = goal.score > prediction.top + _DOUBT * prediction.top_error
            passed_over = beside.num_bytes * math.exp(least) > best_bytes or unlikely
        if passed_over and best_bytes < math.inf:
            continue
        aim = find(scene, way, prediction, goal, beside, effort, best_bytes)
        if aim is not None:
            aims.append(aim)
            best_bytes = min(best_bytes, aim.num_bytes) if aim.met else best_bytes
    best = min(aims, key=lambda aim: (not aim.met, aim.num_bytes if aim.met else -aim.score))
    file = best.way.file(best.quality)
    return dataclasses.replace(file, score=best.score, met=best.met)


def _halving(
    scene: Scene, predictions: Sequence[tuple[Way, Prediction]], goal: Goal
) -> float | None:
    """See `_HALVING`; None where structure is not asked for, or there are no two such pairs."""
    pairs = {way.scale: found for way, found in predictions if way.restore_tiles is not None}
    if goal.structure is None or set(pairs) != {1, 2}:
        return None
    kept = scene.structure_at(2)
    loss = math.log(max(1.0 - kept, 1e-9) / max(1.0 - goal.structure, 1e-9))
    constant, by_loss, by_fit = _HALVING
    return constant + by_loss * loss + by_fit * (pairs[2].bytes - pairs[1].bytes)


def _likeliest_first(
    predictions: Sequence[tuple[Way, Prediction]], halving: float | None, goal: float
) -> list[tuple[Way, Prediction]]:
    def rank(item: tuple[Way, Prediction]) -> tuple[float, float]:
        way, prediction = item
        if halving is not None and way.restore_tiles is not None:
            return float("-inf"), halving * (1 if way.scale == 2 else -1)
        return float(goal > prediction.top), prediction.bytes

    return sorted(predictions, key=rank)


def _doubt(way: Way) -> float:
    """How many standard deviations of the fit to allow a way; none for the codec alone."""
    return 0.0 if way.restore_tiles is None else _DOUBT


def _plain_reaching(scene: Scene, reference: Way, goal: float, usual: float) -> Look:
    """Look at plain JPEG at the quality that reaches a score, or at its best quality."""
    qualities = reference.qualities
    low, high = -1, len(qualities) - 1
    index = qualities.index(quality_at(qualities, 0.0))
    found = None
    # A look at plain JPEG costs little, and sees the whole scene.
    while found is None or high - low > 1:
        look = scene.plain(qualities[index])
        if look.score >= goal or index == len(qualities) - 1:
            high, found = index, look
        else:
            low = index
        step = (goal - look.score) / usual
        guess = qualities.index(quality_at(qualities, place(look.quality) + step))
        index = min(max(guess, low + 1), max(high - 1, low + 1))
        if found is not None and found.score - goal < _CLOSE_ENOUGH * usual:
            break
    return found


def _predictions(
    choices: Choices, scene: Scene, metric: str, beside: Look
) -> list[tuple[Way, Prediction]]:
    rate = 8 * beside.num_bytes / scene.num_pixels
    here = place(beside.quality)
    return [
        (way, choices.fit.predict(metric, way.name, beside.score, rate, here))
        for way in choices.ways
    ]


def _within(
    choices: Choices, scene: Scene, metric: str, max_bytes: int, effort: int
) -> CompactFile:
    reference = choices.reference
    # The limit for the file of the scene that corresponds to the limit for the whole file.
    share = max_bytes * scene.num_pixels / choices.num_pixels

    def sketched(way: Way, limit: float, first: float | None = None) -> CompactFile | None:
        def encode(quality: float) -> CompactFile:
            return way.sketch(scene.picture, quality)

        return exhaustive.largest_quality(
            encode, way.qualities, int(limit), first=first, close_enough=0.02
        )

    plain = sketched(reference, share) or reference.sketch(scene.picture, reference.qualities[0])
    whole = len(reference.file(plain.quality).content)
    share = max_bytes * len(plain.content) / whole
    beside = scene.plain(plain.quality)
    aims = []
    if choices.plain and whole <= max_bytes:
        aims.append(Aim(reference, beside.quality, beside.score, beside.num_bytes))
    predictions = _predictions(choices, scene, metric, beside)
    best_score = -math.inf
    for way, prediction in sorted(predictions, key=lambda item: -item[1].gain):
        if beside.score + prediction.gain + _doubt(way) * prediction.gain_error < best_score:
            continue
        first = quality_at(way.qualities, prediction.place + prediction.bytes / -BYTES_SLOPE)
        file = sketched(way, share, first)
        if file is None:
            continue
        if effort == 1 and math.isfinite(prediction.gain_error):
            score = beside.score + prediction.gain
        else:
            score = scene.look(way, file.quality, beside.quality).score
        aims.append(Aim(way, file.quality, score, len(file.content)))
        best_score = max(best_score, score)
    for aim in sorted(aims, key=lambda aim: -aim.score):
        found = exhaustive.largest_quality(
            aim.way.file,
            aim.way.qualities,
            max_bytes,
            first=aim.quality,
            close_enough=_UNUSED,
        )
        if found is not None:
            return dataclasses.replace(found, score=aim.score)
    return exhaustive.smallest(choices.allowed, None)
