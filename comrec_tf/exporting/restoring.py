"""Ordinary JPEGs restored in TensorFlow operations: twin of `compression.jpeg_restoration`.

The shares by quality and subsampling, and the standard tables, are constants of the graph.
"""

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import quantization
from comrec_tf.compression import jpeg_restoration
from comrec_tf.exporting import jpeg_damage
from comrec_tf.exporting.apart import apart
from comrec_tf.exporting.decoding import require_pixels, require_work
from comrec_tf.graph import compact_file, condition, jpeg_header, orientation, picture_files
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.images import color
from comrec_tf.models.picture_coder import PictureCoder

__all__ = ["Restored", "Restoring"]

#: The subsamplings that have shares, by the names of `compression.ordinary_jpeg`, and all others.
_SUBSAMPLINGS = ("grey", "CMYK", "4:2:0", "4:2:2", "4:4:4", "other")
_QUALITIES = range(1, 101)


class Restored(NamedTuple):
    """What became of a JPEG.

    Attributes:
        content: string (): a PNG of the restored picture, upright; the JPEG itself if it is left as
            it is.
        restored: bool (), whether RecCNN changed it.
        quality: int32 (), libjpeg's quality that RecCNN restores from.
    """

    content: tf.Tensor
    restored: tf.Tensor
    quality: tf.Tensor


class Restoring:
    """Restores single ordinary JPEGs, which comrec_tf did not make.

    Args:
        coder: a pair of scale 1.
        codec: JPEG.
        max_pixels: larger pictures are refused.
    """

    def __init__(self, coder: PictureCoder, codec: GraphJpeg, max_pixels: int) -> None:
        self._coder = coder
        self._codec = codec
        self._max_pixels = max_pixels
        number = tf.TensorSpec([], tf.float32)
        self._traced = apart(self._restore, tf.TensorSpec([], tf.string), number)

    def restore(self, content: tf.Tensor, strength: tf.Tensor) -> Restored:
        """Restore a JPEG, or leave it as it is; see `Compressor.restore_jpeg`.

        Args:
            content: string (), a baseline or progressive JPEG.
            strength: float32 (), how much of the restoration is applied, 0 to 1.

        Returns:
            The file, and what was done.

        Raises:
            tf.errors.InvalidArgumentError: the bytes are not a JPEG or are damaged, the picture
                is too large or too thin, or the strength is out of range.
        """
        return Restored(*self._traced(content, strength))

    def _restore(self, content: tf.Tensor, strength: tf.Tensor) -> tuple[tf.Tensor, ...]:
        with compact_file.require(
            (strength >= 0.0) & (strength <= 1.0),
            "strength must be from 0 to 1. Received:",
            strength,
        ):
            strength = tf.identity(strength)
        header = jpeg_header.read(content)
        # Only then: TensorFlow's own words for what is not a JPEG say less.
        with tf.control_dependencies([header["components"]]):
            content = tf.identity(content)
        size = picture_files.jpeg_size(content)
        with (
            require_pixels(size, self._max_pixels),
            require_work(size, self._coder.restoring_work(size)),
        ):
            content = tf.identity(content)

        def of(channels: int) -> tuple[tf.Tensor, ...]:
            picture = self._codec.decode(content, channels)
            picture = tf.ensure_shape(picture, [None, None, channels])
            return self._of_picture(content, picture, header, strength)

        return tf.cond(header["components"] == 1, lambda: of(1), lambda: of(3))

    def _of_picture(
        self,
        content: tf.Tensor,
        picture: tf.Tensor,
        header: dict[str, tf.Tensor],
        strength: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        fitted = _fit_quality(header["table"])
        coefficients = jpeg_damage.luma_coefficients(picture)
        earlier = jpeg_damage.earlier_quality(coefficients, header["table"], fitted)
        quality = tf.where(earlier > 0, earlier, fitted)
        of_drawn = _by_quality([jpeg_restoration.drawn_share(q) for q in _QUALITIES], quality)
        strength *= tf.where(jpeg_damage.is_drawn(coefficients), of_drawn, 1.0)
        luma, chroma = tf.unstack(strength * _shares(header, quality, self._coder.model.rec.tables))
        worth_it = (tf.maximum(luma, chroma) > 0) & ~jpeg_damage.is_pattern(coefficients)

        def restored() -> tf.Tensor:
            height, width = tf.unstack(tf.shape(picture)[:2])
            conditions = _conditions(header, quality, of_file=earlier == 0)
            made = self._coder.reconstruct(
                picture,
                conditions,
                height,
                width,
                lambda before, after: _blend(before, after, luma, chroma),
            )
            return picture_files.png(orientation.upright(made, orientation.read(content)))

        return tf.cond(worth_it, restored, lambda: content), worth_it, quality


def _conditions(
    header: dict[str, tf.Tensor], quality: tf.Tensor, *, of_file: tf.Tensor
) -> tf.Tensor:
    """The twin of `compression.jpeg_restoration.conditions`, float32 (5,)."""
    tables = quantization.standard_tables(np.array(_QUALITIES)).reshape(100, 2, 64)
    luma, chroma = tf.unstack(tf.constant(tables)[quality - 1])
    is_grey = header["components"] == 1
    standard = header | {"table": luma, "chroma_table": tf.where(is_grey, luma, chroma)}
    step = tf.cast(luma[0], tf.float32)
    return tf.where(of_file, condition.of_header(header, step), condition.of_header(standard, step))


def _luma_tables() -> np.ndarray:
    """Standard tables of luma, (100, 64), by quality."""
    return quantization.standard_tables(np.array(_QUALITIES))[:, 0].reshape(100, 64)


def _fit_quality(table: tf.Tensor) -> tf.Tensor:
    """The twin of `compression.jpeg_tables.fit_quality`, int32 ()."""
    known = tf.constant(np.log(_luma_tables().astype(np.float64)))
    distance = tf.math.log(tf.cast(table, tf.float64)) - known
    errors = tf.reduce_mean(tf.square(distance), 1)
    return tf.argmin(errors, output_type=tf.int32) + 1


def _shares(header: dict[str, tf.Tensor], quality: tf.Tensor, told_tables: bool) -> tf.Tensor:
    """Shares of luma and of chroma, float32 (2,)."""
    all_shares = [
        [jpeg_restoration.shares(quality, name, told_tables=told_tables) for quality in _QUALITIES]
        for name in _SUBSAMPLINGS
    ]
    across, down = tf.unstack(header["factors"])
    kinds = [
        header["components"] == 1,
        header["components"] == 4,
        (across == 2) & (down == 2),
        (across == 2) & (down == 1),
        (across == 1) & (down == 1),
        True,
    ]
    # `argmax` gives the first that is true.
    kind = tf.argmax(tf.cast(tf.stack(kinds), tf.int32), output_type=tf.int32)
    return tf.constant(all_shares, tf.float32)[kind, quality - 1]


def _by_quality(values: np.ndarray | list[float], quality: tf.Tensor) -> tf.Tensor:
    return tf.constant(values, tf.float32)[quality - 1]


def _blend(before: tf.Tensor, after: tf.Tensor, luma: tf.Tensor, chroma: tf.Tensor) -> tf.Tensor:
    """The twin of `compression.jpeg_restoration.blend`, of tiles."""
    decoded = tf.cast(before, tf.float32)
    change = tf.cast(after, tf.float32) - decoded
    if before.shape[-1] == 1:
        change *= luma
    else:
        of_luma = color.YCBCR_TO_RGB[:, :1] @ color.RGB_TO_YCBCR[:1]
        of_chroma = color.YCBCR_TO_RGB[:, 1:] @ color.RGB_TO_YCBCR[1:]
        matrix = luma * tf.constant(of_luma.T, tf.float32)
        matrix += chroma * tf.constant(of_chroma.T, tf.float32)
        change = tf.tensordot(change, matrix, 1)
    return tf.cast(tf.round(tf.clip_by_value(decoded + change, 0.0, 255.0)), tf.uint8)
