"""Damage that the tables of a JPEG do not describe, found in 8x8 DCT coefficients of luma.

**Compressed before.** A JPEG of quality 25 that is opened and saved at 90 has tables of quality 90
and blocks of quality 25. If the picture was not cropped or scaled in between, its coefficients are
still near multiples of the earlier, coarser steps. The mean of cos(2 pi c / step) over coefficients
c of low frequencies shows this: it is 1 if all are multiples, and about 0 if they do not depend on
the step.

**A pattern.** Dithered and screened pictures, checkerboards and noise consist of high frequencies,
which the networks would take for damage. Photos and text have calm blocks: the tenth of the blocks
with the least high frequencies tells them apart, at every quality.

**Drawn.** Text and screens have sharp edges on flat ground. The networks clean them where they are
badly damaged, but blur them where they are not. A fifth of their blocks that are not flat have
more of high frequencies than any of a photo.
"""

from typing import Any

import numpy as np

from comrec_tf.codecs import quantization
from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.images import color

__all__ = ["earlier_quality", "is_drawn", "is_pattern", "luma_coefficients", "thresholds"]

#: Blocks that are looked at, spread over the picture.
_MAX_BLOCKS = 8_192
#: Low frequencies, by the sum of both directions, without the mean.
_LOW = sorted(range(1, 64), key=lambda index: index // BLOCK + index % BLOCK)[:15]
#: An earlier step shows where it is so many times the file's; so many coefficients must say so,
#: and in the mean so clearly. Compressed once, pictures stay below 0.2, or 0.4 where all blocks are
#: alike; twice, photos reach 0.4 to 0.9.
_COARSER, _ENOUGH, _CLEAR = 2.5, 200, 0.5
#: Smaller coefficients, in steps, are near zero in any case.
_SMALLEST = 0.6
#: Multiples of a step are multiples of its half as well: the coarsest counts that is so near.
_AS_CLEAR = 0.93
_HIGH = [index for index in range(64) if index // BLOCK + index % BLOCK >= 7]
#: What the calmest tenth of a pattern's blocks exceeds, as the root mean square of high frequencies
#: in grey levels: dithered pictures have 50 to 70, checkerboards 55 to 75, photos at most 10, pages
#: of text 0.
_CALMEST, _MAX_CALM = 0.1, 30.0
#: What the busiest fifth of the blocks of text exceeds that are not flat: pages of text have 30 to
#: 70, photos at most 25. Flat is less than this root mean square of all frequencies.
_BUSIEST, _MAX_BUSY, _FLAT = 0.8, 30.0, 2.0


def luma_coefficients(picture: np.ndarray) -> np.ndarray:
    """Transform blocks of luma, at most 8,192 of them, in rows that are spread evenly.

    Args:
        picture: uint8 (H, W, 1 or 3), as a JPEG stores it.

    Returns:
        float32 (N, 64), rows of vertical frequency; empty for pictures of less than a block.
    """
    rows, columns = (side // BLOCK for side in picture.shape[:2])
    if not rows * columns:
        return np.empty((0, BLOCK * BLOCK), np.float32)
    every = -(-rows * columns // _MAX_BLOCKS)
    chosen = picture[: rows * BLOCK, : columns * BLOCK]
    chosen = chosen.reshape(rows, BLOCK, columns * BLOCK, -1)[::every]
    blocks = color.luma(chosen.reshape(-1, columns * BLOCK, picture.shape[-1])) - 128.0
    blocks = blocks.reshape(-1, BLOCK, columns, BLOCK).swapaxes(1, 2).reshape(-1, BLOCK * BLOCK)
    return blocks.astype(np.float32) @ DCT.T


def earlier_quality(coefficients: np.ndarray, table: np.ndarray, quality: int) -> int | None:
    """Find the quality of an earlier, coarser compression with the same grid of blocks.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.
        table: (64,) steps of luma of the file.
        quality: what they are like.

    Returns:
        libjpeg's quality, below `quality`, or None.
    """
    low = np.abs(coefficients[:, _LOW])
    clearness = {}
    for candidate in range(1, quality):
        steps = quantization.standard_tables(candidate)[0].ravel()[_LOW]
        shown = steps >= _COARSER * table[_LOW]
        scaled = low[:, shown] / steps[shown]
        scaled = scaled[scaled > _SMALLEST]
        if len(scaled) >= _ENOUGH:
            clearness[candidate] = float(np.cos(2 * np.pi * scaled).mean())
    clearest = max(clearness.values(), default=0.0)
    if clearest < _CLEAR:
        return None
    return min(q for q, value in clearness.items() if value >= _AS_CLEAR * clearest)


def is_pattern(coefficients: np.ndarray) -> bool:
    """Tell whether a picture is a pattern of high frequencies all over.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.

    Returns:
        Whether it is; not for pictures of less than a block.
    """
    if not len(coefficients):
        return False
    return float(np.quantile(_energy(coefficients[:, _HIGH]), _CALMEST)) > _MAX_CALM


def is_drawn(coefficients: np.ndarray) -> bool:
    """Tell whether a picture is text, a screen or a drawing, and no photo.

    Args:
        coefficients: what `luma_coefficients` returned of the decoded picture.

    Returns:
        Whether it is; not for pictures of less than a block.
    """
    blocks = coefficients[_energy(coefficients[:, 1:]) > _FLAT]
    if not len(blocks):
        return False
    return float(np.quantile(_energy(blocks[:, _HIGH]), _BUSIEST)) > _MAX_BUSY


def thresholds() -> dict[str, Any]:
    """List the numbers above by name, for the twins in web pages and in graphs.

    Returns:
        Numbers, or lists of them, which JSON can hold.
    """
    return {
        "max_blocks": _MAX_BLOCKS,
        "low": _LOW,
        "high": _HIGH,
        "coarser": _COARSER,
        "enough": _ENOUGH,
        "clear": _CLEAR,
        "as_clear": _AS_CLEAR,
        "smallest": _SMALLEST,
        "calmest": _CALMEST,
        "max_calm": _MAX_CALM,
        "busiest": _BUSIEST,
        "max_busy": _MAX_BUSY,
        "flat": _FLAT,
    }


def _energy(coefficients: np.ndarray) -> np.ndarray:
    """Root mean square of each block."""
    return np.sqrt(np.square(coefficients).mean(1))
