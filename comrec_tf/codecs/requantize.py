"""JPEG of levels that are chosen here, for encoders that only round.

If a picture is made from levels of the same tables, libjpeg finds these levels again. So the levels
are chosen by whoever calls, see `dead_zone` and `trellis`, and libjpeg codes their picture.
"""

from collections.abc import Callable

import numpy as np

from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.images import color

__all__ = ["Choose", "requantize"]

#: Chooses levels: of coefficients, float32 (N, 64) in the order of rows, steps, float32 (64,), and
#: whether they are of chroma at half the width and height; float32 (N, 64), whole numbers.
Choose = Callable[[np.ndarray, np.ndarray, bool], np.ndarray]


def requantize(
    picture: np.ndarray, tables: np.ndarray, choose: Choose, *, halved: bool
) -> np.ndarray:
    """Quantise a picture. Blocks that reach beyond the picture are left as they are.

    Args:
        picture: uint8 (H, W, 1 or 3), grey or RGB.
        tables: steps of luma and chroma, (2, 64), 1 to 255, in the order of rows.
        choose: what chooses the levels of each plane.
        halved: whether chroma is coded at half the width and height.

    Returns:
        uint8 (H, W) grey or (H, W, 3) YCbCr, which libjpeg with the same tables and subsampling
        codes as these levels. Pixels are saturated, which changes a few levels.
    """
    luma, chroma = np.asarray(tables, np.float32)
    if picture.shape[-1] == 1:
        return _requantize_plane(picture[..., 0], luma, choose, False)
    height, width = picture.shape[:2]
    matrix = color.RGB_TO_YCBCR.T.astype(np.float32)
    ycbcr = np.rint(picture.astype(np.float32) @ matrix + np.array([0, 128, 128], np.float32))
    planes = np.clip(ycbcr, 0, 255).astype(np.uint8)
    result = np.empty_like(planes)
    result[..., 0] = _requantize_plane(planes[..., 0], luma, choose, False)
    for index in (1, 2):
        plane = planes[..., index]
        if not halved:
            result[..., index] = _requantize_plane(plane, chroma, choose, False)
            continue
        small = _requantize_plane(_halve(plane), chroma, choose, True)
        # libjpeg takes the mean of four equal pixels, which is exact.
        result[..., index] = small.repeat(2, 0).repeat(2, 1)[:height, :width]
    return result


def _halve(plane: np.ndarray) -> np.ndarray:
    """h2v2_downsample of libjpeg: the mean of 2x2 pixels, rounded without a drift."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge").astype(np.int32)
    total = even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]
    return ((total + 1 + np.arange(total.shape[1]) % 2) >> 2).astype(np.uint8)


def _requantize_plane(
    plane: np.ndarray, steps: np.ndarray, choose: Choose, halved: bool
) -> np.ndarray:
    """Quantise one component, uint8 (H, W)."""
    height, width = (size // BLOCK * BLOCK for size in plane.shape)
    result = plane.copy()
    if not height or not width:
        return result
    whole = plane[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks = whole.swapaxes(1, 2).reshape(-1, BLOCK * BLOCK).astype(np.float32) - 128.0
    levels = choose(blocks @ DCT.T, steps, halved)
    pixels = np.rint((levels * steps) @ DCT + 128.0).clip(0, 255).astype(np.uint8)
    tiled = pixels.reshape(height // BLOCK, width // BLOCK, BLOCK, BLOCK)
    result[:height, :width] = tiled.swapaxes(1, 2).reshape(height, width)
    return result
