"""Rate-distortion points of systems on pictures, and their means."""

import collections
import math
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from comrec_tf import metrics
from comrec_tf.evaluation.systems import System

__all__ = ["METRICS", "Point", "mean_curves", "measure", "megapixels_per_second"]

#: What is measured of a restored picture, and what it is called.
METRICS = {
    "psnr": "PSNR, all channels (dB)",
    "psnr_luma": "PSNR, luma (dB)",
    "ssim": "SSIM, luma",
    "ms_ssim": "MS-SSIM, luma",
    "psnr_hvs_m": "PSNR-HVS-M, luma (dB)",
}


class Point(NamedTuple):
    """One file.

    Attributes:
        system, picture: names.
        setting: of the system.
        num_bytes: size of the whole file.
        bits_per_pixel: of the original picture.
        psnr, psnr_luma, ssim, ms_ssim, psnr_hvs_m: see `METRICS`; NaN where a picture is too
            small for one, or its library is not installed.
        encode_seconds, decode_seconds: wall clock, of one run.
        num_pixels: of the original picture.
    """

    system: str
    picture: str
    setting: float
    num_bytes: int
    bits_per_pixel: float
    psnr: float
    psnr_luma: float
    ssim: float
    ms_ssim: float
    psnr_hvs_m: float
    encode_seconds: float
    decode_seconds: float
    num_pixels: int


def measure(
    system: System, name: str, picture: np.ndarray, settings: Sequence[float] | None = None
) -> list[Point]:
    """Make files of one picture, restore them and compare.

    Args:
        system: what makes them.
        name: the picture's.
        picture: uint8 (H, W, 1 or 3).
        settings: other settings than the system's own.

    Returns:
        A point for each setting that can be reached.
    """
    points = []
    height, width = picture.shape[:2]
    for setting in system.settings if settings is None else settings:
        begun = time.perf_counter()
        content = system.encode(picture, setting)
        encoded = time.perf_counter()
        if content is None:
            continue
        restored = system.decode(content, picture.shape)
        decoded = time.perf_counter()
        points.append(
            Point(
                system=system.name,
                picture=name,
                setting=setting,
                num_bytes=len(content),
                bits_per_pixel=metrics.bits_per_pixel(len(content), height, width),
                psnr=metrics.psnr(picture, restored),
                psnr_luma=metrics.psnr_luma(picture, restored),
                ssim=_or_nan(metrics.ssim, picture, restored),
                ms_ssim=_or_nan(metrics.ms_ssim, picture, restored),
                psnr_hvs_m=_or_nan(metrics.psnr_hvs_m, picture, restored),
                encode_seconds=encoded - begun,
                decode_seconds=decoded - encoded,
                num_pixels=height * width,
            )
        )
    return points


def mean_curves(points: Iterable[Point], metric: str) -> dict[str, list[tuple[float, float]]]:
    """Average over pictures at each setting.

    Args:
        points: of any systems and pictures.
        metric: one of `METRICS`.

    Returns:
        By system the pairs of mean bits per pixel and mean metric, by rising rate. Settings that
        some pictures could not reach are left out, since means over other pictures are not
        comparable.
    """
    by_setting: dict[tuple[str, float], list[tuple[float, float]]] = collections.defaultdict(list)
    pictures: dict[str, set[str]] = collections.defaultdict(set)
    for point in points:
        by_setting[point.system, point.setting].append(
            (point.bits_per_pixel, getattr(point, metric))
        )
        pictures[point.system].add(point.picture)
    curves: dict[str, list[tuple[float, float]]] = collections.defaultdict(list)
    for (system, _), values in by_setting.items():
        rate, value = np.mean(values, axis=0)
        if len(values) == len(pictures[system]) and np.isfinite(value):
            curves[system].append((float(rate), float(value)))
    return {system: sorted(curve) for system, curve in curves.items()}


def megapixels_per_second(points: Iterable[Point]) -> dict[str, tuple[float, float]]:
    """Speed by system.

    Args:
        points: of any systems and pictures.

    Returns:
        Megapixels of the originals per second of encoding and of decoding.
    """
    sums: dict[str, np.ndarray] = collections.defaultdict(lambda: np.zeros(3))
    for point in points:
        sums[point.system] += (point.num_pixels, point.encode_seconds, point.decode_seconds)
    return {
        system: (pixels / 1e6 / encode, pixels / 1e6 / decode)
        for system, (pixels, encode, decode) in sums.items()
    }


def _or_nan(
    metric: Callable[[np.ndarray, np.ndarray], float], picture: np.ndarray, restored: np.ndarray
) -> float:
    try:
        return metric(picture, restored)
    except (ValueError, ModuleNotFoundError):
        return math.nan
