"""What the header of a JPEG says about its damage, in TensorFlow operations.

Twin of what `compression.ordinary_jpeg` lets Pillow read: tables and sampling factors in front of
the first scan (ITU-T T.81, annex B).
"""

import tensorflow as tf

from comrec_tf.codecs import dct
from comrec_tf.graph.compact_file import MAX_SEGMENTS, require
from comrec_tf.images import jpeg_markers

__all__ = ["read"]

#: Markers in the range of frame headers that are none.
_NO_FRAMES = (jpeg_markers.DHT, jpeg_markers.JPG, jpeg_markers.DAC)
_STEPS = 64
#: Bytes that are read of a frame: precision, height, width, number of components, and for two of
#: them id, sampling factors and table.
_FRAME_BYTES = 12
_NUM_TABLES = 4


def read(content: tf.Tensor) -> dict[str, tf.Tensor]:
    """Read a JPEG's header.

    Args:
        content: string (), a baseline or progressive JPEG.

    Returns:
        "table" and "chroma_table": int32 (64,), steps of luma and of chroma (of luma again for a
        grey picture) from 1 on, rows of vertical frequency. "components":
        int32 (), 1 for grey, 3 for colour, 4 for CMYK. "factors": int32 (2,), how many times more
        samples luma has than chroma, across and down; 0 if that is no whole number, 1 for a grey
        picture.

    Raises:
        tf.errors.InvalidArgumentError: the bytes are not a JPEG, or its header is damaged.
    """
    is_jpeg = tf.strings.substr(tf.strings.join([content, "  "]), 0, 2) == jpeg_markers.FILE_START
    with require(is_jpeg, "the bytes are not a JPEG file"):
        # Zeros are appended, so that reading past the end finds no marker.
        file = tf.io.decode_raw(tf.strings.join([content, "\0" * (2 * _STEPS + 1)]), tf.uint8)
    length = tf.strings.length(content)

    def numbers(position: tf.Tensor, count: int) -> tf.Tensor:
        start = tf.minimum(position, length)
        return tf.cast(tf.ensure_shape(file[start : start + count], [count]), tf.int32)

    def marker(position: tf.Tensor) -> tf.Tensor:
        """Its second byte; 0 if there is none, 255 for a fill byte."""
        first, second = tf.unstack(numbers(position, 2))
        return tf.where(first == 0xFF, second, 0)

    # Tables and stray bytes count like segments.
    def goes_on(
        position: tf.Tensor, table_end: tf.Tensor, count: tf.Tensor, *_: tf.Tensor
    ) -> tf.Tensor:
        in_scan = (position >= table_end) & (marker(position) == jpeg_markers.SOS)
        return ~in_scan & (position < length) & (count < MAX_SEGMENTS)

    def one_table(
        position: tf.Tensor, tables: tf.Tensor, frame: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        head, *_ = tf.unstack(numbers(position, 1))
        is_wide = head >= 16
        steps = numbers(position + 1, 2 * _STEPS)
        steps = tf.where(is_wide, 256 * steps[::2] + steps[1::2], steps[:_STEPS])
        place = tf.reshape(head % _NUM_TABLES, [1, 1])
        tables = tf.tensor_scatter_nd_update(tables, place, steps[None])
        return position + 1 + tf.where(is_wide, 2 * _STEPS, _STEPS), tables, frame

    def one_step(
        position: tf.Tensor,
        table_end: tf.Tensor,
        count: tf.Tensor,
        tables: tf.Tensor,
        frame: tf.Tensor,
    ) -> tuple[tf.Tensor, ...]:
        kind = marker(position)
        high, low = tf.unstack(numbers(position + 2, 2))
        # Restarts, start and end of the image, and the private marker have no length.
        alone = (kind == jpeg_markers.TEM) | (
            (kind >= jpeg_markers.RST0) & (kind <= jpeg_markers.EOI)
        )
        # Fill bytes and stray bytes are skipped one by one, as libjpeg does.
        stray = (kind == 0) | (kind == 0xFF)
        size = tf.where(stray, 1, tf.where(alone, 2, 2 + tf.maximum(2, 256 * high + low)))
        is_frame = (kind >= jpeg_markers.SOF0) & (kind <= jpeg_markers.SOF15)
        is_frame &= tf.reduce_all(tf.not_equal(kind, _NO_FRAMES))
        in_table = position < table_end
        table_end = tf.where(~in_table & (kind == jpeg_markers.DQT), position + size, table_end)
        position, tables, frame = tf.cond(
            in_table,
            lambda: one_table(position, tables, frame),
            lambda: (
                position + tf.where(kind == jpeg_markers.DQT, 4, size),
                tables,
                tf.where(is_frame, position + 4, frame),
            ),
        )
        return position, table_end, count + 1, tables, frame

    start = (
        tf.constant(len(jpeg_markers.FILE_START)),
        tf.constant(0),
        tf.constant(0),
        tf.zeros([_NUM_TABLES, _STEPS], tf.int32),
        tf.constant(0),
    )
    position, table_end, _, tables, frame = tf.while_loop(goes_on, one_step, start)
    whole = (position >= table_end) & (marker(position) == jpeg_markers.SOS) & (frame > 0)
    fields = numbers(frame, _FRAME_BYTES)
    components = fields[5]
    of_chroma = tf.where(components == 1, fields[8], fields[11])
    both = tf.gather(tables, tf.stack([fields[8], of_chroma]) % _NUM_TABLES)
    table, chroma_table = tf.unstack(tf.gather(both, dct.FROM_ZIGZAG, axis=1))
    # Where its table comes only behind the first scan, it is taken as luma's.
    chroma_table = tf.where(tf.reduce_max(chroma_table) == 0, table, chroma_table)
    known = tf.reduce_any(tf.equal(components, [1, 3, 4]))
    with require(
        whole & known & (tf.reduce_min(tf.minimum(table, chroma_table)) >= 1),
        "the header of the JPEG is damaged, or unknown",
    ):
        luma, chroma = fields[7], tf.where(components == 1, fields[7], fields[10])
        more = tf.stack([luma // 16, luma % 16])
        fewer = tf.maximum(1, tf.stack([chroma // 16, chroma % 16]))
        factors = tf.where(more % fewer == 0, more // fewer, 0)
        return {
            "table": tf.identity(table),
            "chroma_table": tf.identity(chroma_table),
            "components": tf.identity(components),
            "factors": tf.identity(factors),
        }
