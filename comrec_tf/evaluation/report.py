"""What was measured, as tables of figures and plots."""

import csv
import io
import math
from collections.abc import Collection, Iterable, Sequence

from comrec_tf.evaluation import bjontegaard, curves, plots
from comrec_tf.evaluation.curves import Point

__all__ = ["Rates", "bd_cells", "bd_csv_bytes", "bd_table", "csv_bytes", "name_of", "plot_bytes"]

#: A range of bits per pixel in which curves are compared.
Rates = tuple[float, float]


def csv_bytes(points: Iterable[Point]) -> bytes:
    """Write points as CSV.

    Args:
        points: the rows.

    Returns:
        A file with a header.
    """
    return _csv([Point._fields, *points])


def bd_table(points: Sequence[Point], anchor: str, rates: Rates) -> dict[str, dict[str, float]]:
    """Compare all systems with one.

    Args:
        points: of all systems.
        anchor: the system to compare with.
        rates: bits per pixel of the anchor, from and to.

    Returns:
        For each system the BD-rate in per cent by metric, of the mean curves over all pictures.
    """
    table: dict[str, dict[str, float]] = {}
    for metric in curves.METRICS:
        by_system = curves.mean_curves(points, metric)
        for system, curve in by_system.items():
            if anchor in by_system:
                rate = bjontegaard.bd_rate(by_system[anchor], curve, rates)
                table.setdefault(system, {})[metric] = rate
    return table


def bd_csv_bytes(points: Sequence[Point], anchor: str, ranges: Iterable[Rates]) -> bytes:
    """Write the BD-rates of all systems as CSV.

    Args:
        points: of all systems.
        anchor: the system to compare with.
        ranges: bits per pixel of the anchor; rows of each.

    Returns:
        A file with a header: rates, system, and a column for each metric.
    """
    rows: list[Sequence[object]] = [("rates", "system", *curves.METRICS)]
    for rates in ranges:
        for system, by_metric in bd_table(points, anchor, rates).items():
            figures = (by_metric.get(metric, "") for metric in curves.METRICS)
            rows.append((name_of(rates), system, *figures))
    return _csv(rows)


def bd_cells(points: Sequence[Point], anchor: str, rates: Rates) -> list[list[str]]:
    """Write the BD-rates of all systems as cells of a table.

    Args:
        points, anchor, rates: as in `bd_table`.

    Returns:
        A row for each system: its name, and a cell for each metric.
    """
    return [
        [system, *(_percent(by_metric.get(metric, math.nan)) for metric in curves.METRICS)]
        for system, by_metric in bd_table(points, anchor, rates).items()
    ]


def name_of(rates: Rates) -> str:
    """Name a range of rates.

    Args:
        rates: bits per pixel.

    Returns:
        The two ends, say "0.1-0.5".
    """
    return f"{rates[0]:g}-{rates[1]:g}"


def plot_bytes(
    points: Sequence[Point], metric: str, judged: Collection[str] = (), kind: str = "png"
) -> bytes:
    """Draw the mean curves of all systems.

    Args:
        points: of all systems.
        metric: one of `curves.METRICS`.
        judged: systems that the comparison is about.
        kind: "png" or "svg".

    Returns:
        The bytes of a picture file.

    Raises:
        ModuleNotFoundError: matplotlib is not installed.
    """
    by_system = curves.mean_curves(points, metric)
    return plots.rate_curves(by_system, curves.METRICS[metric], judged, kind)


def _percent(value: float) -> str:
    return f"{value:+.1f} %" if math.isfinite(value) else ""


def _csv(rows: Iterable[Sequence[object]]) -> bytes:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows(rows)
    return buffer.getvalue().encode()
