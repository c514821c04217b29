"""A small Gaussian blur of planes by products with a banded matrix, the fastest way on a CPU."""

import numpy as np

__all__ = ["RADIUS", "blur"]

#: How many samples the blur sees on each side.
RADIUS = 5
_SIGMA = 1.5
#: Rows or columns that are blurred by one product.
_STRIP = 16
#: Columns or rows of one product. OpenBLAS would compute larger ones in threads, which then spin
#: for a while and keep cores from the networks.
_CHUNK = 512


def blur(planes: np.ndarray, step: int = 1) -> np.ndarray:
    """Blur planes that were extended above and below; left and right of them all is zero.

    Args:
        planes: float32 (C, H + 2 RADIUS, W), H >= 1.
        step: 1, or 2 for every second row and column of the result.

    Returns:
        float32 (C, ceil(H / step), ceil(W / step)), blurred by a standard deviation of 1.5 samples.
    """
    channels, height, width = planes.shape
    height -= 2 * RADIUS
    rows, columns = -(-height // step), -(-width // step)
    down = np.zeros((channels, rows, width + 2 * RADIUS), np.float32)
    _blur_down(planes, step, down[..., RADIUS:-RADIUS])
    blurred = np.empty((channels, rows, columns), np.float32)
    _blur_down(down.swapaxes(1, 2), step, blurred.swapaxes(1, 2))
    return blurred


def _blur_down(planes: np.ndarray, step: int, out: np.ndarray) -> None:
    """Blur (C, H + 2 RADIUS, W) along the middle axis, into every `step`th row of (C, H, W)."""
    channels, _, width = out.shape
    height = planes.shape[1] - 2 * RADIUS
    whole = height // _STRIP * _STRIP
    for left in range(0, width, _CHUNK):
        chunk = slice(left, left + _CHUNK)
        if whole:
            seen = planes[:, : whole + 2 * RADIUS, chunk]
            strips = np.lib.stride_tricks.sliding_window_view(seen, len(_MATRIX[0]), axis=1)
            strips = strips[:, ::_STRIP].swapaxes(2, 3)
            place = out[:, : whole // step, chunk]
            place = place.reshape(channels, -1, _STRIP // step, place.shape[2])
            np.matmul(_MATRIX[::step], strips, out=place)
        if whole < height:
            matrix = _MATRIX[: height - whole : step, : height - whole + 2 * RADIUS]
            np.matmul(matrix, planes[:, whole:, chunk], out=out[:, whole // step :, chunk])


def _blurring() -> np.ndarray:
    kernel = np.exp(-0.5 * np.square(np.arange(-RADIUS, RADIUS + 1) / _SIGMA))
    matrix = np.zeros((_STRIP, _STRIP + 2 * RADIUS))
    for row in range(_STRIP):
        matrix[row, row : row + len(kernel)] = kernel / kernel.sum()
    return matrix.astype(np.float32)


_MATRIX = _blurring()
