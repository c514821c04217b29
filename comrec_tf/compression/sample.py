"""Chooses parts of a picture whose scores tell the score of the whole."""

import numpy as np

from comrec_tf.compression.goal import POINTS
from comrec_tf.compression.judges import BLOCK, Judge

__all__ = ["SIDE", "blocks", "representative", "tiles"]

#: Side of the tiles that are restored instead of the whole, in pixels: two blocks of a judge.
SIDE = 2 * BLOCK

#: Pictures of up to so many pixels are looked at as a whole.
_LARGEST = 512 * 1024
#: Larger ones in windows with sides of so many pixels, so many windows down and across.
_WINDOW, _ROWS, _COLUMNS = 256, 2, 3
#: Pictures of up to so many pixels are restored as a whole.
_MOST_RESTORED = 0.3e6
#: How many random choices of tiles are compared with the whole.
_TRIES = 2000
#: Where the distribution of detail is cut, from calm to busy.
_LEVELS = (0.1, 0.3, 0.5, 0.7, 0.9)


def representative(picture: np.ndarray) -> np.ndarray:
    """Cut windows out of a large picture that together are as busy and as calm as the whole.

    Args:
        picture: uint8 (H, W, C).

    Returns:
        The picture, or of a large one 512x768 pixels, windows beside each other.
    """
    height, width = picture.shape[:2]
    if height * width <= _LARGEST:
        return picture
    high = min(_WINDOW, height // SIDE * SIDE)
    wide = min(_WINDOW, width // SIDE * SIDE)
    if not high or not wide:  # a ribbon, whose windows are its pieces
        return picture[: max(SIDE, _LARGEST // width), : max(SIDE, _LARGEST // height)]
    detail = _detail(picture)
    corners = [
        (top, left)
        for top in range(0, height - high + 1, high)
        for left in range(0, width - wide + 1, wide)
    ]
    bounds = np.quantile(detail, _LEVELS)
    shares = np.array([_shares(_part(detail, *corner, high, wide), bounds) for corner in corners])
    count = min(_ROWS * _COLUMNS, len(corners))
    chosen = _like(shares, _shares(detail, bounds), np.ones(len(_LEVELS) + 1), count)
    windows = [
        picture[top : top + high, left : left + wide] for top, left in (corners[i] for i in chosen)
    ]
    columns = _COLUMNS if count == _ROWS * _COLUMNS else count
    rows = [
        np.concatenate(windows[first : first + columns], 1) for first in range(0, count, columns)
    ]
    return np.concatenate(rows, 0)


def tiles(
    judge: Judge, errors: np.ndarray, size: tuple[int, int], share: float
) -> list[tuple[int, int]]:
    """Choose tiles whose errors together are like those of the whole picture.

    Args:
        judge: whose errors they are.
        errors: as `Judge.errors` gave them, of a picture like the one that is to be restored.
        size: height and width of the picture.
        share: how much of the picture the tiles should cover, 0 to 1.

    Returns:
        Upper left corners of tiles of `SIDE` pixels, (top, left), multiples of `SIDE`; all tiles if
        the picture is small. At its lower and right edge they may reach beyond it.
    """
    corners = [(top, left) for top in range(0, size[0], SIDE) for left in range(0, size[1], SIDE)]
    if size[0] * size[1] <= _MOST_RESTORED:
        return corners
    inside = [
        (top, left) for top, left in corners if top + SIDE <= size[0] and left + SIDE <= size[1]
    ]
    count = round(share * size[0] * size[1] / SIDE**2)
    if count >= len(inside):
        return corners
    shares = np.array([errors[(slice(None), *blocks(corner))].sum((1, 2)) for corner in inside])
    shares *= size[0] * size[1] / SIDE**2
    total = errors.sum((1, 2))
    return [inside[i] for i in sorted(_like(shares, total, _influence(judge, total), count))]


def blocks(corner: tuple[int, int]) -> tuple[slice, slice]:
    """Find the judge's blocks in a tile.

    Args:
        corner: upper left corner of the tile, (top, left), multiples of `SIDE`.

    Returns:
        Slices of blocks, down and across.
    """
    top, left = corner[0] // BLOCK, corner[1] // BLOCK
    return slice(top, top + SIDE // BLOCK), slice(left, left + SIDE // BLOCK)


def _influence(judge: Judge, errors: np.ndarray) -> np.ndarray:
    """What a small change of each error does to the score, and to the structure beside it."""

    def worth(errors: np.ndarray) -> float:
        return judge.score_of(errors) + POINTS * (judge.structure_of(errors) or 0.0)

    changes = 1e-3 * errors + 1e-15
    changed = [worth(errors + change) for change in np.diag(changes)]
    return np.abs(np.array(changed) - worth(errors)) / changes


def _like(values: np.ndarray, whole: np.ndarray, weights: np.ndarray, count: int) -> list[int]:
    """Choose `count` rows of `values` whose mean is most like `whole`; always the same ones."""
    if count >= len(values):
        return list(range(len(values)))
    random = np.random.default_rng(0)
    choices = np.argsort(random.random((_TRIES, len(values))), axis=1)[:, :count]
    # Not by a product of matrices: OpenBLAS's threads would spin while the networks run.
    distances = (np.abs(values[choices].mean(1) - whole) * weights).sum(1)
    return choices[int(np.argmin(distances))].tolist()


def _detail(picture: np.ndarray) -> np.ndarray:
    """How busy each 8x8 block is, by the steps of every second pixel of green."""
    green = picture[::2, ::2, picture.shape[-1] // 2].astype(np.int16)
    steps = np.abs(np.diff(green, axis=1))[:, : green.shape[1] // 4 * 4 - 1]
    steps = np.pad(steps, [(0, -steps.shape[0] % 4), (0, -steps.shape[1] % 4)], "edge")
    cells = steps.reshape(steps.shape[0] // 4, 4, steps.shape[1] // 4, 4).mean((1, 3))
    return np.log(1.0 + cells)


def _shares(detail: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Share of blocks below, between and above the bounds."""
    return np.bincount(np.digitize(detail.ravel(), bounds), minlength=len(bounds) + 1) / detail.size


def _part(detail: np.ndarray, top: int, left: int, height: int, width: int) -> np.ndarray:
    return detail[top // 8 : (top + height) // 8, left // 8 : (left + width) // 8]
