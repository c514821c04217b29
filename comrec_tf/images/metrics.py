"""How good a restored picture is, and what its file costs.

All but PSNR look at the luma only. Whole pictures in float64 would take eight times their memory,
so all work on bands of rows. SSIMULACRA2 is in `compression.ssimulacra2`.
"""

import contextlib
import io
import os
import threading
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from comrec_tf.images import color
from comrec_tf.vocabulary import missing_extra

__all__ = [
    "bits_per_pixel",
    "ms_ssim",
    "psnr",
    "psnr_at_bytes",
    "psnr_hvs_m",
    "psnr_luma",
    "ssim",
]

#: Largest value of a pixel.
_PEAK = 255.0
#: Rows of a picture that are compared at a time; a multiple of 8.
_BAND_ROWS = 256

#: SSIM's Gaussian window and constants (Wang et al. 2004, section III C).
_WINDOW_SIZE, _WINDOW_SIGMA = 11, 1.5
_C1, _C2 = (0.01 * _PEAK) ** 2, (0.03 * _PEAK) ** 2
#: Exponents of the five scales, finest first (Wang et al. 2003, section 3.2).
_SCALE_WEIGHTS = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
#: The window must fit the coarsest scale.
_SMALLEST_MS_SSIM = _WINDOW_SIZE * 2 ** (len(_SCALE_WEIGHTS) - 1)
#: Side of the blocks of PSNR-HVS-M.
_BLOCK = 8

_importing = threading.Lock()


def bits_per_pixel(num_bytes: int, height: int, width: int) -> float:
    """Rate of a file in bits per pixel of the original picture.

    Args:
        num_bytes: size of the whole file.
        height: of the original picture in pixels, not of the compact one.
        width: of the original picture in pixels.

    Returns:
        Bits per pixel.
    """
    return 8.0 * num_bytes / (height * width)


def psnr(original: np.ndarray, restored: np.ndarray) -> float:
    """Peak signal-to-noise ratio over all samples of all channels.

    Args:
        original: uint8 (or float from 0 to 255), any shape.
        restored: the same shape.

    Returns:
        Decibels; infinity where the two are equal.

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(original, restored)
    sums = (
        np.sum(np.square(np.asarray(original[rows], np.float64) - restored[rows]))
        for rows in _bands(len(original))
    )
    return _decibels(sum(sums) / original.size)


def psnr_luma(original: np.ndarray, restored: np.ndarray) -> float:
    """Peak signal-to-noise ratio of the luma.

    Args:
        original: uint8 (H, W, 1 or 3), grey or RGB.
        restored: uint8 of the same shape.

    Returns:
        Decibels; infinity where the lumas are equal.

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(original, restored)
    sums = (
        np.sum(np.square(color.luma(original[rows]) - color.luma(restored[rows])))
        for rows in _bands(len(original))
    )
    return _decibels(sum(sums) / (original.shape[0] * original.shape[1]))


def psnr_at_bytes(curve: Sequence[tuple[float, float]], num_bytes: float) -> float:
    """Read a codec's PSNR at a file size, interpolated over the logarithm of the size.

    Args:
        curve: pairs of bytes and dB, in any order.
        num_bytes: size of the file.

    Returns:
        Decibels. For sizes outside the curve, the value at its end; for smaller files that is more
        than the codec reaches.
    """
    points = np.array(sorted(curve))
    # Nobody would choose a larger file that is worse.
    best = np.maximum.accumulate(points[:, 1])
    return float(np.interp(np.log(num_bytes), np.log(points[:, 0]), best))


def ssim(original: np.ndarray, restored: np.ndarray) -> float:
    """Structural similarity of the luma (Wang et al. 2004: Gaussian 11x11, sigma 1.5).

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 11.
        restored: uint8 of the same shape.

    Returns:
        Mean over the places where the whole window fits, at most 1; what `tf.image.ssim` returns.

    Raises:
        ValueError: the shapes differ, or the pictures are smaller than the window.
    """
    _check_shapes(original, restored, smallest=_WINDOW_SIZE)
    return _similarity_and_contrast(original, restored)[0]


def ms_ssim(original: np.ndarray, restored: np.ndarray) -> float:
    """Multi-scale structural similarity of the luma (Wang et al. 2003: five scales).

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 176, so that the window fits the last
            scale.
        restored: uint8 of the same shape.

    Returns:
        From 0 to 1; what `tf.image.ssim_multiscale` returns.

    Raises:
        ValueError: the shapes differ, or the pictures are too small.
    """
    _check_shapes(original, restored, smallest=_SMALLEST_MS_SSIM)
    product = 1.0
    for weight in _SCALE_WEIGHTS[:-1]:
        _, contrast = _similarity_and_contrast(original, restored)
        product *= max(contrast, 0.0) ** weight
        original, restored = _halved_luma(original), _halved_luma(restored)
    similarity, _ = _similarity_and_contrast(original, restored)
    return product * max(similarity, 0.0) ** _SCALE_WEIGHTS[-1]


def psnr_hvs_m(original: np.ndarray, restored: np.ndarray) -> float:
    """PSNR-HVS-M of the luma: PSNR weighted by what the eye sees of 8x8 DCT coefficients.

    Ponomarenko et al. 2007, by the package psnr_hvsm. What is beyond whole blocks is left out.

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 8.
        restored: uint8 of the same shape.

    Returns:
        Decibels; infinity where no difference is seen.

    Raises:
        ValueError: the shapes differ, or the pictures are too small.
        ModuleNotFoundError: psnr_hvsm is not installed.
    """
    _check_shapes(original, restored, smallest=_BLOCK)
    psnr_hvsm = _psnr_hvsm()
    height, width = (side // _BLOCK * _BLOCK for side in original.shape[:2])
    total = 0.0
    for rows in _bands(height):
        pair = (
            np.ascontiguousarray(color.luma(picture[rows])[:, :width])
            for picture in (original, restored)
        )
        total += (rows.stop - rows.start) / height * psnr_hvsm.hvs_hvsm_mse(*pair)[1]
    return _decibels(total)


def _psnr_hvsm() -> Any:
    os.environ.setdefault("PSNR_HVSM_BACKEND", "cpp")
    # It prints advice on standard output, which two threads must not redirect at the same time.
    with _importing, contextlib.redirect_stdout(io.StringIO()):
        try:
            import psnr_hvsm
        except ImportError as error:
            raise missing_extra("PSNR-HVS-M needs psnr_hvsm", "evaluation") from error
    return psnr_hvsm


def _similarity_and_contrast(original: np.ndarray, restored: np.ndarray) -> tuple[float, float]:
    """Mean SSIM, and the mean of its factor of contrast and structure, over the valid region."""
    totals = np.zeros(2)
    beyond = _WINDOW_SIZE - 1
    height, width = original.shape[0] - beyond, original.shape[1] - beyond
    for rows in _bands(height):
        # More rows: the windows of the band's last row reach down so far.
        band = slice(rows.start, rows.stop + beyond)
        x, y = color.luma(original[band]), color.luma(restored[band])
        mean_x, mean_y, mean_xy = _blurred(x), _blurred(y), _blurred(x * y)
        product, squares = mean_x * mean_y, mean_x**2 + mean_y**2
        mean_squares = _blurred(x * x + y * y)
        contrast = (2 * (mean_xy - product) + _C2) / (mean_squares - squares + _C2)
        luminance = (2 * product + _C1) / (squares + _C1)
        totals += np.sum(luminance * contrast), np.sum(contrast)
    similarity, contrast = totals / (height * width)
    return float(similarity), float(contrast)


def _blurred(plane: np.ndarray) -> np.ndarray:
    """The plane's means under the Gaussian window, where the whole window fits."""
    half = _WINDOW_SIZE // 2
    window = np.exp(-(np.arange(-half, half + 1) ** 2) / (2 * _WINDOW_SIGMA**2))
    window /= window.sum()
    for _ in range(2):
        height = len(plane) - 2 * half
        rows = [plane[start : start + height] for start in range(_WINDOW_SIZE)]
        # The window is symmetric, so rows at equal distances are added before they are weighted.
        blurred = window[half] * rows[half]
        for offset in range(half):
            blurred += window[offset] * (rows[offset] + rows[-1 - offset])
        plane = blurred.T
    return plane


def _halved_luma(picture: np.ndarray) -> np.ndarray:
    """The luma by means of 2x2, float32 (H / 2, W / 2, 1); an odd last row or column is doubled."""
    height, width = (-(-side // 2) for side in picture.shape[:2])
    halved = np.empty((height, width, 1), np.float32)
    for rows in _bands(height):
        plane = color.luma(picture[2 * rows.start : 2 * rows.stop])
        plane = np.pad(plane, [(0, side % 2) for side in plane.shape], "edge")
        halved[rows, :, 0] = plane.reshape(rows.stop - rows.start, 2, width, 2).mean((1, 3))
    return halved


def _decibels(mean_squared_error: float) -> float:
    if mean_squared_error == 0:
        return float("inf")
    return float(10.0 * np.log10(_PEAK**2 / mean_squared_error))


def _bands(num_rows: int) -> Iterator[slice]:
    for start in range(0, num_rows, _BAND_ROWS):
        yield slice(start, min(start + _BAND_ROWS, num_rows))


def _check_shapes(original: np.ndarray, restored: np.ndarray, smallest: int = 1) -> None:
    if original.shape != restored.shape:
        raise ValueError(
            f"a picture of shape {original.shape} must be compared with one of the same shape. "
            f"Received: {restored.shape}"
        )
    if min(original.shape[:2]) < smallest:
        raise ValueError(
            f"expected pictures of at least {smallest}x{smallest} pixels. "
            f"Received: shape={original.shape}"
        )
