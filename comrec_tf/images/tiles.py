"""Networks on pictures of any size by tiles of a few fixed sizes."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from comrec_tf.images import geometry

__all__ = ["SIDES", "map_tiles", "tile_size"]

#: Heights and widths that a tile may have, in pixels of the original picture.
SIDES = (128, 256, 384, 512, 768)


def tile_size(size: tf.Tensor, sides: tuple[int, ...], halo: int) -> tf.Tensor:
    """Choose the height and width of a picture's tiles that leave the least to compute.

    Large tiles repeat less of their halos, small ones reach less far beyond the picture's edge.

    Args:
        size: int32 (2,), height and width of the picture.
        sides: what to choose from.
        halo: pixels around a tile.

    Returns:
        int32 (2,), of the values in `sides`.
    """
    choices = tf.constant(sides)
    # Rows and columns do not depend on each other: the cost is the product of theirs.
    costs = -(-size[:, None] // choices) * (choices + 2 * halo)
    return tf.gather(choices, tf.argmin(costs, axis=1))


def map_tiles(
    network: Callable[[tf.Tensor], tf.Tensor],
    picture: tf.Tensor,
    *,
    sides: tuple[int, ...],
    halo: int,
    scale: float,
    channels: int,
) -> tf.Tensor:
    """Run a convolutional network over a picture tile by tile.

    The result is what the network gives on the whole picture, the picture's edge pixels being
    repeated outwards as far as the network sees: each tile is computed with a halo around it,
    which is cut off afterwards. In memory are the picture, the result, and one tile; and the
    networks meet no more than ``len(sides)**2`` shapes, for each of which oneDNN keeps primitives.

    Args:
        network: maps (1, S, T, C) to uint8 (1, S * scale, T * scale, channels), S and T being a
            side and two halos.
        picture: any dtype, (H, W, C), H, W >= 1.
        sides: heights and widths of a tile to choose from, pixels of the picture; times `scale`
            they are whole.
        halo: pixels around a tile, at least the network's receptive radius; `halo * scale`
            is whole.
        scale: output pixels per input pixel in each direction.
        channels: of the output.

    Returns:
        uint8 (ceil(H * scale), ceil(W * scale), channels).

    Raises:
        ValueError: `sides` or `halo` are not whole numbers of output pixels.
    """
    if np.any(np.multiply([*sides, halo], scale) % 1):
        raise ValueError(
            "sides and halo must be whole numbers of output pixels. "
            f"Received: sides={sides}, halo={halo}, scale={scale}"
        )
    size = tf.shape(picture)[:2]
    tile = tile_size(size, sides, halo)
    grid = -(-size // tile)
    out_tile, out_halo = _scaled(tile, scale), int(halo * scale)

    def one_tile(index: tf.Tensor) -> tf.Tensor:
        start = tf.stack([index // grid[1], index % grid[1]]) * tile - halo
        end = start + tile + 2 * halo
        # What lies inside the picture is cut out, what does not is its edge repeated.
        inside, behind = tf.maximum(start, 0), tf.minimum(end, size)
        cut = picture[None, inside[0] : behind[0], inside[1] : behind[1]]
        before, after = inside - start, end - behind
        padded = geometry.pad_edge(cut, before[0], after[0], before[1], after[1])
        padded = tf.ensure_shape(padded, [1, None, None, picture.shape[-1]])
        out_end = out_halo + out_tile
        return network(padded)[0, out_halo : out_end[0], out_halo : out_end[1]]

    # One tile at a time: a tile is large enough to keep all cores busy.
    tiles = tf.map_fn(
        one_tile,
        tf.range(grid[0] * grid[1]),
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec([None, None, channels], tf.uint8),
    )
    tiles = tf.reshape(tiles, tf.concat([grid, out_tile, [channels]], 0))
    whole = tf.reshape(
        tf.transpose(tiles, [0, 2, 1, 3, 4]), tf.concat([grid * out_tile, [channels]], 0)
    )
    out_size = -(-size // round(1 / scale)) if scale < 1 else size * int(scale)
    return whole[: out_size[0], : out_size[1]]


def _scaled(tile: tf.Tensor, scale: float) -> tf.Tensor:
    return tile // round(1 / scale) if scale < 1 else tile * int(scale)
