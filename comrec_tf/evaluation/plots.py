"""Rate curves as pictures: those of a report and those of the documentation."""

import io
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from comrec_tf.vocabulary import missing_extra

__all__ = ["Curve", "figure_bytes", "new_axes", "rate_curves"]

#: Pairs of bits per pixel and a value, by rising rate.
Curve = Sequence[tuple[float, float]]

#: Colours of the systems that a comparison is about, whose lines are thick, and of all others.
_JUDGED_COLOURS = ("#d1495b", "#e58f2a", "#8c3f97")
_OTHER_COLOURS = ("#333333", "#2e6f95", "#4f9d69", "#7fb3d5", "#a3a847", "#8a817c", "#5a4fcf")
_OTHER_MARKERS = "osD^vPX"


def rate_curves(
    curves: Mapping[str, Curve],
    label: str,
    judged: Collection[str] = (),
    kind: str = "png",
    *,
    rates: tuple[float, float] | None = None,
    floor: float | None = None,
) -> bytes:
    """Draw curves of systems over the rate.

    Args:
        curves: by the names of systems.
        label: what the values are.
        judged: systems that the picture is about.
        kind: "png" or "svg".
        rates: the range of bits per pixel that is shown; all if None.
        floor: the smallest value that is shown; all if None.

    Returns:
        The bytes of a picture file; equal for equal curves.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    figure, axes = new_axes()
    judged_left = iter(_JUDGED_COLOURS)
    others_left = iter(zip(_OTHER_COLOURS, _OTHER_MARKERS, strict=True))
    for system, curve in curves.items():
        if system in judged:
            style = {"color": next(judged_left, None), "marker": "o", "linewidth": 2.4, "zorder": 3}
        else:
            colour, marker = next(others_left, (None, "."))
            style = {"color": colour, "marker": marker, "linewidth": 1.0}
        axes.plot(*zip(*curve, strict=True), markersize=3.5, label=system, **style)
    axes.set(xlabel="bits per pixel of the original", ylabel=label)
    if rates is not None:
        axes.set_xlim(*rates)
    _fit_values(axes, curves, rates, floor)
    handles = dict(zip(curves, axes.lines, strict=True))
    if handles:
        # In the order of the curves from top to bottom, so that names are easy to match.
        shared = min(curve[-1][0] for curve in curves.values())
        heights = {name: _value_at(shared, curve) for name, curve in curves.items()}
        names = sorted(heights, key=heights.__getitem__, reverse=True)
        axes.legend([handles[name] for name in names], names, loc="lower right")
    return figure_bytes(figure, kind)


def new_axes(columns: int = 1) -> tuple:
    """Make an empty figure.

    Args:
        columns: plots beside each other.

    Returns:
        matplotlib's figure, and its axes or a sequence of axes.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise missing_extra("plots need matplotlib", "evaluation") from error
    figure = Figure(figsize=(7 if columns == 1 else 9, 5), layout="constrained")
    axes = figure.subplots(1, columns)
    for each in np.ravel(axes):
        each.grid(alpha=0.3)
        each.spines[["top", "right"]].set_visible(False)
    return figure, axes


def figure_bytes(figure: Any, kind: str) -> bytes:
    """Write a figure.

    Args:
        figure: of `new_axes`.
        kind: "png" or "svg".

    Returns:
        The bytes of a picture file; equal for equal figures.
    """
    import matplotlib

    buffer = io.BytesIO()
    # No date and no random names, so that equal figures are equal files; text stays text.
    with matplotlib.rc_context({"svg.hashsalt": "comrec_tf", "svg.fonttype": "none"}):
        metadata = {"Date": None} if kind == "svg" else None
        figure.savefig(buffer, format=kind, dpi=120, metadata=metadata)
    return buffer.getvalue()


def _fit_values(
    axes: Any, curves: Mapping[str, Curve], rates: tuple[float, float] | None, floor: float | None
) -> None:
    """Limit the vertical axis to the values of the shown rates, from the floor on."""
    low, high = rates or (0.0, np.inf)
    values = [value for curve in curves.values() for rate, value in curve if low <= rate <= high]
    if values and (rates is not None or floor is not None):
        margin = 0.04 * (max(values) - min(values))
        least = min(values) - margin if floor is None else max(floor, min(values) - margin)
        axes.set_ylim(least, max(values) + margin)


def _value_at(rate: float, curve: Curve) -> float:
    rates, values = zip(*curve, strict=True)
    return float(np.interp(rate, rates, values))
