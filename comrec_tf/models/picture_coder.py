"""How an 8-bit picture of any size walks through the pair in TensorFlow operations, for exports."""

from collections.abc import Callable

import tensorflow as tf

from comrec_tf.graph import codecs
from comrec_tf.graph.tiles import TiledNetwork, padded_pixels
from comrec_tf.images import tiles
from comrec_tf.models import tile_networks
from comrec_tf.models.com_rec import ComRec

__all__ = ["PictureCoder"]


class PictureCoder:
    """Makes compact pictures and restores them with a pair of networks, in graphs.

    The twin of `compression.picture_coder`, which codes files. A grey picture stays grey.

    Args:
        model: the pair.
    """

    def __init__(self, model: ComRec) -> None:
        self.model = model

    def compact(self, picture: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Make the compact picture.

        Args:
            picture: uint8 (H, W, 1 or 3), grey or RGB, the channels known when tracing.
            step: float32 (), the codec's quantiser step at the quality it will be coded with.

        Returns:
            uint8 (ceil(H / scale), ceil(W / scale), same channels).
        """
        size = -(-tf.shape(picture)[:2] // self.model.scale)
        return self._shrinker(step, picture.shape[-1])(picture, size)

    def reconstruct(
        self,
        decoded: tf.Tensor,
        conditions: tf.Tensor,
        height: tf.Tensor,
        width: tf.Tensor,
        blend: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None = None,
    ) -> tf.Tensor:
        """Bring the original back from the decoded compact picture.

        Args:
            decoded: uint8 (h, w, 1 or 3), the channels known when tracing.
            conditions: float32 (5,), what is known of its coding, see `codecs.condition`.
            height, width: int32 (), size of the original, at most h * scale and w * scale.
            blend: makes one tile from a decoded and a restored tile, uint8 (1, S, T, C) each; only
                for a pair of scale 1.

        Returns:
            uint8 (height, width, same channels).
        """
        size = tf.stack([height, width])
        return self._restorer(conditions, decoded.shape[-1], blend)(decoded, size)

    def restoring_work(self, size: tf.Tensor) -> tf.Tensor:
        """Count the pixels that restoring a picture computes, halos and padding included.

        Args:
            size: int32 or int64 (2,), height and width of the original.

        Returns:
            int64 (), in pixels of the original.
        """
        scale = self.model.scale
        return scale**2 * padded_pixels(-(-size // scale), self._sides, self._halo)

    def _shrinker(self, step: tf.Tensor, channels: int) -> TiledNetwork:
        com, scale = self.model.com, self.model.scale
        return TiledNetwork(
            _network(tile_networks.shrinking(self.model), codecs.log_of_step(step)[None]),
            sides=tiles.SIDES,
            halo=tiles.round_up(com.receptive_radius, scale),
            scale=1 / scale,
            channels=channels,
        )

    def _restorer(
        self,
        conditions: tf.Tensor,
        channels: int,
        blend: Callable[[tf.Tensor, tf.Tensor], tf.Tensor] | None,
    ) -> TiledNetwork:
        network = _network(tile_networks.restoring(self.model), conditions)
        return TiledNetwork(
            network if blend is None else lambda tile: blend(tile, network(tile)),
            sides=self._sides,
            halo=self._halo,
            scale=self.model.scale,
            channels=channels,
        )

    @property
    def _sides(self) -> tuple[int, ...]:
        return tuple(side // self.model.scale for side in tiles.SIDES)

    @property
    def _halo(self) -> int:
        return tiles.round_up(self.model.rec.receptive_radius, self.model.rec.input_multiple)


def _network(
    function: tile_networks.TileFunction, conditions: tf.Tensor
) -> Callable[[tf.Tensor], tf.Tensor]:
    return lambda tile: tile_networks.on_pixels(function, tile, conditions)
