"""Predicts what a preset's files reach from plain JPEG of the same picture, without restoring any.

The numbers were fitted by `tools/fit` and are in the preset's card with their errors. They tell
where to begin, and which ways need not be looked at.
"""

import dataclasses
import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from comrec_tf.compression.target import METRICS

__all__ = ["ENTRIES", "NO_FIT", "PARTS", "USUAL_SLOPES", "Fit", "Line", "Prediction", "terms"]

#: Large scores of each metric; divided by these, scores are about one.
_LARGE = {"ssimulacra2": 50.0, "psnr": 40.0}
#: How much a score grows with `ways.place`, for photos.
USUAL_SLOPES = {"ssimulacra2": 14.0, "psnr": 3.5}
_NUM_TERMS = 6

#: What is fitted for each way: the place at which it reaches plain JPEG's score (`ways.place`); the
#: logarithm of its bytes there over those of plain JPEG; how much its score grows with the place
#: there; its best score; its score minus that of plain JPEG of equal bytes.
ENTRIES = ("place", "bytes", "slope", "top", "gain")
#: By how much a look at a part of a picture overestimates score and structure, each with mean and
#: standard deviation.
PARTS = ("part", "part_structure")
#: Standard deviations of these of a metric that nothing was fitted for, measured on photos.
_USUAL_ERRORS = {"ssimulacra2": (1.0, 0.0015), "psnr": (0.15, 0.0)}


@dataclasses.dataclass(frozen=True)
class Line:
    """A fitted number.

    Attributes:
        weights: of `terms`.
        error: standard deviation of what it was fitted to around it.
    """

    weights: tuple[float, ...]
    error: float


@dataclasses.dataclass(frozen=True)
class Prediction:
    """What a way is expected to do; see `ENTRIES`, each with its error.

    Errors are infinite where nothing is known, except `part_error`. `part` is by how much a look at
    a part of a picture overestimates score and structure in the mean; `part_error` is the standard
    deviation for the score.
    """

    place: float
    bytes: float
    bytes_error: float
    slope: float
    top: float
    top_error: float
    gain: float
    gain_error: float
    part: tuple[float, float]
    part_error: float


class Fit:
    """All that is fitted of a preset.

    Args:
        lines: by metric, way (`Way.name`) and entry.
    """

    def __init__(self, lines: Mapping[str, Mapping[str, Mapping[str, Line]]]) -> None:
        self._lines = lines

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "Fit":
        """Read the fit of a card.

        Args:
            content: `Card.fit`, empty where nothing was fitted.

        Returns:
            The fit.

        Raises:
            ValueError: an entry is malformed.
        """
        lines: dict[str, dict[str, dict[str, Line]]] = {}
        for metric in METRICS:
            for way, entries in _mapping(content.get(metric, {})).items():
                entries = _mapping(entries)
                lines.setdefault(metric, {})[way] = {
                    entry: _line(entries.get(entry), _NUM_TERMS) for entry in ENTRIES
                } | {
                    name: _line(entries.get(name, [0.0, error]), 1)
                    for name, error in zip(PARTS, _USUAL_ERRORS[metric], strict=True)
                }
        return cls(lines)

    def predict(
        self, metric: str, way: str, score: float, bits_per_pixel: float, here: float
    ) -> Prediction:
        """Predict what a way does.

        Args:
            metric: the metric of the score.
            way: `Way.name`.
            score: of plain JPEG.
            bits_per_pixel: of plain JPEG of this score.
            here: `place` of plain JPEG's quality.

        Returns:
            The prediction.
        """
        usual = USUAL_SLOPES[metric]
        lines = self._lines.get(metric, {}).get(way)
        if lines is None:
            far = math.inf
            error, _ = _USUAL_ERRORS[metric]
            return Prediction(here, 0.0, far, usual, 100.0, far, 0.0, far, (0.0, 0.0), error)
        values = terms(metric, score, bits_per_pixel)
        parts = [lines[name] for name in PARTS]
        numbers = {name: float(values @ lines[name].weights) for name in ENTRIES}
        return Prediction(
            place=min(max(numbers["place"], -4.6), 4.6),
            bytes=numbers["bytes"],
            bytes_error=lines["bytes"].error,
            slope=min(max(numbers["slope"], usual / 4), usual * 4),
            top=numbers["top"],
            top_error=lines["top"].error,
            gain=numbers["gain"],
            gain_error=lines["gain"].error,
            part=(parts[0].weights[0], parts[1].weights[0]),
            part_error=parts[0].error,
        )


#: The fit of a preset without one.
NO_FIT = Fit({})


def terms(metric: str, score: float, bits_per_pixel: float) -> np.ndarray:
    """Compute the terms whose weighted sums are the fitted numbers.

    Args:
        metric, score, bits_per_pixel: as in `Fit.predict`.

    Returns:
        float (6,).
    """
    good, rate = score / _LARGE[metric], math.log(bits_per_pixel)
    return np.array([1.0, good, rate, good * good, good * rate, rate * rate])


def _mapping(content: Any) -> Mapping[str, Any]:
    if not isinstance(content, Mapping):
        raise ValueError(f"a fit must be a JSON object. Received: {content!r}")
    return content


def _line(content: Any, num_weights: int) -> Line:
    numbers = content if isinstance(content, list) else []
    if len(numbers) != num_weights + 1 or not all(
        isinstance(number, int | float) and math.isfinite(number) for number in numbers
    ):
        raise ValueError(
            f"an entry of a fit is {num_weights} weights and their error. Received: {content!r}"
        )
    return Line(tuple(map(float, numbers[:-1])), float(numbers[-1]))
