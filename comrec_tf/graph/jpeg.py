"""JPEG in TensorFlow operations, for exported models: the twin of `codecs.jpeg`."""

import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.codecs.jpeg import JpegCodec

__all__ = ["GraphJpeg", "exportable"]

#: Bytes 13 to 17 of a JFIF file without dots per inch, as libjpeg writes by default.
_DENSITY = slice(13, 18)
_NO_DENSITY = b"\0\0\1\0\1"


class GraphJpeg:
    """Encodes and decodes as `JpegCodec` does, byte for byte, in graphs.

    Args:
        codec: the codec whose twin this is.
    """

    def __init__(self, codec: JpegCodec) -> None:
        self.codec = codec

    def encode(self, picture: tf.Tensor, quality: tf.Tensor | int) -> tf.Tensor:
        """Encode a picture.

        Args:
            picture: uint8 (H, W, 1 or 3), the channels need not be known when tracing.
            quality: int32 (), 1 to 100; a Python number makes a smaller graph.

        Returns:
            The bitstream, string ().

        Raises:
            tf.errors.InvalidArgumentError: the quality is out of range.
        """
        if isinstance(quality, int):
            return _without_density(self._encode(picture, quality))
        # The operation takes the quality as an attribute, so each quality has a branch. The
        # operation that takes it as a tensor (EncodeJpegVariableQuality) cannot optimise Huffman
        # tables.
        qualities = self.codec.qualities
        index = tf.cast(quality, tf.int32) - int(qualities[0])
        inside = tf.debugging.Assert(
            (index >= 0) & (index < len(qualities)),
            ["jpeg expects a quality in steps of 1 from 1 to 100. Received: quality =", quality],
        )
        with tf.control_dependencies([inside] if inside is not None else []):
            index = tf.identity(index)
        branches = [lambda q=q: self._encode(picture, int(q)) for q in qualities]
        return _without_density(tf.switch_case(index, branches))

    def _encode(self, picture: tf.Tensor, quality: int) -> tf.Tensor:
        return tf.io.encode_jpeg(
            picture,
            format="",
            quality=quality,
            progressive=self.codec.progressive,
            optimize_size=self.codec.optimize_huffman,
            # Ignored for grey pictures.
            chroma_downsampling=self.codec.chroma_subsampling == "4:2:0",
        )

    def decode(self, bitstream: tf.Tensor, channels: int = 0) -> tf.Tensor:
        """Decode a bitstream.

        Args:
            bitstream: string ().
            channels: 1 for grey, 3 for RGB, 0 for what the bitstream holds.

        Returns:
            uint8 (H, W, 1 or 3).

        Raises:
            tf.errors.InvalidArgumentError: the bytes are not a JPEG.
        """
        # The accurate integer DCT is libjpeg's reference, the same on every machine; the default
        # is the fast one, which is up to two grey levels off.
        return tf.io.decode_jpeg(bitstream, channels=channels, dct_method="INTEGER_ACCURATE")


def _without_density(content: tf.Tensor) -> tf.Tensor:
    behind = tf.strings.length(content) - _DENSITY.stop
    return tf.strings.join(
        [
            tf.strings.substr(content, 0, _DENSITY.start),
            _NO_DENSITY,
            tf.strings.substr(content, _DENSITY.stop, behind),
        ]
    )


def exportable(codec: base.Codec) -> GraphJpeg:
    """Return the twin of a codec for an exported model, which contains no Python.

    Args:
        codec: any codec.

    Returns:
        The twin of the codec, or of the reference encoder of its format.

    Raises:
        ValueError: neither is made of TensorFlow operations.
    """
    for candidate in (codec, codec.reference_encoder()):
        if isinstance(candidate, JpegCodec):
            return GraphJpeg(candidate)
    raise ValueError(
        f"a model for serving is made of TensorFlow operations alone, and {codec.name} has "
        "none: export a preset whose codec is jpeg, or use comrec_tf.Compressor. "
        f"Received: codec={codec.name}"
    )
