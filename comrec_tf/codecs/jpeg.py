"""JPEG by TensorFlow operations: works in graphs, in tf.data and in exported models."""

from typing import Any

import keras
import tensorflow as tf

from comrec_tf.codecs import base, quantization
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg

__all__ = ["JpegCodec"]


@keras.saving.register_keras_serializable(package="comrec_tf")
class JpegCodec(base.Codec):
    """Baseline or progressive JPEG of libjpeg-turbo, with the standard quantisation tables.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; without meaning for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture (as
            `jpegtran -optimize`); the standard tables cost a third more bytes at quality 5. The
            tables of the paper (Jiang et al. 2017) count bytes with the standard ones.
        progressive: whether the scans are progressive; that implies tables made for each picture.

    Raises:
        ValueError: `chroma_subsampling` is neither of the two.
    """

    name = "jpeg"
    qualities = range(1, 101)
    traceable = True
    suffix = ".jpg"
    #: What libjpeg writes at most.
    max_size = 65500

    def __init__(
        self,
        chroma_subsampling: str = "4:2:0",
        optimize_huffman: bool = True,
        progressive: bool = False,
    ) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        self.chroma_subsampling = chroma_subsampling
        self.optimize_huffman = optimize_huffman
        self.progressive = progressive

    def encode_picture(self, picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
        """Encode one picture; see `Codec.encode_picture`."""
        known = self.check_quality(quality)
        if known is not None:
            return self._encode(picture, int(known))
        # The operation takes quality as an attribute. The one that takes a tensor
        # (EncodeJpegVariableQuality) cannot optimise Huffman tables, so there is a branch each.
        index = tf.cast(quality, tf.int32) - self.qualities[0]
        inside = tf.debugging.Assert(
            (index >= 0) & (index < len(self.qualities)),
            ["jpeg expects a quality in steps of 1 from 1 to 100. Received: quality =", quality],
        )
        with tf.control_dependencies([inside] if inside is not None else []):
            index = tf.identity(index)
        return tf.switch_case(index, [lambda q=q: self._encode(picture, q) for q in self.qualities])

    def _encode(self, picture: tf.Tensor, quality: int) -> tf.Tensor:
        return tf.io.encode_jpeg(
            picture,
            format="",
            quality=quality,
            progressive=self.progressive,
            optimize_size=self.optimize_huffman,
            chroma_downsampling=self.chroma_subsampling == "4:2:0",
        )

    def decode_picture(self, bitstream: tf.Tensor, channels: int = 0) -> tf.Tensor:
        """Decode one bitstream; see `Codec.decode_picture`."""
        # The accurate integer DCT is libjpeg's reference, the same on every machine; the default
        # is the fast one, which is up to two grey levels off.
        return tf.io.decode_jpeg(bitstream, channels=channels, dct_method="INTEGER_ACCURATE")

    def stand_in(self) -> DifferentiableJpeg:
        """Return JPEG as differentiable arithmetic; see `Codec.stand_in`."""
        return DifferentiableJpeg(self.chroma_subsampling)

    def picture_shape(self, bitstream: tf.Tensor) -> tf.Tensor:
        """Read a picture's shape; see `Codec.picture_shape`."""
        return tf.io.extract_jpeg_shape(bitstream)

    def step(self, quality: tf.Tensor) -> tf.Tensor:
        """Return the DC step of luma; see `quantization.standard_tables` and `Codec.step`."""
        return quantization.standard_tables(quality)[..., 0, 0, 0]

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "optimize_huffman": self.optimize_huffman,
            "progressive": self.progressive,
        }
