"""Bjontegaard difference: how much rate one curve saves over another (ITU-T VCEG-M33)."""

import math
from collections.abc import Sequence

import numpy as np
from scipy.interpolate import PchipInterpolator

__all__ = ["bd_rate"]

Curve = Sequence[tuple[float, float]]


def bd_rate(anchor: Curve, tested: Curve, rates: tuple[float, float] | None = None) -> float:
    """Mean difference in rate at equal quality.

    Interpolated by monotone cubics (PCHIP) over the logarithm of the rate, and integrated
    over the qualities that both curves have.

    Args:
        anchor: pairs of bits per pixel and quality.
        tested: the same for what is compared with it.
        rates: only the qualities that the anchor has between these two rates.

    Returns:
        Per cent, negative where `tested` needs less; NaN where the curves share no quality.
    """
    (anchor_rate, anchor_quality), (rate, quality) = map(_rising, (anchor, tested))
    if min(len(anchor_rate), len(rate)) < 2:
        return math.nan
    low, high = anchor_quality[0], anchor_quality[-1]
    if rates is not None:
        within = np.clip(np.log10(rates), anchor_rate[0], anchor_rate[-1])
        low, high = PchipInterpolator(anchor_rate, anchor_quality)(within)
    low, high = max(low, quality[0]), min(high, quality[-1])
    if low >= high:
        return math.nan
    ends = (low, high)
    difference = _mean(quality, rate, ends) - _mean(anchor_quality, anchor_rate, ends)
    return 100.0 * (10.0**difference - 1.0)


def _rising(curve: Curve) -> tuple[np.ndarray, np.ndarray]:
    """Logarithms of rates, and qualities, both strictly rising.

    Larger files that are no better are left out: nobody would choose them.
    """
    kept: list[tuple[float, float]] = []
    for rate, quality in sorted(curve):
        if not kept or (rate > kept[-1][0] and quality > kept[-1][1]):
            kept.append((rate, quality))
    rates, qualities = np.array(kept, float).reshape(-1, 2).T
    return np.log10(rates), qualities


def _mean(x: np.ndarray, y: np.ndarray, ends: tuple[float, float]) -> float:
    return float(PchipInterpolator(x, y).integrate(*ends)) / (ends[1] - ends[0])
