"""JPEG as differentiable arithmetic, with an estimate of its bits.

It follows libjpeg step by step: rounding to 8-bit RGB, colours, rounding, chroma subsampling, DCT,
division by the scaled tables, rounding, and then decoding, with the decoder's interpolation of
chroma. Rounding and clipping pass gradients straight through.
"""

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import quantization
from comrec_tf.codecs.dct import BLOCK, DCT
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.graph import color, geometry

__all__ = ["BITS_FACTOR", "DifferentiableJpeg"]

# Estimated bits of a bitstream with optimised Huffman tables: a non-zero AC level costs its binary
# digits and a code of about 4 bits for its run and size, a block 2.5 bits for its end, a difference
# of DC levels 2.3 times its digits. `BITS_FACTOR` was fitted to the bytes of the real codec;
# tests/graph/test_differentiable_jpeg.py compares them.
_CODE_BITS, _END_BITS, _DC_BITS = 4.0, 2.5, 2.3
BITS_FACTOR = 0.98


class DifferentiableJpeg:
    """An approximation of `JpegCodec` or `FlatJpegCodec` that gradients pass through.

    Args:
        codec: the codec.
    """

    def __init__(self, codec: JpegCodec | FlatJpegCodec) -> None:
        self.chroma_subsampling = codec.chroma_subsampling
        qualities = np.arange(1, 101)
        if isinstance(codec, FlatJpegCodec):
            self._tables = codec.tables(qualities)
        else:
            self._tables = quantization.standard_tables(qualities)

    def round_trip(self, compact: tf.Tensor, quality: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """Code and decode a batch.

        Args:
            compact: float32 (N, H, W, 3) YCbCr or (N, H, W, 1) luma, nominally in [0, 1].
            quality: int32 (N,), 1 to 100.

        Returns:
            What the codec would have made of it, float32 of the same shape, in [0, 1]; and the
            estimated bits of the bitstream without its headers, float32 (N,).
        """
        grey = compact.shape[-1] == 1
        if grey:
            planes = [255.0 * compact]
        else:
            rgb = _round(_clip(255.0 * color.ycbcr_to_rgb(compact)))
            planes = tf.split(255.0 * color.rgb_to_ycbcr(rgb / 255.0), 3, -1)
        planes = [_round(_clip(plane)) for plane in planes]
        tables = tf.gather(tf.constant(self._tables), tf.cast(quality, tf.int32) - 1)

        decoded, bits = [], []
        for index, plane in enumerate(planes):
            steps = tables[:, min(index, 1)]
            halved = index > 0 and self.chroma_subsampling == "4:2:0"
            restored, plane_bits = _code_plane(_halve(plane) if halved else plane, steps)
            size = tf.shape(plane)[1:3]
            decoded.append(_double(restored)[:, : size[0], : size[1]] if halved else restored)
            bits.append(plane_bits)
        ycbcr = tf.concat(decoded, -1) / 255.0
        if not grey:
            ycbcr = color.rgb_to_ycbcr(_round(_clip(255.0 * color.ycbcr_to_rgb(ycbcr))) / 255.0)
        return tf.ensure_shape(ycbcr, compact.shape), tf.add_n(bits)


def _code_plane(plane: tf.Tensor, steps: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """One component, (N, H, W, 1) from 0 to 255, with tables (N, 8, 8): decoded, and its bits."""
    size = tf.shape(plane)[1:3]
    blocks = tf.nn.space_to_depth(geometry.pad_to(plane, BLOCK) - 128.0, BLOCK)
    steps = tf.reshape(steps, [-1, 1, 1, BLOCK * BLOCK])
    scaled = tf.tensordot(blocks, DCT.T, 1) / steps
    levels = _round(scaled)
    pixels = tf.nn.depth_to_space(tf.tensordot(levels * steps, DCT, 1), BLOCK) + 128.0
    return _round(_clip(pixels))[:, : size[0], : size[1]], _bits(scaled, levels)


def _bits(scaled: tf.Tensor, levels: tf.Tensor) -> tf.Tensor:
    """Bits of one component: those of the rounded levels; the gradient is that of a smooth cost."""
    smooth = _digits(scaled) + _CODE_BITS * tf.square(scaled) / (tf.square(scaled) + 0.25)
    exact = _digits(levels) + _CODE_BITS * tf.cast(levels != 0.0, levels.dtype)
    ac = smooth + tf.stop_gradient(exact - smooth)
    # DC is coded as the difference from the block before, in the order of the blocks.
    num_blocks = tf.reduce_prod(tf.shape(scaled)[1:3])
    dc = tf.reshape(scaled[..., 0] + tf.stop_gradient(levels - scaled)[..., 0], [-1, num_blocks])
    differences = dc - tf.pad(dc, [[0, 0], [1, 0]])[:, :-1]
    return BITS_FACTOR * (
        tf.reduce_sum(ac[..., 1:], [1, 2, 3])
        + _DC_BITS * tf.reduce_sum(_digits(differences), 1)
        + _END_BITS * tf.cast(num_blocks, tf.float32)
    )


def _digits(levels: tf.Tensor) -> tf.Tensor:
    return tf.math.log(1.0 + tf.abs(levels)) / np.log(2.0).astype(np.float32)


def _round(x: tf.Tensor) -> tf.Tensor:
    return x + tf.stop_gradient(tf.round(x) - x)


def _round_columns(x: tf.Tensor, even: float, odd: float) -> tf.Tensor:
    """Round down after adding to even and odd columns: libjpeg's rounding without a drift."""
    is_odd = tf.range(tf.shape(x)[2]) % 2 == 1
    bias = tf.where(is_odd, odd, even)[None, None, :, None]
    return x + tf.stop_gradient(tf.floor(x + bias) - x)


def _clip(x: tf.Tensor) -> tf.Tensor:
    return x + tf.stop_gradient(tf.clip_by_value(x, 0.0, 255.0) - x)


def _halve(plane: tf.Tensor) -> tf.Tensor:
    """h2v2_downsample of libjpeg: the mean of 2x2 pixels, rounded."""
    mean = tf.nn.avg_pool2d(geometry.pad_to(plane, 2), 2, 2, "VALID")
    return _round_columns(mean, 1 / 4, 2 / 4)


def _double(plane: tf.Tensor) -> tf.Tensor:
    """h2v2_fancy_upsample of libjpeg: three parts of the nearer pixel, one of the further."""
    for axis in (1, 2):
        top, left = (1, 0) if axis == 1 else (0, 1)
        padded = geometry.pad_edge(plane, top, top, left, left)
        length = tf.shape(plane)[axis]
        before, after = (
            tf.gather(padded, tf.range(length) + offset, axis=axis) for offset in (0, 2)
        )
        pairs = tf.stack([0.75 * plane + 0.25 * before, 0.75 * plane + 0.25 * after], axis + 1)
        shape = tf.shape(plane)
        plane = tf.reshape(pairs, tf.concat([shape[:axis], [2 * length], shape[axis + 1 :]], 0))
    return _round_columns(plane, 8 / 16, 7 / 16)
