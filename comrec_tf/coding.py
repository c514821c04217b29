"""How an 8-bit picture of any size walks through the pair: to a compact picture, and back."""

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base, catalog
from comrec_tf.images import color, geometry, tiles
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
        # One trace for all sizes, grey and colour apart. Without AutoGraph, which these functions
        # do not need and which takes most of the time of tracing.
        step, size = tf.TensorSpec([], tf.float32), tf.TensorSpec([], tf.int32)
        pictures = {
            channels: tf.TensorSpec([None, None, channels], tf.uint8) for channels in (1, 3)
        }
        self._traced_compact = {
            channels: tf.function(self.compact, input_signature=[picture, step], autograph=False)
            for channels, picture in pictures.items()
        }
        self._traced_reconstruct = {
            channels: tf.function(
                self.reconstruct, input_signature=[picture, step, size, size], autograph=False
            )
            for channels, picture in pictures.items()
        }

    def compact(self, picture: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
        """Make the compact picture.

        Args:
            picture: uint8 (H, W, 1 or 3), grey or RGB, the channels known when tracing.
            step: float32 (), the codec's quantiser step at the quality it will be coded with.

        Returns:
            uint8 (ceil(H / scale), ceil(W / scale), same channels).
        """
        com, scale, grey = self.model.com, self.model.scale, picture.shape[-1] == 1
        log_step = self._log_step(step)

        def shrink(tile: tf.Tensor) -> tf.Tensor:
            ycbcr = color.network_pixels(tile, 3)
            compact = com(ycbcr[..., : com.channels], log_step=log_step)
            if grey:
                compact = compact[..., :1]
            elif com.channels == 1:
                chroma = geometry.downsample(ycbcr[..., 1:], scale)
                compact = tf.concat([compact, chroma], -1)
            return color.codec_pixels(compact)

        return tiles.map_tiles(
            shrink,
            picture,
            sides=tiles.SIDES,
            halo=_round_up(com.receptive_radius, scale),
            scale=1 / scale,
            channels=picture.shape[-1],
        )

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
        rec, scale, grey = self.model.rec, self.model.scale, decoded.shape[-1] == 1
        log_step = self._log_step(step)

        def restore(tile: tf.Tensor) -> tf.Tensor:
            ycbcr = color.network_pixels(tile, 3)
            restored = rec.reconstruct(ycbcr[..., : rec.channels], log_step=log_step)
            if grey:
                restored = restored[..., :1]
            elif rec.channels == 1:
                chroma = geometry.upsample(ycbcr[..., 1:], scale)
                restored = tf.concat([restored, chroma], -1)
            return color.codec_pixels(restored)

        restored = tiles.map_tiles(
            restore,
            decoded,
            sides=tuple(side // scale for side in tiles.SIDES),
            halo=_round_up(rec.receptive_radius, rec.input_multiple),
            scale=scale,
            channels=decoded.shape[-1],
        )
        return restored[:height, :width]

    def _log_step(self, step: tf.Tensor) -> tf.Tensor | None:
        return base.log_of_step(tf.reshape(step, [1])) if self.model.com.conditioned else None

    def encode(self, picture: np.ndarray, quality: int) -> bytes:
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
        step = self.codec.step(quality)
        compact = self._traced_compact[picture.shape[-1]](picture, step)
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
        scale = self.model.scale
        height, width, channels = shape
        decoded = decode_bitstream(bitstream, (-(-height // scale), -(-width // scale), channels))
        return self._traced_reconstruct[channels](decoded, step, height, width).numpy()


def decode_bitstream(bitstream: bytes, shape: tuple[int, ...]) -> np.ndarray:
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
        return codec.decode_picture(tf.constant(bitstream), shape[2]).numpy()
    except tf.errors.InvalidArgumentError as error:
        raise ValueError(f"the {codec.name} inside is damaged: {error.message}") from error


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
