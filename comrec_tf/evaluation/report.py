"""What was measured, as a table of figures, plots, and one page that needs nothing else."""

import base64
import csv
import html
import io
import json
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import PIL.Image

from comrec_tf.evaluation import bjontegaard, curves
from comrec_tf.evaluation.curves import Point
from comrec_tf.images import files

__all__ = ["Shown", "bd_table", "csv_bytes", "page_bytes", "plot_bytes", "same_bytes"]


class Shown(NamedTuple):
    """One picture of a page.

    Attributes:
        picture: its name.
        system: what made it; "original" for itself.
        caption: what to say of it.
        pixels: uint8 (H, W, 1 or 3).
    """

    picture: str
    system: str
    caption: str
    pixels: np.ndarray


def csv_bytes(points: Iterable[Point]) -> bytes:
    """Write points as CSV.

    Args:
        points: the rows.

    Returns:
        A file with a header.
    """
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([Point._fields, *points])
    return buffer.getvalue().encode()


def bd_table(
    points: Sequence[Point], anchor: str, rates: tuple[float, float]
) -> dict[str, dict[str, float]]:
    """Compare all systems with one.

    Args:
        points: of all systems.
        anchor: the system to compare with.
        rates: bits per pixel of the anchor, from and to.

    Returns:
        By system the BD-rate in per cent by metric; of the mean curves over all pictures.
    """
    table: dict[str, dict[str, float]] = {}
    for metric in curves.METRICS:
        by_system = curves.mean_curves(points, metric)
        for system, curve in by_system.items():
            if anchor in by_system:
                rate = bjontegaard.bd_rate(by_system[anchor], curve, rates)
                table.setdefault(system, {})[metric] = rate
    return table


def plot_bytes(points: Sequence[Point], metric: str, kind: str = "png") -> bytes:
    """Draw the mean curves of all systems.

    Args:
        points: of all systems.
        metric: one of `curves.METRICS`.
        kind: "png" or "svg".

    Returns:
        The bytes of a picture file.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise ModuleNotFoundError(
            'plots need matplotlib: pip install "comrec-tf[evaluation]"'
        ) from error
    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.add_subplot()
    for system, curve in curves.mean_curves(points, metric).items():
        # Ours are thick.
        width = 2.0 if " " in system else 1.0
        axes.plot(*zip(*curve, strict=True), marker=".", linewidth=width, label=system)
    axes.set(xlabel="bits per pixel of the original", ylabel=curves.METRICS[metric])
    axes.grid(alpha=0.3)
    if axes.lines:
        axes.legend()
    buffer = io.BytesIO()
    # Without a date, so that the same figures give the same file.
    figure.savefig(buffer, format=kind, dpi=120, metadata={"Date": None} if kind == "svg" else None)
    return buffer.getvalue()


def same_bytes(points: Sequence[Point], picture: str, bits_per_pixel: float) -> dict[str, Point]:
    """Choose for each system the best file of at most a rate.

    Args:
        points: of all systems.
        picture: a picture's name.
        bits_per_pixel: the rate.

    Returns:
        Points by system, of those that have one.
    """
    chosen: dict[str, Point] = {}
    for point in points:
        if point.picture == picture and point.bits_per_pixel <= bits_per_pixel:
            best = chosen.get(point.system)
            if best is None or point.psnr > best.psnr:
                chosen[point.system] = point
    return chosen


def page_bytes(
    title: str,
    points: Sequence[Point],
    anchor: str,
    rates: tuple[float, float],
    shown: Sequence[Shown],
) -> bytes:
    """Make one HTML page with curves, a table, and pictures side by side under a slider.

    Args:
        title: heading.
        points: of all systems.
        anchor: the system to compare with.
        rates: bits per pixel of the anchor, from and to.
        shown: the pictures, the originals among them.

    Returns:
        The page; it loads nothing from anywhere.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    speeds = curves.megapixels_per_second(points)
    rows = [
        [
            system,
            *(_percent(by_metric.get(metric, math.nan)) for metric in curves.METRICS),
            *(f"{speed:.2f}" for speed in speeds[system]),
        ]
        for system, by_metric in bd_table(points, anchor, rates).items()
    ]
    header = ["system", *curves.METRICS.values(), "encode MP/s", "decode MP/s"]
    pictures: dict[str, dict[str, dict[str, str]]] = {}
    for one in shown:
        pictures.setdefault(one.picture, {})[one.system] = {
            "caption": one.caption,
            "source": _data_address(one.pixels),
        }
    plots = "".join(
        f"<figure>{_inline_svg(plot_bytes(points, metric, 'svg'))}</figure>"
        for metric in curves.METRICS
        if curves.mean_curves(points, metric)
    )
    content = _PAGE
    for name, value in {
        "TITLE": html.escape(title),
        "ANCHOR": html.escape(anchor),
        "LOW": f"{rates[0]:g}",
        "HIGH": f"{rates[1]:g}",
        "TABLE": _html_table(header, rows),
        "PLOTS": plots,
        # A script element ends at the first "</", wherever it stands.
        "PICTURES": json.dumps(pictures).replace("<", "\\u003c"),
    }.items():
        content = content.replace(f"@{name}@", value)
    return content.encode()


def _percent(value: float) -> str:
    return f"{value:+.1f} %" if math.isfinite(value) else ""


def _html_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _inline_svg(content: bytes) -> str:
    text = content.decode()
    return text[text.index("<svg") :]


def _data_address(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    picture: PIL.Image.Image = files.to_pil(pixels)
    picture.save(buffer, "WEBP", lossless=True)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>@TITLE@</title>
<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 76rem; padding: 0 1rem; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; }
th, td { padding: .2rem .8rem; text-align: right; border-bottom: 1px solid #8884; }
th:first-child, td:first-child { text-align: left; }
figure { display: inline-block; margin: 0; background: #fff; max-width: 100%; }
figure svg { max-width: 100%; height: auto; }
#compare { position: relative; display: inline-block; max-width: 100%; line-height: 0; }
#compare img { max-width: 100%; image-rendering: pixelated; }
#right { position: absolute; left: 0; top: 0; }
#line { position: absolute; top: 0; bottom: 0; width: 2px; background: #f40; pointer-events: none; }
#place { position: absolute; inset: 0; width: 100%; height: 100%; margin: 0; opacity: 0;
  cursor: ew-resize; }
.captions { display: flex; justify-content: space-between; gap: 2rem; flex-wrap: wrap; }
</style>
</head>
<body>
<h1>@TITLE@</h1>
<h2>Pictures at equal bytes</h2>
<p>
<label>Picture <select id="picture"></select></label>
<label>Left <select id="left-system"></select></label>
<label>Right <select id="right-system"></select></label>
</p>
<div class="captions"><span id="left-caption"></span><span id="right-caption"></span></div>
<div id="compare">
<img id="left" alt=""><img id="right" alt=""><div id="line"></div>
<input id="place" type="range" min="0" max="1000" value="500" aria-label="border between the two">
</div>
<h2>Rate saved</h2>
<p>BD-rate against @ANCHOR@ at its @LOW@ to @HIGH@ bits per pixel: per cent of the bytes for the
same quality, negative is smaller. Speed: megapixels of the original in a second, one run each.</p>
@TABLE@
<h2>Curves</h2>
@PLOTS@
<script>
"use strict";
window.addEventListener("error", event => {
  document.documentElement.dataset.error = event.message;
});
const pictures = @PICTURES@;
const element = id => document.getElementById(id);
const fill = (select, names, chosen) => {
  select.replaceChildren(...names.map(name => new Option(name, name, false, name === chosen)));
};
const place = () => {
  const share = element("place").value / 10;
  element("right").style.clipPath = `inset(0 0 0 ${share}%)`;
  element("line").style.left = `calc(${share}% - 1px)`;
};
const show = () => {
  const systems = pictures[element("picture").value];
  for (const side of ["left", "right"]) {
    const name = element(`${side}-system`).value;
    element(side).src = systems[name].source;
    element(side).alt = name;
    element(`${side}-caption`).textContent = systems[name].caption;
  }
};
const choose = () => {
  const names = Object.keys(pictures[element("picture").value]);
  const kept = id => names.includes(element(id).value) ? element(id).value : undefined;
  fill(element("left-system"), names, kept("left-system") ?? names[1] ?? names[0]);
  fill(element("right-system"), names, kept("right-system") ?? names[2] ?? names[0]);
  show();
};
if (Object.keys(pictures).length) {
  fill(element("picture"), Object.keys(pictures));
  element("picture").addEventListener("change", choose);
  element("left-system").addEventListener("change", show);
  element("right-system").addEventListener("change", show);
  element("place").addEventListener("input", place);
  choose();
  place();
  document.documentElement.dataset.ready = "yes";
}
</script>
</body>
</html>
"""
