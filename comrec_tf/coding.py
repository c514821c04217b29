"""How an 8-bit picture of any size walks through the pair: to a bitstream, and back."""

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.images import color, geometry, tiles
from comrec_tf.models.com_rec import ComRec

__all__ = ["PictureCoder"]

#: Side of a tile in pixels of the original picture.
_TILE_SIZE = 256


class PictureCoder:
    """Codes single pictures with a pair of networks; made of TensorFlow operations throughout.

    A grey picture stays grey. A pair for luma alone codes colour pictures too: chroma is resampled
    by bicubic interpolation and travels beside the luma that the networks make.

    Args:
        model: the pair.
        codec: the codec, the model's own if None.
    """

    def __init__(self, model: ComRec, codec: base.Codec | None = None) -> None:
        self.model = model
        self.codec = model.codec if codec is None else codec
        # One trace for all sizes, grey and colour apart.
        number = tf.TensorSpec([], tf.int32)
        pictures = {
            channels: tf.TensorSpec([None, None, channels], tf.uint8) for channels in (1, 3)
        }
        self._traced_compact = {
            channels: tf.function(self.compact, input_signature=[picture, number])
            for channels, picture in pictures.items()
        }
        self._traced_reconstruct = {
            channels: tf.function(
                self.reconstruct, input_signature=[picture, number, number, number]
            )
            for channels, picture in pictures.items()
        }

    def compact(self, picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Make the compact picture.

        Args:
            picture: uint8 (H, W, 1 or 3), grey or RGB, the channels known when tracing.
            quality: int32 (), the quality it will be coded with.

        Returns:
            uint8 (ceil(H / scale), ceil(W / scale), same channels).
        """
        model = self.model
        ycbcr = color.network_pixels(picture, 3)
        compact = tiles.map_tiles(
            lambda tile: model.shrink(tile, tf.reshape(quality, [1])),
            ycbcr[..., : model.channels],
            tile_size=_TILE_SIZE,
            halo=_round_up(model.com.receptive_radius, model.scale),
            scale=1 / model.scale,
        )
        compact = tf.ensure_shape(compact, [None, None, model.channels])
        if picture.shape[-1] == 1:
            return color.codec_pixels(compact[..., :1])
        if model.channels == 1:
            padded = geometry.pad_to(ycbcr[None, ..., 1:], model.scale)
            compact = tf.concat([compact, geometry.downsample(padded, model.scale)[0]], -1)
        return color.codec_pixels(compact)

    def reconstruct(
        self, decoded: tf.Tensor, quality: tf.Tensor, height: tf.Tensor, width: tf.Tensor
    ) -> tf.Tensor:
        """Bring the original back from the decoded compact picture.

        Args:
            decoded: uint8 (h, w, 1 or 3), the channels known when tracing.
            quality: int32 (), the quality it was coded with.
            height, width: int32 (), size of the original, at most h * scale and w * scale.

        Returns:
            uint8 (height, width, same channels).
        """
        model = self.model
        ycbcr = color.network_pixels(decoded, 3)
        restored = tiles.map_tiles(
            lambda tile: model.reconstruct(tile, tf.reshape(quality, [1])),
            ycbcr[..., : model.channels],
            tile_size=_TILE_SIZE // model.scale,
            halo=_round_up(model.rec.receptive_radius, model.rec.input_multiple),
            scale=model.scale,
        )
        restored = tf.ensure_shape(restored, [None, None, model.channels])
        if decoded.shape[-1] == 1:
            restored = restored[..., :1]
        elif model.channels == 1:
            chroma = geometry.upsample(ycbcr[None, ..., 1:], model.scale)[0]
            restored = tf.concat([restored, chroma], -1)
        return color.codec_pixels(restored[:height, :width])

    def encode(self, picture: np.ndarray, quality: int) -> bytes:
        """Make the compact picture and its bitstream; for use outside graphs.

        Args:
            picture: uint8 (H, W, 1 or 3).
            quality: one of the codec's qualities.

        Returns:
            The bitstream, as the codec made it.

        Raises:
            ValueError: `quality` is not one of the codec's.
        """
        self.codec.check_quality(quality)
        compact = self._traced_compact[picture.shape[-1]](picture, quality)
        return bytes(self.codec.encode_picture(compact, quality).numpy())

    def decode(self, bitstream: bytes, quality: int, height: int, width: int) -> np.ndarray:
        """Decode a bitstream and bring the original back; for use outside graphs.

        Args:
            bitstream: what `encode` returned.
            quality: the quality it was made with.
            height, width: size of the original.

        Returns:
            uint8 (height, width, 1 or 3).

        Raises:
            tf.errors.InvalidArgumentError: the bytes are not a bitstream of the codec.
            ValueError: its size does not fit the original's.
        """
        scale = self.model.scale
        expected = (-(-height // scale), -(-width // scale))
        received = tuple(self.codec.picture_shape(tf.constant(bitstream)).numpy()[:2])
        if received != expected:
            raise ValueError(
                f"the compact picture of a {width}x{height} original must have "
                f"{expected[1]}x{expected[0]} pixels. Received: {received[1]}x{received[0]}"
            )
        decoded = self.codec.decode_picture(tf.constant(bitstream))
        traced = self._traced_reconstruct[decoded.shape[-1]]
        return traced(decoded, quality, height, width).numpy()


def _round_up(number: int, multiple: int) -> int:
    return -(-number // multiple) * multiple
