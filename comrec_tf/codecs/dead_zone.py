"""JPEG with a dead zone, for encoders without one: pixels whose levels are already chosen.

A larger level costs more bits. A coefficient just above the middle between two levels gains almost
nothing by the larger one, so an encoder with a dead zone takes the smaller one. Decoders need not
know. libjpeg has no dead zone; but if a picture is made from levels of the same tables, libjpeg
finds these levels again. So the levels are chosen here, and libjpeg codes their picture.
"""

import numpy as np

from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.images import color

__all__ = ["requantize"]

#: How much more a level of halved chroma, spread over four pixels, counts in a squared error of RGB
#: than one of luma. Its dead zone is smaller by this factor.
_HALVED_WORTH = 3.0


def requantize(
    picture: np.ndarray, tables: np.ndarray, dead_zone: float, *, halved: bool
) -> np.ndarray:
    """Quantise a picture with a dead zone.

    A coefficient c becomes the level sign(c) floor(|c| / step + 0.5 - dead_zone); the block's mean
    is rounded as usual. Blocks that reach beyond the picture are left as they are.

    Args:
        picture: uint8 (H, W, 1 or 3), grey or RGB.
        tables: steps of luma and chroma, (2, 64), 1 to 255, in the order of rows.
        dead_zone: of luma, 0 to 0.5; chroma has the same, a third of it where `halved`.
        halved: whether chroma is coded at half the width and height.

    Returns:
        uint8 (H, W) grey or (H, W, 3) YCbCr, which libjpeg with the same tables and subsampling
        codes as these levels. Pixels are saturated, which changes a few levels.
    """
    if picture.shape[-1] == 1:
        return _requantize_plane(picture[..., 0], tables[0], dead_zone)
    height, width = picture.shape[:2]
    matrix = color.RGB_TO_YCBCR.T.astype(np.float32)
    ycbcr = np.rint(picture.astype(np.float32) @ matrix + np.array([0, 128, 128], np.float32))
    planes = np.clip(ycbcr, 0, 255).astype(np.uint8)
    result = np.empty_like(planes)
    result[..., 0] = _requantize_plane(planes[..., 0], tables[0], dead_zone)
    for index in (1, 2):
        plane = planes[..., index]
        if not halved:
            result[..., index] = _requantize_plane(plane, tables[1], dead_zone)
            continue
        small = _requantize_plane(_halve(plane), tables[1], dead_zone / _HALVED_WORTH)
        # libjpeg takes the mean of four equal pixels, which is exact.
        result[..., index] = small.repeat(2, 0).repeat(2, 1)[:height, :width]
    return result


def _halve(plane: np.ndarray) -> np.ndarray:
    """h2v2_downsample of libjpeg: the mean of 2x2 pixels, rounded without a drift."""
    height, width = plane.shape
    even = np.pad(plane, ((0, height % 2), (0, width % 2)), mode="edge").astype(np.int32)
    total = even[::2, ::2] + even[::2, 1::2] + even[1::2, ::2] + even[1::2, 1::2]
    return ((total + 1 + np.arange(total.shape[1]) % 2) >> 2).astype(np.uint8)


def _requantize_plane(plane: np.ndarray, table: np.ndarray, dead_zone: float) -> np.ndarray:
    """Quantise one component, uint8 (H, W)."""
    height, width = (size // BLOCK * BLOCK for size in plane.shape)
    result = plane.copy()
    if not height or not width:
        return result
    whole = plane[:height, :width].reshape(height // BLOCK, BLOCK, width // BLOCK, BLOCK)
    blocks = whole.swapaxes(1, 2).reshape(-1, BLOCK * BLOCK).astype(np.float32) - 128.0
    steps = np.asarray(table, np.float32)
    scaled = blocks @ DCT.T / steps
    offset = np.full(BLOCK * BLOCK, 0.5 - dead_zone, np.float32)
    offset[0] = 0.5
    levels = np.copysign(np.floor(np.abs(scaled) + offset), scaled)
    pixels = np.rint((levels * steps) @ DCT + 128.0).clip(0, 255).astype(np.uint8)
    tiled = pixels.reshape(height // BLOCK, width // BLOCK, BLOCK, BLOCK)
    result[:height, :width] = tiled.swapaxes(1, 2).reshape(height, width)
    return result
