"""Networks on pictures of any size by tiles of a few fixed sizes."""

from collections.abc import Callable, Sequence

import numpy as np

__all__ = ["SIDES", "apply", "apply_at", "padded_pixels", "round_up", "tile_size"]

#: Heights and widths that a tile may have, in pixels of the original picture. Few, since engines
#: prepare for each shape; small ones too, since tiles of a thin picture would otherwise be mostly
#: padding.
SIDES = (16, 64, 128, 256, 384, 512, 768)

#: Network on a tile: uint8 (1, S, T, C) -> uint8 (1, S * scale, T * scale, C).
Network = Callable[[np.ndarray], np.ndarray]


def tile_size(size: tuple[int, int], sides: tuple[int, ...], halo: int) -> tuple[int, int]:
    """Choose the height and width of a picture's tiles that leave the least to compute.

    Large tiles repeat less of their halos, small ones reach less far beyond the picture's edge.

    Args:
        size: height and width of the picture.
        sides: what to choose from, rising.
        halo: pixels around a tile.

    Returns:
        Height and width, of the values in `sides`.
    """

    # Rows and columns do not depend on each other: the cost is the product of theirs.
    def best(whole: int) -> int:
        return min(sides, key=lambda side: -(-whole // side) * (side + 2 * halo))

    return best(size[0]), best(size[1])


def padded_pixels(size: tuple[int, int], sides: tuple[int, ...], halo: int) -> int:
    """Count the pixels that a network computes for a picture, halos and padding included.

    Args:
        size, sides, halo: as in `tile_size`.

    Returns:
        The number, a measure of the work.
    """
    tile = tile_size(size, sides, halo)
    rows, columns = (
        -(-whole // side) * (side + 2 * halo) for whole, side in zip(size, tile, strict=True)
    )
    return rows * columns


def apply(
    network: Network,
    picture: np.ndarray,
    size: tuple[int, int],
    *,
    sides: tuple[int, ...],
    halo: int,
    scale: float,
    progress: Callable[[float], None] | None = None,
) -> np.ndarray:
    """Run a network over a picture, tile by tile.

    The result is that of the network on the whole picture, with its edge pixels repeated outwards.
    Each tile is computed with a halo around it, which is then cut off.

    Args:
        network: what runs on a tile and its halo.
        picture: uint8 (H, W, C), H, W >= 1.
        size: height and width of the output, at most ceil(H * scale) and ceil(W * scale).
        sides: heights and widths of a tile to choose from, pixels of the picture; times `scale`
            they are whole.
        halo: pixels around a tile, at least the network's receptive radius; `halo * scale` is
            whole.
        scale: output pixels per input pixel in each direction.
        progress: told after each tile which share of them is done, 0 to 1.

    Returns:
        uint8 (*size, C).
    """
    height, width = picture.shape[:2]
    tile = tile_size((height, width), sides, halo)
    whole = np.empty((*size, picture.shape[-1]), np.uint8)
    out_halo = round(halo * scale)
    out_tile = [round(side * scale) for side in tile]
    starts = [
        (row, column)
        for row in range(-(-size[0] // out_tile[0]))
        for column in range(-(-size[1] // out_tile[1]))
    ]
    for done, (row, column) in enumerate(starts, 1):
        padded = _cut(picture, (row * tile[0], column * tile[1]), tile, halo)
        result = network(padded)[0, out_halo:, out_halo:]
        top, left = row * out_tile[0], column * out_tile[1]
        place = whole[top : top + out_tile[0], left : left + out_tile[1]]
        place[...] = result[: place.shape[0], : place.shape[1]]
        if progress is not None:
            progress(done / len(starts))
    return whole


def apply_at(
    network: Network,
    picture: np.ndarray,
    corners: Sequence[tuple[int, int]],
    *,
    side: int,
    halo: int,
    scale: float,
) -> list[np.ndarray]:
    """Run a network over parts of a picture.

    Args:
        network, picture, halo, scale: as in `apply`; a halo smaller than the network's receptive
            radius is faster, and less exact at the rim of each part.
        corners: upper left corners of the parts, (top, left), pixels of the picture.
        side: of the parts, pixels of the picture.

    Returns:
        For each part uint8 (side * scale, side * scale, C); what lies beyond the picture has no
        meaning.
    """
    rim, out = round(halo * scale), round(side * scale)
    parts = (network(_cut(picture, corner, (side, side), halo))[0] for corner in corners)
    return [part[rim : rim + out, rim : rim + out] for part in parts]


def round_up(number: int, multiple: int) -> int:
    """Round a whole number up to a multiple of another.

    Args:
        number: the number.
        multiple: positive.

    Returns:
        The smallest multiple that is not below the number.
    """
    return -(-number // multiple) * multiple


def _cut(
    picture: np.ndarray, start: tuple[int, int], tile: tuple[int, int], halo: int
) -> np.ndarray:
    """A tile and its halo, (1, S, T, C); what lies outside the picture is its edge repeated."""
    spans, pads = [], []
    for length, first, side in zip(picture.shape, start, tile, strict=False):
        low, high = first - halo, first + side + halo
        # A tile may lie beyond the picture as a whole: then its last row or column is repeated.
        inside = slice(min(max(low, 0), length - 1), max(min(high, length), 1))
        spans.append(inside)
        pads.append((inside.start - low, high - inside.stop))
    cut = picture[spans[0], spans[1]]
    return np.pad(cut, (*pads, (0, 0)), "edge")[None]
