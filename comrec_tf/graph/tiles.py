"""Networks on pictures of any size by tiles, in TensorFlow operations: twin of `images.tiles`."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from comrec_tf.graph import geometry

__all__ = ["TiledNetwork", "padded_pixels", "tile_size"]


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
    return tf.gather(tf.constant(sides), tf.argmin(_costs(size, sides, halo), axis=1))


def padded_pixels(size: tf.Tensor, sides: tuple[int, ...], halo: int) -> tf.Tensor:
    """Count the pixels that a network computes for a picture, halos and padding included.

    Args:
        size, sides, halo: as in `tile_size`.

    Returns:
        int64 ().
    """
    return tf.reduce_prod(tf.reduce_min(_costs(tf.cast(size, tf.int64), sides, halo), axis=1))


def _costs(size: tf.Tensor, sides: tuple[int, ...], halo: int) -> tf.Tensor:
    """Rows, and columns, for each choice: the cost of a picture is the product of both."""
    choices = tf.constant(sides, size.dtype)
    return -(-size[:, None] // choices) * (choices + 2 * halo)


class TiledNetwork:
    """A convolutional network over pictures of any size, tile by tile.

    The result is that of the network on the whole picture, with its edge pixels repeated outwards.
    Each tile is computed with a halo around it, which is then cut off.
    There are at most ``len(sides)**2`` shapes of tiles, for each of which oneDNN keeps primitives.

    Args:
        network: maps (1, S, T, C) to uint8 (1, S * scale, T * scale, channels), S and T being a
            side and two halos.
        sides: heights and widths of a tile to choose from, pixels of the picture; times `scale`
            they are whole.
        halo: pixels around a tile, at least the network's receptive radius; `halo * scale`
            is whole.
        scale: output pixels per input pixel in each direction.
        channels: of the output.

    Raises:
        ValueError: `sides` or `halo` are not whole numbers of output pixels.
    """

    def __init__(
        self,
        network: Callable[[tf.Tensor], tf.Tensor],
        *,
        sides: tuple[int, ...],
        halo: int,
        scale: float,
        channels: int,
    ) -> None:
        if np.any(np.multiply([*sides, halo], scale) % 1):
            raise ValueError(
                "sides and halo must be whole numbers of output pixels. "
                f"Received: sides={sides}, halo={halo}, scale={scale}"
            )
        self._network = network
        self._sides = sides
        self._halo = halo
        self._scale = scale
        self._channels = channels

    def __call__(self, picture: tf.Tensor, size: tf.Tensor) -> tf.Tensor:
        """Run over a whole picture, in TensorFlow operations alone.

        Args:
            picture: any dtype, (H, W, C), H, W >= 1.
            size: int32 (2,), height and width of the output, at most ceil(H * scale) and
                ceil(W * scale).

        Returns:
            uint8 (*size, channels). While its strips are joined, it is in memory twice.
        """
        num_strips = -(-tf.shape(picture)[0] // self._tile(picture)[0])
        strips = tf.TensorArray(
            tf.uint8, num_strips, infer_shape=False, element_shape=[None, None, self._channels]
        )
        _, strips = tf.while_loop(
            lambda index, _: index < num_strips,
            lambda index, strips: (
                index + 1,
                strips.write(index, self.strip(picture, size, index)),
            ),
            (0, strips),
            parallel_iterations=1,
        )
        return strips.concat()

    def strip(self, picture: tf.Tensor, size: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """Run over one row of tiles.

        Args:
            picture: as for the whole.
            size: as for the whole.
            index: int32 (), which row of tiles.

        Returns:
            uint8 (S, size[1], channels): the next rows of the whole.
        """
        in_size = tf.shape(picture)[:2]
        tile = self._tile(picture)
        out_halo = int(self._halo * self._scale)
        out_tile = tile // round(1 / self._scale) if self._scale < 1 else tile * int(self._scale)

        def one_tile(column: tf.Tensor) -> tf.Tensor:
            start = tf.stack([index, column]) * tile - self._halo
            end = start + tile + 2 * self._halo
            # What is inside the picture is cut out; outside, its edge is repeated.
            inside, behind = tf.maximum(start, 0), tf.minimum(end, in_size)
            cut = picture[None, inside[0] : behind[0], inside[1] : behind[1]]
            before, after = inside - start, end - behind
            padded = geometry.pad_edge(cut, before[0], after[0], before[1], after[1])
            padded = tf.ensure_shape(padded, [1, None, None, picture.shape[-1]])
            out_end = out_halo + out_tile
            return self._network(padded)[0, out_halo : out_end[0], out_halo : out_end[1]]

        # One tile at a time: a tile is large enough to keep all cores busy.
        row = tf.map_fn(
            one_tile,
            tf.range(-(-in_size[1] // tile[1])),
            parallel_iterations=1,
            fn_output_signature=tf.TensorSpec([None, None, self._channels], tf.uint8),
        )
        strip = tf.reshape(tf.transpose(row, [1, 0, 2, 3]), [out_tile[0], -1, self._channels])
        return strip[: size[0] - index * out_tile[0], : size[1]]

    def _tile(self, picture: tf.Tensor) -> tf.Tensor:
        return tile_size(tf.shape(picture)[:2], self._sides, self._halo)
