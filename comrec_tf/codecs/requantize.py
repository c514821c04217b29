"""JPEG of levels that are chosen here, for encoders that only round.

If a picture is made from levels of the same tables, libjpeg finds these levels again. So the levels
are chosen by whoever calls, see `trellis`, and libjpeg codes their picture.
"""

from collections.abc import Callable, Iterator

import numpy as np

from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.images import color

__all__ = ["Choose", "Learn", "requantize"]

#: Chooses the levels of coefficients, float32 (N, 64) in the order of rows: whole numbers, alike.
Choose = Callable[[np.ndarray], np.ndarray]
#: Makes `Choose` for a plane, of some of its coefficients, float32 (N, 64), its steps, float32
#: (64,), and whether it is chroma at half the width and height.
Learn = Callable[[np.ndarray, np.ndarray, bool], Choose]

#: Samples have so many blocks at least, if there are as many.
_SAMPLE = 8192
#: About so many blocks are worked on at once, so that they stay in the cache.
_AT_ONCE = 2048
#: Blocks of one matrix product.
_ROWS = 48


def requantize(
    picture: np.ndarray, tables: np.ndarray, learn: Learn, *, halved: bool
) -> np.ndarray:
    """Quantise a picture. Blocks that reach beyond the picture are left as they are.

    Args:
        picture: uint8 (H, W, 1 or 3), grey or RGB.
        tables: steps of luma and chroma, (2, 64), 1 to 255, in the order of rows.
        learn: what chooses the levels of each plane.
        halved: whether chroma is coded at half the width and height.

    Returns:
        uint8 (H, W) grey or (H, W, 3) YCbCr, which libjpeg with the same tables and subsampling
        codes as these levels. Pixels are saturated, which changes a few levels.
    """
    luma, chroma = np.asarray(tables, np.float32)
    if picture.shape[-1] == 1:
        return _requantize_plane(picture[..., 0], luma, learn, False)
    height, width = picture.shape[:2]
    result = color.rounded_ycbcr(picture)
    result[..., 0] = _requantize_plane(result[..., 0], luma, learn, False)
    for index in (1, 2):
        plane = result[..., index]
        if not halved:
            result[..., index] = _requantize_plane(plane, chroma, learn, False)
            continue
        small = _requantize_plane(_halve(plane), chroma, learn, True)
        # libjpeg takes the mean of four equal pixels, which is exact.
        result[..., index] = small.repeat(2, 0).repeat(2, 1)[:height, :width]
    return result


def _halve(plane: np.ndarray) -> np.ndarray:
    """h2v2_downsample of libjpeg: the mean of 2x2 pixels, rounded without a drift."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge").astype(np.uint16)
    total = even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]
    total += 1 + np.arange(total.shape[1], dtype=np.uint16) % 2
    return (total >> 2).astype(np.uint8)


def _requantize_plane(
    plane: np.ndarray, steps: np.ndarray, learn: Learn, halved: bool
) -> np.ndarray:
    """Quantise one component, uint8 (H, W)."""
    result = plane.copy()
    rows, columns = (size // BLOCK for size in plane.shape)
    if not rows or not columns:
        return result
    whole = result[: rows * BLOCK, : columns * BLOCK].reshape(rows, BLOCK, columns, BLOCK)
    few = whole[:: max(1, rows * columns // _SAMPLE)]
    choose = learn(_coefficients(few), steps, halved)
    for strip in _strips(whole):
        pixels = _times(choose(_coefficients(strip)) * steps, DCT)
        pixels += 128.5
        blocks = pixels.clip(0, 255, out=pixels).astype(np.uint8)
        strip[:] = blocks.reshape(len(strip), columns, BLOCK, BLOCK).swapaxes(1, 2)
    return result


def _strips(whole: np.ndarray) -> Iterator[np.ndarray]:
    """Cut rows of blocks, uint8 (rows, 8, columns, 8), into views of a few of them."""
    many = max(1, _AT_ONCE // whole.shape[2])
    for start in range(0, len(whole), many):
        yield whole[start : start + many]


def _coefficients(rows: np.ndarray) -> np.ndarray:
    """Transform rows of blocks, uint8 (rows, 8, columns, 8): float32 (N, 64)."""
    blocks = rows.swapaxes(1, 2).reshape(-1, BLOCK * BLOCK).astype(np.float32)
    blocks -= 128.0
    return _times(blocks, DCT.T)


def _times(blocks: np.ndarray, matrix: np.ndarray) -> np.ndarray:
    """Multiply blocks, float32 (N, 64), by a matrix (64, 64).

    In parts below the size at which OpenBLAS wakes its threads: they would take longer than they
    save, and the cores from others.
    """
    whole = len(blocks) // _ROWS * _ROWS
    result = np.empty_like(blocks)
    np.matmul(
        blocks[:whole].reshape(-1, _ROWS, matrix.shape[0]),
        matrix,
        out=result[:whole].reshape(-1, _ROWS, matrix.shape[1]),
    )
    np.matmul(blocks[whole:], matrix, out=result[whole:])
    return result
