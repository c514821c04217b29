"""An 8-bit picture of any size through a pair: to its compact picture, and back."""

from collections.abc import Callable, Sequence

import numpy as np

from comrec_tf.codecs import catalog, condition
from comrec_tf.engines.base import EnginePair
from comrec_tf.images import tiles

__all__ = ["PictureCoder", "decode_bitstream"]

#: How many views of a tile are restored, by effort: as it is and turned by half a turn, both
#: transposed, all four mirrored.
_VIEWS = {1: 1, 2: 4, 3: 8}


class PictureCoder:
    """Makes compact pictures and restores them, tile by tile.

    A grey picture stays grey. A pair for luma alone codes colour pictures too: their chroma is only
    resampled by bicubic interpolation.

    Args:
        pair: the networks.
    """

    def __init__(self, pair: EnginePair) -> None:
        self.pair = pair

    def compact(
        self,
        picture: np.ndarray,
        step: float,
        progress: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Make the compact picture.

        Args:
            picture: uint8 (H, W, 1 or 3).
            step: the codec's quantiser step at the quality it will be coded with.
            progress: told after each tile which share of them is done, 0 to 1.

        Returns:
            uint8 (ceil(H / scale), ceil(W / scale), same channels).
        """
        com, scale = self.pair.com, self.pair.scale
        if com is None:
            return picture
        of_step = condition.of_step(step)
        return tiles.apply(
            lambda tile: com(tile, of_step),
            picture,
            self.compact_shape(picture.shape)[:2],
            sides=tiles.SIDES,
            halo=tiles.round_up(self.pair.com_radius, scale),
            scale=1 / scale,
            progress=progress,
        )

    def restore(
        self,
        decoded: np.ndarray,
        conditions: np.ndarray,
        size: tuple[int, int],
        progress: Callable[[float], None] | None = None,
        *,
        effort: int = 1,
    ) -> np.ndarray:
        """Restore the original from the decoded compact picture.

        RecCNN errs differently in a mirrored or transposed picture, so that the mean of what it
        makes of several such views is better: the self-ensemble of Lim et al., Enhanced Deep
        Residual Networks for Single Image Super-Resolution, 2017 (arXiv 1707.02921, 3.4). The
        compact picture of a pair at half size has no such views: ComCNN would have made others.

        Args:
            decoded: uint8 (h, w, 1 or 3).
            conditions: float32 (5,), what is known of its coding, see `codecs.condition`.
            size: height and width of the original, at most h * scale and w * scale.
            progress: told after each tile which share of them is done, 0 to 1.
            effort: one of `target.EFFORTS`: 1 to restore once; 2 and 3 for the mean of four and of
                eight views, where the pair is at full size.

        Returns:
            uint8 (*size, same channels).
        """
        views = _VIEWS[effort] if self.pair.scale == 1 else 1
        return tiles.apply(
            lambda tile: _mean_of_views(lambda view: self.pair.rec(view, conditions), tile, views),
            decoded,
            size,
            sides=self._sides,
            halo=self._halo,
            scale=self.pair.scale,
            progress=progress,
        )

    def restore_tiles(
        self,
        decoded: np.ndarray,
        conditions: np.ndarray,
        corners: Sequence[tuple[int, int]],
        side: int,
    ) -> list[np.ndarray]:
        """Restore parts of the original, faster and about as well as in the whole.

        Args:
            decoded, conditions: as in `restore`.
            corners: upper left corners of the parts, (top, left), pixels of the original, multiples
                of the scale.
            side: of the parts, pixels of the original, a multiple of the scale.

        Returns:
            For each part uint8 (side, side, C); what lies beyond the picture has no meaning.
        """
        scale = self.pair.scale
        return tiles.apply_at(
            lambda tile: self.pair.rec(tile, conditions),
            decoded,
            [(top // scale, left // scale) for top, left in corners],
            side=side // scale,
            # A quarter of the receptive field costs 0.05 points of SSIMULACRA2 at the rim.
            halo=tiles.round_up(self.pair.rec_radius // 4, self.pair.rec_multiple),
            scale=scale,
        )

    def restoring_work(self, size: tuple[int, int]) -> int:
        """Count the pixels that restoring a picture computes, halos and padding included.

        Args:
            size: height and width of the original.

        Returns:
            The number, in pixels of the original.
        """
        height, width, _ = self.compact_shape((*size, 1))
        return tiles.padded_pixels((height, width), self._sides, self._halo) * self.pair.scale**2

    def compact_shape(self, shape: tuple[int, ...]) -> tuple[int, int, int]:
        """Compute the shape of a compact picture.

        Args:
            shape: (H, W, C) of the original.

        Returns:
            (ceil(H / scale), ceil(W / scale), C).
        """
        height, width, channels = shape
        return -(-height // self.pair.scale), -(-width // self.pair.scale), channels

    @property
    def _sides(self) -> tuple[int, ...]:
        return tuple(side // self.pair.scale for side in tiles.SIDES)

    @property
    def _halo(self) -> int:
        return tiles.round_up(self.pair.rec_radius, self.pair.rec_multiple)


def _mean_of_views(rec: tiles.Network, tile: np.ndarray, views: int) -> np.ndarray:
    if views == 1:
        return rec(tile)
    total = np.zeros(tile.shape, np.uint16)
    for view in range(views):
        total += _turned_back(rec(np.ascontiguousarray(_turned(tile, view))), view)
    return ((total + views // 2) // views).astype(np.uint8)


def _turned(tile: np.ndarray, view: int) -> np.ndarray:
    """One of eight views of uint8 (1, S, T, C): each bit of `view` is one way of turning."""
    turned = tile[:, ::-1, ::-1] if view & 1 else tile
    turned = turned.swapaxes(1, 2) if view & 2 else turned
    return turned[:, ::-1] if view & 4 else turned


def _turned_back(turned: np.ndarray, view: int) -> np.ndarray:
    turned = turned[:, ::-1] if view & 4 else turned
    turned = turned.swapaxes(1, 2) if view & 2 else turned
    return turned[:, ::-1, ::-1] if view & 1 else turned


def decode_bitstream(bitstream: bytes, shape: tuple[int, ...]) -> np.ndarray:
    """Decode a bitstream of known shape; another shape is refused before memory is spent on it.

    Args:
        bitstream: a file of any codec.
        shape: height, width and channels it must have; grey files may hold colour.

    Returns:
        uint8 of that shape.

    Raises:
        ValueError: the bytes are not a bitstream of any codec, a damaged one, or of another shape.
    """
    codec = catalog.codec_of(bitstream)
    received = codec.shape(bitstream)[:2]
    if received != shape[:2]:
        raise ValueError(
            f"expected a picture of {shape[1]}x{shape[0]} pixels inside. "
            f"Received: {received[1]}x{received[0]}"
        )
    try:
        return codec.decode(bitstream, shape[2])
    except ValueError as error:
        raise ValueError(f"the {codec.name} inside is damaged: {error}") from error
