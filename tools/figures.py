"""Draws the figures of the documentation, from numbers that are kept in tools/site/figures.json.

Without arguments it draws all figures again. With --curves, --speed or --training it first reads
new numbers, which the command that the file names has written. With --crops it codes and restores
pictures again for the side-by-side picture.
"""

import argparse
import csv
import json
import pathlib
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any

import crops
import house

from comrec_tf.evaluation import bjontegaard, curves, plots
from comrec_tf.process import storage

ROOT = pathlib.Path(__file__).parents[1]
NUMBERS = ROOT / "tools" / "site" / "figures.json"
PICTURES = ROOT / "tools" / "site" / "pages" / "pictures"

#: What is kept of each system's curves.
_KEPT = ("ssimulacra2", "psnr")
_CODECS = ("jpeg", "mozjpeg", "jpegli", "webp", "avif", "jpegxl-lossy")
#: What curves are called where their systems' names are not for readers.
_TITLES = {"jpeg": "JPEG", "webp": "WebP", "avif": "AVIF", "jpegxl-lossy": "JPEG XL"}
_TITLES |= {"comrec scale 1": "comrec, full size", "comrec scale 2": "comrec, half size"}
_RATES = {1: (0.5, 1.5), 2: (0.2, 0.5)}
_PRESET_COLOURS = ("#d1495b", "#2e6f95", "#4f9d69", "#8c3f97")
_ENGINE_MARKERS = "osD^"


def main() -> int:
    """Take numbers where told to, and draw; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--curves", type=pathlib.Path, help="folder of tools/reproduce curves")
    parser.add_argument("--speed", type=pathlib.Path, help="file of tools/benchmark engines --json")
    parser.add_argument("--training", type=pathlib.Path, help="output folder of a training run")
    parser.add_argument("--crops", action="store_true", help="code and restore its pictures again")
    parser.add_argument("--numbers", type=pathlib.Path, default=NUMBERS, help="the kept numbers")
    parser.add_argument("--output_dir", type=pathlib.Path, default=PICTURES, help="for figures")
    options = parser.parse_args()
    numbers = json.loads(options.numbers.read_text())
    if options.curves:
        numbers["curves"]["systems"] = _systems(options.curves.glob("*/points.csv"))
    if options.speed:
        numbers["speed"] = json.loads(options.speed.read_text())
    if options.training:
        numbers["training"]["epochs"] = _epochs(options.training / "history.csv")
    storage.write_atomically(options.numbers, _json(numbers))
    options.output_dir.mkdir(parents=True, exist_ok=True)
    for name, draw in FIGURES.items():
        storage.write_atomically(options.output_dir / f"{name}.svg", draw(numbers))
        print(options.output_dir / f"{name}.svg")
    if options.crops:
        storage.write_atomically(options.output_dir / "crops.png", crops.draw())
        print(options.output_dir / "crops.png")
    return 0


def _systems(files: Iterable[pathlib.Path]) -> dict[str, list[list[float]]]:
    """Mean curves of all systems of reports: bits per pixel and the kept metrics."""
    points = []
    for path in sorted(files):
        with path.open() as file:
            points += [_point(row) for row in csv.DictReader(file)]
    # A codec that several reports measured is taken once.
    points = list({(p.system, p.picture, p.setting): p for p in points}.values())
    by_metric = {metric: curves.mean_curves(points, metric) for metric in _KEPT}
    return {
        system: [
            [round(rate, 4), *(round(by_metric[metric][system][index][1], 3) for metric in _KEPT)]
            for index, (rate, _) in enumerate(curve)
        ]
        for system, curve in by_metric[_KEPT[0]].items()
    }


def _point(row: dict[str, str]) -> curves.Point:
    texts = {name: row.pop(name) for name in ("system", "picture")}
    return curves.Point(**texts, **{name: float(value) for name, value in row.items()})


def _epochs(path: pathlib.Path) -> list[dict[str, float]]:
    """Epochs of a history; 0 is the start, which has no loss."""
    wanted = ("epoch", "rec_loss", "val_psnr", "val_bits_per_pixel", "val_gain")
    with path.open() as file:
        rows = [{name: row[name] for name in wanted if row[name]} for row in csv.DictReader(file)]
    return [{name: round(float(text), 4) for name, text in row.items()} for row in rows]


def _json(numbers: dict[str, Any]) -> bytes:
    """Indented, but each point of a curve and each entry on one line."""
    innermost = re.compile(r"([\[{])\s+([^\[\]{}]*?)\s+([\]}])")
    text = json.dumps(numbers, indent=1)
    text = innermost.sub(lambda found: found[1] + " ".join(found[2].split()) + found[3], text)
    return f"{text}\n".encode()


def _rate_curves(names: Iterable[str], judged: Iterable[str], metric: str, floor: float | None):
    column = 1 + _KEPT.index(metric)

    def draw(numbers: dict[str, Any]) -> bytes:
        systems = numbers["curves"]["systems"]
        chosen = {
            _TITLES.get(name, name): [(point[0], point[column]) for point in systems[name]]
            for name in (*names, *judged)
            if name in systems
        }
        titles = tuple(_TITLES.get(name, name) for name in judged)
        label = curves.METRICS[metric]
        return plots.rate_curves(chosen, label, titles, "svg", rates=(0.08, 1.5), floor=floor)

    return draw


def _speed(numbers: dict[str, Any]) -> bytes:
    """Bytes saved by the eye over the speed of restoring, for each preset, scale and engine."""
    figure, both = plots.new_axes(columns=2)
    systems, entries = numbers["curves"]["systems"], numbers["speed"]["entries"]
    presets = list(dict.fromkeys(entry["preset"] for entry in entries))
    engines = list(dict.fromkeys(entry["engine"] for entry in entries))
    anchor = [point[:2] for point in systems["jpeg"]]
    for axes, (scale, rates), title in zip(
        both, reversed(_RATES.items()), ("half size", "full size"), strict=True
    ):
        for entry in entries:
            if entry["scale"] != scale:
                continue
            curve = [point[:2] for point in systems[f"{entry['preset']} scale {scale}"]]
            axes.plot(
                entry["megapixels_per_second"],
                -bjontegaard.bd_rate(anchor, curve, rates),
                _ENGINE_MARKERS[engines.index(entry["engine"])],
                color=_PRESET_COLOURS[presets.index(entry["preset"])],
                markersize=9,
            )
        axes.set(
            title=f"{title}, {rates[0]:g} to {rates[1]:g} bits per pixel",
            xlabel="megapixels restored in a second",
            xscale="log",
            xlim=(0.7, 20),
        )
        axes.set_xticks([1, 2, 5, 10, 20], ["1", "2", "5", "10", "20"], minor=False)
        axes.set_xticks([], minor=True)
        axes.set_ylim(0, 70)
    both[0].set_ylabel("per cent of JPEG's bytes saved at equal SSIMULACRA2")
    for preset, colour in zip(presets, _PRESET_COLOURS, strict=False):
        both[1].plot([], [], "_", color=colour, markersize=12, markeredgewidth=4, label=preset)
    for engine, marker in zip(engines, _ENGINE_MARKERS, strict=False):
        both[1].plot([], [], marker, color="#666666", label=engine)
    both[1].legend(loc="upper right", fontsize="small", ncols=2)
    return plots.figure_bytes(figure, "svg")


def _training(numbers: dict[str, Any]) -> bytes:
    """The loss and the gain of the worked example, epoch by epoch; 0 is before training."""
    figure, (loss, gain) = plots.new_axes(columns=2)
    epochs = numbers["training"]["epochs"]
    for axes, name, title in (
        (loss, "rec_loss", "RecCNN's loss on patches"),
        (gain, "val_gain", "dB gained over JPEG, on whole pictures"),
    ):
        points = [(epoch["epoch"], epoch[name]) for epoch in epochs if name in epoch]
        axes.plot(*zip(*points, strict=True), "o-", color=_PRESET_COLOURS[0])
        axes.set(title=title, xlabel="epoch")
        axes.set_xlim(-0.3, epochs[-1]["epoch"] + 0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    gain.axhline(0, color="#333333", linewidth=1)
    return plots.figure_bytes(figure, "svg")


_SCALES = ("comrec scale 1", "comrec scale 2")

#: The figures by the names of their files.
FIGURES: dict[str, Callable[[dict[str, Any]], bytes]] = {
    "rate_ssimulacra2": _rate_curves(_CODECS, ["comrec"], "ssimulacra2", -30.0),
    "rate_psnr": _rate_curves(_CODECS, ["comrec", "comrec-psnr"], "psnr", None),
    "scales": _rate_curves(["jpeg", "mozjpeg"], _SCALES, "ssimulacra2", -30.0),
    "speed": _speed,
    "training": _training,
    "house": lambda numbers: house.draw(house.read()).encode(),
}


if __name__ == "__main__":
    sys.exit(main())
