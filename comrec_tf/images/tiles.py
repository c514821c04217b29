"""Networks on pictures of any size by tiles of one size."""

import math
from collections.abc import Callable

import tensorflow as tf

from comrec_tf.images import geometry

__all__ = ["map_tiles"]


def map_tiles(
    network: Callable[[tf.Tensor], tf.Tensor],
    picture: tf.Tensor,
    *,
    tile_size: int,
    halo: int,
    scale: float,
) -> tf.Tensor:
    """Run a convolutional network over a picture tile by tile.

    The result is what the network gives on the whole picture, the picture's edge pixels being
    repeated outwards as far as the network sees: each tile is computed with a halo around it,
    which is cut off afterwards. Memory is bounded by a tile, and the network meets one shape
    only, for which oneDNN keeps its primitives.

    Args:
        network: maps float (1, S, S, C) to float (1, S * scale, S * scale, K),
            S = tile_size + 2 * halo.
        picture: float (H, W, C), H, W >= 1.
        tile_size: pixels of the picture to a tile's side; `tile_size * scale` is whole.
        halo: pixels around a tile, at least the network's receptive radius; `halo * scale`
            is whole.
        scale: output pixels per input pixel in each direction.

    Returns:
        float (ceil(H * scale), ceil(W * scale), K).
    """
    out_tile, out_halo = int(tile_size * scale), int(halo * scale)
    if out_tile != tile_size * scale or out_halo != halo * scale:
        raise ValueError(
            "tile_size and halo must be whole numbers of output pixels. "
            f"Received: tile_size={tile_size}, halo={halo}, scale={scale}"
        )
    size = tf.shape(picture)[:2]
    rows, columns = tf.unstack(-(-size // tile_size))
    bottom, right = tf.unstack(tf.stack([rows, columns]) * tile_size - size + halo)
    padded = geometry.pad_edge(picture[None], halo, bottom, halo, right)
    padded = tf.ensure_shape(padded, [1, None, None, picture.shape[-1]])
    side = tile_size + 2 * halo

    def one_tile(index: tf.Tensor) -> tf.Tensor:
        top, left = index // columns * tile_size, index % columns * tile_size
        tile = tf.slice(padded, [0, top, left, 0], [1, side, side, picture.shape[-1]])
        return network(tile)[0, out_halo : out_halo + out_tile, out_halo : out_halo + out_tile]

    # One tile at a time: a tile is large enough to keep all cores busy.
    tiles = tf.map_fn(
        one_tile,
        tf.range(rows * columns),
        parallel_iterations=1,
        fn_output_signature=tf.TensorSpec([out_tile, out_tile, None], tf.float32),
    )
    num_channels = tf.shape(tiles)[-1]
    grid = tf.reshape(tiles, [rows, columns, out_tile, out_tile, num_channels])
    whole = tf.reshape(
        tf.transpose(grid, [0, 2, 1, 3, 4]), [rows * out_tile, columns * out_tile, num_channels]
    )
    out_size = -(-size // round(1 / scale)) if scale < 1 else size * math.floor(scale)
    return whole[: out_size[0], : out_size[1]]
