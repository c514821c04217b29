"""One HTML page of curves, tables and pictures side by side, which loads no other file."""

import base64
import html
import importlib.resources
import io
import json
import string
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from comrec_tf.evaluation import curves, equal_bytes, report
from comrec_tf.evaluation.curves import Point
from comrec_tf.images import files

__all__ = ["Shown", "page_bytes"]

_TEMPLATE = "page.html"


class Shown(NamedTuple):
    """One picture of a page.

    Attributes:
        picture: its name.
        system: what made it; "original" for the original.
        caption: shown below it.
        pixels: uint8 (H, W, 1 or 3).
    """

    picture: str
    system: str
    caption: str
    pixels: np.ndarray


def page_bytes(
    title: str,
    points: Sequence[Point],
    anchor: str,
    judged: Sequence[str],
    ranges: Iterable[report.Rates],
    shown: Sequence[Shown],
) -> bytes:
    """Make the page.

    Args:
        title: heading.
        points: of all systems.
        anchor: the system to compare with; the page opens with it on the left.
        judged: the systems that the page is about; the page opens with the first on the right.
        ranges: bits per pixel of the anchor, from and to; a table for each.
        shown: the pictures, the originals among them.

    Returns:
        An HTML file.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    pictures: dict[str, dict[str, dict[str, str]]] = {}
    for one in shown:
        pictures.setdefault(one.picture, {})[one.system] = {
            "caption": one.caption,
            "source": _data_address(one.pixels),
        }
    names = ["system", *curves.METRICS.values()]
    tables = (
        f"<h3>{report.name_of(rates)} bits per pixel</h3>"
        + _table(names, report.bd_cells(points, anchor, rates))
        for rates in ranges
    )
    speeds = [
        [system, *(f"{speed:.2f}" for speed in both)]
        for system, both in curves.megapixels_per_second(points).items()
    ]
    plots = (
        f"<figure>{_inline_svg(report.plot_bytes(points, metric, judged, 'svg'))}</figure>"
        for metric in curves.METRICS
        if curves.mean_curves(points, metric)
    )
    template = importlib.resources.files(__package__).joinpath(_TEMPLATE).read_text("utf-8")
    page = string.Template(template).substitute(
        title=html.escape(title),
        anchor=html.escape(anchor),
        tolerance=f"{100 * equal_bytes.TOLERANCE:g} %",
        tables="\n".join(tables),
        speeds=_table(["system", "encode", "decode"], speeds),
        plots="\n".join(plots),
        pictures=_script(pictures),
        opening=_script({"left": anchor, "right": judged[0]}),
    )
    return page.encode()


def _script(value: object) -> str:
    """A value as JSON for a script; escaped, so that nothing in it ends the script element."""
    return json.dumps(value).replace("<", "\\u003c")


def _table(header: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    head = "".join(f"<th>{html.escape(cell)}</th>" for cell in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    return f'<div class="wide">{table}</div>'


def _inline_svg(content: bytes) -> str:
    text = content.decode()
    return text[text.index("<svg") :]


def _data_address(pixels: np.ndarray) -> str:
    buffer = io.BytesIO()
    files.to_pil(pixels).save(buffer, "WEBP", lossless=True)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode()
