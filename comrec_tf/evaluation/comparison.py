"""A whole comparison: systems measured on pictures, and the report of it written to a folder."""

import os
import pathlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from comrec_tf.evaluation import curves, equal_bytes, page, pictures, report
from comrec_tf.evaluation.curves import Point
from comrec_tf.evaluation.systems import System
from comrec_tf.images import metrics
from comrec_tf.process import storage

__all__ = ["FILES", "PAGE", "check_extras", "check_places", "compare"]

#: The file of the report that a person opens.
PAGE = "index.html"
_POINTS, _RATES = "points.csv", "bd_rate.csv"
_PLOTS = {metric: f"{metric}.png" for metric in curves.METRICS}
#: All files of a report.
FILES = (_POINTS, _RATES, *_PLOTS.values(), PAGE)
#: Longest side in pixels of what the page shows of a picture.
_LARGEST_SHOWN = 1280

#: Gives the items of a sequence and shows how far it has come; the text says what is being done.
Progress = Callable[[Sequence[Any], str], Iterable[Any]]


def check_extras() -> None:
    """Check that all packages that a report needs are installed, before anything is measured.

    Raises:
        ModuleNotFoundError: something is missing; the message names the extra that installs it.
    """
    grey = np.zeros((8, 8, 1), np.uint8)
    metrics.psnr_hvs_m(grey, grey)
    report.plot_bytes([], "psnr")


def check_places(
    output_dir: str | os.PathLike[str], paths: Iterable[str], *, overwrite: bool
) -> None:
    """Check that a report replaces nothing that it must not.

    Args:
        output_dir: folder for the report.
        paths: the picture files that are measured, which are never replaced.
        overwrite: whether other files that exist may be.

    Raises:
        FileExistsError: a file of the report would replace one.
    """
    measured = {os.path.realpath(path) for path in paths}
    for place in (os.path.join(output_dir, name) for name in FILES):
        if os.path.realpath(place) in measured:
            raise FileExistsError(f"{place} is one of the pictures: choose another --output_dir")
        if os.path.lexists(place) and not overwrite:
            raise FileExistsError(f"{place} exists: --overwrite replaces it")


def compare(
    title: str,
    anchor: System,
    others: Sequence[System],
    judged: Sequence[System],
    paths: Mapping[str, str],
    output_dir: str | os.PathLike[str],
    *,
    ranges: Sequence[report.Rates],
    num_shown: int,
    shown_rate: float,
    luma: bool = False,
    progress: Progress = lambda items, text: items,
) -> list[Point]:
    """Measure systems on pictures and write the report.

    The folder gets points.csv (every file; after each picture, so that a long run that is
    interrupted leaves what it measured), bd_rate.csv, a plot for each metric, and `PAGE`. They
    replace what is there: see `check_places`.

    Args:
        title: heading of the page.
        anchor: the system to compare with.
        others: more systems.
        judged: the systems that the comparison is about, at least one. No two systems have the same
            name.
        paths: picture files by the names that the report calls them, at least one.
        output_dir: folder for the report; made if it is missing.
        ranges: bits per pixel of the anchor, from and to, between which rates are compared.
        num_shown: how many pictures the page shows.
        shown_rate: about how many bits per pixel the files have whose pictures it shows.
        luma: as in `pictures.read`.
        progress: shows how far the work has come.

    Returns:
        What was measured.

    Raises:
        OSError: a picture cannot be read, or the report cannot be written.
        ValueError: two systems have the same name, by which points are told apart.
        ModuleNotFoundError: as `check_extras`.
    """
    systems = [anchor, *others, *judged]
    called = [system.name for system in systems]
    if len(set(called)) < len(called):
        raise ValueError(f"expected systems of different names. Received: {', '.join(called)}")
    folder = pathlib.Path(output_dir)
    folder.mkdir(parents=True, exist_ok=True)
    points: list[Point] = []
    shown: list[page.Shown] = []
    original: curves.Original | None = None
    for name, system, settings in progress(_steps(paths, systems), "measuring"):
        if original is None or name != original.name:
            original = curves.Original(name, pictures.read(paths[name], luma=luma))
            storage.write_atomically(folder / _POINTS, report.csv_bytes(points))
        points += curves.measure(system, original, settings)
    storage.write_atomically(folder / _POINTS, report.csv_bytes(points))
    for name in progress(list(paths)[:num_shown], "making pictures of equal bytes"):
        original = curves.Original(name, pictures.read(paths[name], luma=luma))
        shown += _shown(original, systems, shown_rate)
    names = [system.name for system in judged]
    written = {
        _RATES: report.bd_csv_bytes(points, anchor.name, ranges),
        **{plot: report.plot_bytes(points, metric, names) for metric, plot in _PLOTS.items()},
        PAGE: page.page_bytes(title, points, anchor.name, names, ranges, shown),
    }
    for file, content in written.items():
        storage.write_atomically(folder / file, content)
    return points


def _steps(
    names: Iterable[str], systems: Iterable[System]
) -> list[tuple[str, System, Sequence[float]]]:
    """The work in steps, each of as many files as are judged at the same time."""
    size = os.cpu_count() or 1
    return [
        (name, system, system.settings[start : start + size])
        for name in names
        for system in systems
        for start in range(0, len(system.settings), size)
    ]


def _shown(
    original: curves.Original, systems: Sequence[System], shown_rate: float
) -> list[page.Shown]:
    """The original, and what the systems make of it in the same number of bytes."""
    name, picture = original.name, original.pixels
    height, width, channels = picture.shape
    middle = tuple(_middle(side) for side in (height, width))
    whole = "" if max(height, width) <= _LARGEST_SHOWN else ", its middle"
    shown = [page.Shown(name, "original", f"original{whole}", picture[middle])]
    made = equal_bytes.encode_equally(systems, picture, round(shown_rate * height * width / 8))
    for system in systems:
        if system.name not in made:
            continue
        content = made[system.name]
        restored = system.decode(content, channels)
        rate = metrics.bits_per_pixel(len(content), height, width)
        values = original.compare(restored)
        caption = (
            f"{system.name}: {len(content):,} bytes, {rate:.3f} bits per pixel, "
            f"SSIMULACRA2 {values['ssimulacra2']:.1f}, {values['psnr']:.2f} dB"
        )
        shown.append(page.Shown(name, system.name, caption, restored[middle]))
    return shown


def _middle(side: int) -> slice:
    start = max(0, side - _LARGEST_SHOWN) // 2
    return slice(start, start + _LARGEST_SHOWN)
