"""Rate-distortion points of systems on pictures, and their means."""

import collections
import concurrent.futures
import math
import os
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from comrec_tf.compression import judges
from comrec_tf.evaluation.systems import System
from comrec_tf.images import metrics

__all__ = ["METRICS", "Original", "Point", "mean_curves", "measure", "megapixels_per_second"]

#: The metrics of a restored picture, and what reports call them.
METRICS = {
    "ssimulacra2": "SSIMULACRA2",
    "psnr": "PSNR, all channels (dB)",
    "psnr_luma": "PSNR, luma (dB)",
    "ssim": "SSIM, luma",
    "ms_ssim": "MS-SSIM, luma",
    "psnr_hvs_m": "PSNR-HVS-M, luma (dB)",
}


_OTHERS = (metrics.psnr, metrics.psnr_luma, metrics.ssim, metrics.ms_ssim, metrics.psnr_hvs_m)


class Point(NamedTuple):
    """One file.

    Attributes:
        system, picture: names.
        setting: of the system.
        num_bytes: size of the whole file.
        bits_per_pixel: of the original picture.
        ssimulacra2, psnr, psnr_luma, ssim, ms_ssim, psnr_hvs_m: see `METRICS`; NaN where a picture
            is too small for one.
        encode_seconds, decode_seconds: wall clock, of one run.
        num_pixels: of the original picture.
    """

    system: str
    picture: str
    setting: float
    num_bytes: int
    bits_per_pixel: float
    ssimulacra2: float
    psnr: float
    psnr_luma: float
    ssim: float
    ms_ssim: float
    psnr_hvs_m: float
    encode_seconds: float
    decode_seconds: float
    num_pixels: int


class Original:
    """A picture that systems are measured on.

    Args:
        name: of the picture.
        pixels: uint8 (H, W, 1 or 3).
    """

    def __init__(self, name: str, pixels: np.ndarray) -> None:
        self.name = name
        self.pixels = pixels
        self._ssimulacra2 = judges.judge("ssimulacra2", pixels)

    def compare(self, restored: np.ndarray) -> dict[str, float]:
        """Compare a restored picture with this one.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            A value for each of `METRICS`; NaN where the picture is too small for one.
        """
        return {"ssimulacra2": self._ssimulacra2.score(restored)} | {
            metric.__name__: _or_nan(metric, self.pixels, restored) for metric in _OTHERS
        }


def measure(
    system: System, original: Original, settings: Sequence[float] | None = None
) -> list[Point]:
    """Make files of one picture, restore them and compare.

    Files are made and restored one after the other, since that is timed; then they are judged on
    all cores.

    Args:
        system: what makes them.
        original: the picture.
        settings: other settings than the system's own.

    Returns:
        A point for each setting that can be reached.
    """
    height, width, channels = original.pixels.shape
    made = []
    for setting in system.settings if settings is None else settings:
        begun = time.perf_counter()
        content = system.encode(original.pixels, setting)
        encoded = time.perf_counter()
        if content is None:
            continue
        restored = system.decode(content, channels)
        made.append(
            (setting, len(content), encoded - begun, time.perf_counter() - encoded, restored)
        )
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        judged = pool.map(lambda item: original.compare(item[-1]), made)
    return [
        Point(
            system=system.name,
            picture=original.name,
            setting=setting,
            num_bytes=num_bytes,
            bits_per_pixel=metrics.bits_per_pixel(num_bytes, height, width),
            encode_seconds=encode_seconds,
            decode_seconds=decode_seconds,
            num_pixels=height * width,
            **values,
        )
        for (setting, num_bytes, encode_seconds, decode_seconds, _), values in zip(
            made, judged, strict=True
        )
    ]


def mean_curves(points: Iterable[Point], metric: str) -> dict[str, list[tuple[float, float]]]:
    """Average over pictures at each setting.

    Args:
        points: of any systems and pictures.
        metric: one of `METRICS`.

    Returns:
        For each system, pairs of mean bits per pixel and mean metric, by rising rate. Settings that
        some pictures could not reach are left out, since means over different pictures cannot be
        compared.
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
    except ValueError:  # the picture is too small for it
        return math.nan
