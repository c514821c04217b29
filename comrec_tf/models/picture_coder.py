"""How an 8-bit picture of any size walks through the pair: to a compact picture, and back."""

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base, catalog
from comrec_tf.graph import color, geometry, tiles
from comrec_tf.models.com_rec import ComRec

__all__ = ["PictureCoder", "decode_bitstream"]


class PictureCoder:
    """Codes single pictures with a pair of networks.

    `compact` and `reconstruct` are TensorFlow operations and work in exported models; `encode` and
    `decode` are for use outside graphs.

    A grey picture stays grey. A pair for luma alone codes colour pictures too: chroma is resampled
    by bicubic interpolation and travels beside the luma that the networks make.

    Args:
        model: the pair.
        codec: what `encode` encodes with, the model's own if None.
    """

    def __init__(self, model: ComRec, codec: base.Codec | None = None) -> None:
        self.model = model
        self.codec = model.codec if codec is None else codec
        self._traced_compact = {channels: _traced(self._shrinker, channels) for channels in (1, 3)}
        self._traced_restore = {channels: _traced(self._restorer, channels) for channels in (1, 3)}

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
        self, decoded: tf.Tensor, step: tf.Tensor, height: tf.Tensor, width: tf.Tensor
    ) -> tf.Tensor:
        """Bring the original back from the decoded compact picture.

        Args:
            decoded: uint8 (h, w, 1 or 3), the channels known when tracing.
            step: float32 (), the quantiser step it was coded with.
            height, width: int32 (), size of the original, at most h * scale and w * scale.

        Returns:
            uint8 (height, width, same channels).
        """
        size = tf.stack([height, width])
        return self._restorer(step, decoded.shape[-1])(decoded, size)

    def _shrinker(self, step: tf.Tensor, channels: int) -> tiles.TiledNetwork:
        com, scale = self.model.com, self.model.scale
        log_step = self._log_step(step)

        def shrink(tile: tf.Tensor) -> tf.Tensor:
            ycbcr = color.network_pixels(tile, 3)
            compact = com(ycbcr[..., : com.channels], log_step=log_step)
            if channels == 1:
                compact = compact[..., :1]
            elif com.channels == 1:
                chroma = geometry.downsample(ycbcr[..., 1:], scale)
                compact = tf.concat([compact, chroma], -1)
            return color.codec_pixels(compact)

        return tiles.TiledNetwork(
            shrink,
            sides=tiles.SIDES,
            halo=_round_up(com.receptive_radius, scale),
            scale=1 / scale,
            channels=channels,
        )

    def _restorer(self, step: tf.Tensor, channels: int) -> tiles.TiledNetwork:
        rec, scale = self.model.rec, self.model.scale
        log_step = self._log_step(step)

        def restore(tile: tf.Tensor) -> tf.Tensor:
            ycbcr = color.network_pixels(tile, 3)
            restored = rec.reconstruct(ycbcr[..., : rec.channels], log_step=log_step)
            if channels == 1:
                restored = restored[..., :1]
            elif rec.channels == 1:
                chroma = geometry.upsample(ycbcr[..., 1:], scale)
                restored = tf.concat([restored, chroma], -1)
            return color.codec_pixels(restored)

        return tiles.TiledNetwork(
            restore,
            sides=tuple(side // scale for side in tiles.SIDES),
            halo=_round_up(rec.receptive_radius, rec.input_multiple),
            scale=scale,
            channels=channels,
        )

    def _log_step(self, step: tf.Tensor) -> tf.Tensor | None:
        return base.log_of_step(tf.reshape(step, [1])) if self.model.com.conditioned else None

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Make the compact picture and its bitstream; for use outside graphs.

        Args:
            picture: uint8 (H, W, 1 or 3).
            quality: one of the codec's qualities.

        Returns:
            The bitstream, as the codec made it.

        Raises:
            ValueError: `quality` is not one of the codec's, or the codec refuses the picture.
        """
        self.codec.check_quality(quality)
        traced = self._traced_compact[picture.shape[-1]]
        shape = self._compact_shape(picture.shape)
        compact = _by_strips(traced, tf.constant(picture), self.codec.steps[quality], shape)
        return bytes(self.codec.encode_picture(compact, quality).numpy())

    def decode(self, bitstream: bytes, step: float, shape: tuple[int, ...]) -> np.ndarray:
        """Decode a bitstream and bring the original back; for use outside graphs.

        Args:
            bitstream: what `encode` returned, of any codec.
            step: quantiser step of the quality it was made with.
            shape: height, width and channels of the original.

        Returns:
            uint8 of that shape.

        Raises:
            ValueError: the bytes are not a bitstream of any codec, a damaged one, or their
                picture's size does not fit the original's.
        """
        decoded = decode_bitstream(bitstream, self._compact_shape(shape))
        return _by_strips(self._traced_restore[shape[-1]], decoded, step, shape)

    def _compact_shape(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        height, width, channels = shape
        return -(-height // self.model.scale), -(-width // self.model.scale), channels


def decode_bitstream(bitstream: bytes, shape: tuple[int, ...]) -> tf.Tensor:
    """Decode a bitstream whose shape is known, so that no memory is spent on a false one.

    Args:
        bitstream: a file of any codec.
        shape: height, width and channels it must have; grey files may hold colour.

    Returns:
        uint8 of that shape.

    Raises:
        ValueError: the bytes are not a bitstream of any codec, a damaged one, or of another shape.
    """
    codec = catalog.codec_of(bitstream)
    try:
        received = tuple(codec.picture_shape(tf.constant(bitstream)).numpy()[:2])
        if received != shape[:2]:
            raise ValueError(
                f"expected a picture of {shape[1]}x{shape[0]} pixels inside. "
                f"Received: {received[1]}x{received[0]}"
            )
        return codec.decode_picture(tf.constant(bitstream), shape[2])
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"the {codec.name} inside is damaged: {error.message}") from error


def _traced(
    network_at: Callable[[tf.Tensor, int], tiles.TiledNetwork], channels: int
) -> Callable[..., tf.Tensor]:
    """One trace for all sizes of pictures and all steps, of a network's way over a strip."""
    signature = [
        tf.TensorSpec([None, None, channels], tf.uint8),
        tf.TensorSpec([], tf.float32),
        tf.TensorSpec([2], tf.int32),
        tf.TensorSpec([], tf.int32),
    ]
    # Without AutoGraph, which is not needed here and takes most of the time of tracing.
    return tf.function(
        lambda picture, step, size, index: network_at(step, channels).strip(picture, size, index),
        input_signature=signature,
        autograph=False,
    )


def _by_strips(
    traced: Callable[..., tf.Tensor], picture: tf.Tensor, step: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Put the whole together outside TensorFlow, which keeps the memory of its large tensors."""
    whole = np.empty(shape, np.uint8)
    top = index = 0
    while top < shape[0]:
        strip = traced(picture, step, shape[:2], index)
        whole[top : top + len(strip)] = strip
        top += len(strip)
        index += 1
    return whole


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
