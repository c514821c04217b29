"""Fit what a preset's files reach to what plain JPEG of the same pictures does.

    tools/fit PRESET FOLDER...

Every picture is compressed in every way at several qualities, and restored. What each way needs to
be as good as plain JPEG is fitted to the score and the rate of plain JPEG alone. The result goes
into the preset's card under "fit", where `comrec_tf.compression.fit` reads it. Errors are those of
pictures that were left out of the fit, five groups in turn. Use pictures that nothing is measured
on.
"""

import argparse
import dataclasses
import json
import pathlib
import sys
import time
from collections.abc import Iterator

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.compression import fit, scene
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.goal import Goal
from comrec_tf.compression.target import METRICS
from comrec_tf.compression.ways import Way, place, quality_at
from comrec_tf.images import files
from comrec_tf.presets import card, find
from comrec_tf.process import storage

#: Where curves are measured, as `place`: about qualities 3 to 97.
_PLACES = (-3.2, -2.2, -1.4, -0.7, 0.2, 1.2, 2.6)
#: Pictures are cut to this, down and across: large enough that tiles of them are looked at.
_HEIGHT, _WIDTH = 512, 768
_GROUPS = 5
#: Scores of plain JPEG outside these ranges are left out.
_RANGE = {"ssimulacra2": (-60.0, 95.0), "psnr": (18.0, 50.0)}
#: Errors of looking at a part are only taken above these scores.
_USUAL = {"ssimulacra2": 15.0, "psnr": 25.0}


def main() -> int:
    """Fit and write; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("preset", help="name or folder")
    parser.add_argument("folders", nargs="+", help="of pictures")
    parser.add_argument("--pictures", type=int, default=48, help="of all folders together")
    arguments = parser.parse_args()
    compressor = Compressor.from_preset(arguments.preset)
    started = time.monotonic()
    pictures = list(_pictures(arguments.folders, arguments.pictures))
    curves = []
    for index, picture in enumerate(pictures, 1):
        curves.append(_curves(compressor, picture))
        print(f"{index}/{len(pictures)} {time.monotonic() - started:.0f} s", flush=True)
    fitted = {metric: _fit(metric, [curve[metric] for curve in curves]) for metric in METRICS}
    path = find.find_preset(arguments.preset) / card.FILE
    content = json.loads(path.read_text())
    content["fit"] = fitted
    fit.Fit.read(fitted)
    storage.write_output(str(path), (json.dumps(content, indent=2) + "\n").encode())
    for metric, ways in fitted.items():
        for way, entries in ways.items():
            errors = ", ".join(f"{name} {numbers[-1]:.3g}" for name, numbers in entries.items())
            print(f"{metric}, way {way}: errors of {errors}")
    return 0


def _pictures(folders: list[str], count: int) -> Iterator[np.ndarray]:
    """Give pictures of all folders in turn, evenly spread over each."""
    found = [
        [path for path in sorted(pathlib.Path(folder).iterdir()) if _is_picture(path)]
        for folder in folders
    ]
    for paths in found:
        number = min(len(paths), -(-count // len(found)))
        for index in range(number):
            path = paths[index * len(paths) // number]
            picture = files.read(path)
            turned = picture.shape[0] > picture.shape[1]
            height, width = (_WIDTH, _HEIGHT) if turned else (_HEIGHT, _WIDTH)
            yield np.ascontiguousarray(picture[:height, :width])


def _is_picture(path: pathlib.Path) -> bool:
    return path.suffix.lower() in vocabulary.PICTURE_SUFFIXES


def _curves(compressor: Compressor, picture: np.ndarray) -> dict[str, dict[str, np.ndarray]]:
    """Measure one picture: by metric and way rows of place, score, log of rate, structure, errors.

    The errors are those of looking at a part, of the score and of the structure.
    """
    choices = compressor.choices(picture)
    result: dict[str, dict[str, np.ndarray]] = {metric: {} for metric in METRICS}
    scenes = {metric: scene.Scene(picture, metric, choices.reference) for metric in METRICS}
    for way in [choices.reference, *choices.ways]:
        rows: dict[str, list[tuple[float, ...]]] = {metric: [] for metric in METRICS}
        for wanted in _PLACES:
            quality = quality_at(way.qualities, wanted)
            file = way.file(quality)
            restored = way.restore(file)
            rate = float(np.log(8 * len(file.content) / picture[..., 0].size))
            for metric, looked in scenes.items():
                errors = looked.judge.errors(restored).sum((1, 2))
                score = looked.judge.score_of(errors)
                structure = looked.judge.structure_of(errors)
                part = _part(way, quality, restored, looked, choices.reference, score)
                missed = (float("nan"), float("nan"))
                if part is not None:
                    missed = part.score - score, (part.structure or 0.0) - (structure or 0.0)
                rows[metric].append((place(quality), score, rate, structure or 0.0, *missed))
        for metric in METRICS:
            result[metric][way.name] = np.array(rows[metric])
    return result


def _part(
    way: Way,
    quality: float,
    restored: np.ndarray,
    looked: scene.Scene,
    reference: Way,
    score: float,
) -> scene.Look | None:
    """A look at a part; None if the whole picture is looked at."""
    qualities = [quality_at(reference.qualities, wanted) for wanted in _PLACES]
    beside = min(qualities, key=lambda one: abs(looked.plain(one).score - score))
    if way.restore_tiles is None:
        return None

    def cut(_: object, corners: list[tuple[int, int]], side: int) -> list[np.ndarray]:
        return [restored[top : top + side, left : left + side] for top, left in corners]

    copied = dataclasses.replace(way, restore_tiles=cut, restore=lambda _: restored)
    look = looked.look(copied, quality, beside)
    return look if look.sampled else None


def _fit(metric: str, curves: list[dict[str, np.ndarray]]) -> dict[str, dict[str, list[float]]]:
    low, high = _RANGE[metric]
    ways = [name for name in curves[0] if name != "reference"]
    fitted: dict[str, dict[str, list[float]]] = {}
    for way in ways:
        rows: dict[str, list[tuple[int, np.ndarray, float]]] = {name: [] for name in fit.ENTRIES}
        parts = []
        for index, picture in enumerate(curves):
            places, scores, rates, structures, *missed = _rising(picture[way]).T
            usual = np.isfinite(missed[0]) & (scores > _USUAL[metric])
            parts += np.array(missed).T[usual].tolist()
            for _, score, rate, structure, *_ in picture["reference"]:
                if not low <= score <= high:
                    continue
                values = fit.terms(metric, score, float(np.exp(rate)))
                rows["top"].append((index, values, scores[-1]))
                # `compression.goal` says what is as good as plain JPEG.
                goal = Goal(score, structure or None)
                worths = [goal.worth(*one) for one in zip(scores, structures, strict=True)]
                worths = np.maximum.accumulate(worths)
                if worths[0] <= score <= worths[-1]:
                    here = float(np.interp(score, worths, places))
                    near = np.interp([here - 0.3, here + 0.3], places, scores)
                    inside = np.clip([here - 0.3, here + 0.3], places[0], places[-1])
                    rows["place"].append((index, values, here))
                    rows["bytes"].append((index, values, np.interp(here, places, rates) - rate))
                    rows["slope"].append((index, values, np.ptp(near) / np.ptp(inside)))
                if rates[0] <= rate <= rates[-1]:
                    gain = float(np.interp(rate, rates, scores)) - score
                    rows["gain"].append((index, values, gain))
        fitted[way] = {name: _line(points) for name, points in rows.items()}
        for name, errors in zip(fit.PARTS, np.array(parts or [[0.0, 0.0]]).T, strict=True):
            fitted[way][name] = [round(float(errors.mean()), 5), round(float(errors.std()), 5)]
    return fitted


def _rising(rows: np.ndarray) -> np.ndarray:
    """Leave out files that are larger than another one and no better."""
    best = np.maximum.accumulate(rows[:, 1])
    return rows[np.concatenate([[True], rows[1:, 1] > best[:-1]])]


def _line(points: list[tuple[int, np.ndarray, float]]) -> list[float]:
    """Weights of the terms, and the error on groups of pictures that were left out."""
    pictures = np.array([index for index, _, _ in points])
    values = np.array([terms for _, terms, _ in points])
    numbers = np.array([number for _, _, number in points])
    missed = []
    for group in range(_GROUPS):
        left_out = pictures % _GROUPS == group
        if left_out.any() and not left_out.all():
            weights = _solve(values[~left_out], numbers[~left_out])
            missed.append(values[left_out] @ weights - numbers[left_out])
    error = float(np.sqrt(np.mean(np.square(np.concatenate(missed)))))
    return [round(float(number), 4) for number in [*_solve(values, numbers), error]]


def _solve(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    # Large weights are penalised a little, so that few pictures do not make wild curves.
    ridge = np.sqrt(0.01) * np.eye(values.shape[1])
    ridge[0] = 0
    rows = np.concatenate([values, ridge])
    return np.linalg.lstsq(rows, np.concatenate([numbers, np.zeros(len(ridge))]), rcond=None)[0]


if __name__ == "__main__":
    sys.exit(main())
