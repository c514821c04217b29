"""How good a reconstruction is and what it costs."""

import contextlib
import io
import os
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from comrec_tf.graph import color

__all__ = ["bits_per_pixel", "luma", "ms_ssim", "psnr", "psnr_at_bytes", "psnr_hvs_m", "ssim"]

_SSIM_WINDOW = 11
#: Rows of a picture that are compared at a time.
_BAND_ROWS = 256


def bits_per_pixel(num_bytes: int, height: int, width: int) -> float:
    """Rate of a file in bits per pixel of the original picture.

    Args:
        num_bytes: size of the whole file.
        height: of the original picture in pixels, not of the compact one.
        width: likewise.

    Returns:
        Bits per pixel.
    """
    return 8.0 * num_bytes / (height * width)


def psnr(original: np.ndarray, reconstruction: np.ndarray) -> float:
    """Peak signal-to-noise ratio over all samples of all channels.

    Args:
        original: uint8 (or float from 0 to 255), any shape.
        reconstruction: the same shape.

    Returns:
        Decibels; infinity where the two are equal.

    Raises:
        ValueError: the shapes differ.
    """
    _check_shapes(original, reconstruction)
    # By bands, since a whole picture in float64 takes eight times its memory.
    sums = (
        np.sum(np.square(np.asarray(original[rows], np.float64) - reconstruction[rows]))
        for rows in _bands(len(original))
    )
    error = sum(sums) / original.size
    return float(10.0 * np.log10(255.0**2 / error)) if error else float("inf")


def psnr_at_bytes(curve: Sequence[tuple[float, float]], num_bytes: float) -> float:
    """Read a codec's PSNR at a file size, interpolated over the logarithm of the size.

    Args:
        curve: pairs of bytes and dB, in any order.
        num_bytes: size of the file.

    Returns:
        Decibels; at sizes outside the curve its value at that end, which for smaller files is
        more than the codec could do.
    """
    points = np.array(sorted(curve))
    # A larger file that is worse is one that nobody would choose.
    best = np.maximum.accumulate(points[:, 1])
    return float(np.interp(np.log(num_bytes), np.log(points[:, 0]), best))


def ssim(original: np.ndarray, reconstruction: np.ndarray) -> float:
    """Structural similarity of the luma (Wang et al. 2004: Gaussian 11x11, sigma 1.5).

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 11.
        reconstruction: uint8 of the same shape.

    Returns:
        Mean over the valid region, at most 1.

    Raises:
        ValueError: the shapes differ, or the pictures are smaller than the window.
    """
    _check_shapes(original, reconstruction, smallest=_SSIM_WINDOW)
    total, valid_rows = 0.0, len(original) - _SSIM_WINDOW + 1
    for rows in _bands(valid_rows):
        # As many rows more as the windows of the band's last row reach down.
        band = slice(rows.start, rows.stop + _SSIM_WINDOW - 1)
        pair = [
            tf.constant(luma(picture[band])[..., None], tf.float32)
            for picture in (original, reconstruction)
        ]
        total += (rows.stop - rows.start) * float(tf.image.ssim(*pair, max_val=255.0))
    return total / valid_rows


def ms_ssim(original: np.ndarray, reconstruction: np.ndarray) -> float:
    """Multi-scale structural similarity of the luma (Wang et al. 2003: five scales).

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 176, so that the window fits the last
            scale.
        reconstruction: uint8 of the same shape.

    Returns:
        At most 1.

    Raises:
        ValueError: the shapes differ, or the pictures are too small.
    """
    _check_shapes(original, reconstruction, smallest=176)
    pair = [
        tf.constant(luma(picture)[..., None], tf.float32) for picture in (original, reconstruction)
    ]
    return float(tf.image.ssim_multiscale(*pair, max_val=255.0))


def psnr_hvs_m(original: np.ndarray, reconstruction: np.ndarray) -> float:
    """PSNR-HVS-M of the luma: PSNR by what the eye sees of 8x8 DCT coefficients beside each other.

    Ponomarenko et al. 2007, by the package psnr_hvsm. What is beyond whole blocks is left out.

    Args:
        original: uint8 (H, W, 1 or 3), H and W at least 8.
        reconstruction: uint8 of the same shape.

    Returns:
        Decibels.

    Raises:
        ValueError: the shapes differ, or the pictures are too small.
        ModuleNotFoundError: psnr_hvsm is not installed.
    """
    _check_shapes(original, reconstruction, smallest=8)
    os.environ.setdefault("PSNR_HVSM_BACKEND", "cpp")
    try:
        # It recommends PyTorch aloud.
        with contextlib.redirect_stdout(io.StringIO()):
            import psnr_hvsm
    except ImportError as error:
        raise ModuleNotFoundError(
            'PSNR-HVS-M needs psnr_hvsm: pip install "comrec-tf[evaluation]"'
        ) from error
    height, width = (side // 8 * 8 for side in original.shape[:2])
    pair = [luma(picture)[:height, :width] / 255.0 for picture in (original, reconstruction)]
    with np.errstate(invalid="ignore", divide="ignore"):
        return float(psnr_hvsm.psnr_hvs_hvsm(*pair)[1])


def luma(picture: np.ndarray) -> np.ndarray:
    """BT.601 luma, not rounded.

    Args:
        picture: uint8 (H, W, 3) RGB or (H, W, 1) grey.

    Returns:
        float64 (H, W), 0 to 255.
    """
    if picture.shape[-1] == 1:
        return picture[..., 0].astype(np.float64)
    return picture @ color.RGB_TO_YCBCR[0]


def _bands(num_rows: int) -> Iterator[slice]:
    for start in range(0, num_rows, _BAND_ROWS):
        yield slice(start, min(start + _BAND_ROWS, num_rows))


def _check_shapes(original: np.ndarray, reconstruction: np.ndarray, smallest: int = 1) -> None:
    if original.shape != reconstruction.shape:
        raise ValueError(
            f"a picture of shape {original.shape} must be compared with one of the same shape. "
            f"Received: {reconstruction.shape}"
        )
    if min(original.shape[:2]) < smallest:
        raise ValueError(
            f"expected pictures of at least {smallest}x{smallest} pixels. "
            f"Received: shape={original.shape}"
        )
