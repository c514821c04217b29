"""The compact file in TensorFlow operations, only for JPEG: twin of `compact_file.container`."""

from typing import Any

import tensorflow as tf

from comrec_tf.compact_file import carriers, container
from comrec_tf.graph.checksum import crc32
from comrec_tf.images import jpeg_markers

__all__ = ["ADDED_BYTES", "MAX_SEGMENTS", "SEGMENT_BYTES", "read", "require", "write"]

#: Length of the whole segment, marker included.
SEGMENT_BYTES = 4 + container.LAYOUT_BYTES
#: How many bytes `write` adds to a file of libjpeg, whose JFIF header of 18 bytes makes room.
ADDED_BYTES = SEGMENT_BYTES - 18
#: The most segments that are read of a file. Files with large metadata have a few hundred; without
#: a limit, a hostile file would keep a server busy for minutes.
MAX_SEGMENTS = 4096
#: Bytes that version 1 had after the step.
_SIZES_BYTES = 6


def write(bitstream: tf.Tensor, header: dict[str, tf.Tensor]) -> tf.Tensor:
    """Put the segment into a JPEG, in place of its JFIF header; see `container.write`.

    Args:
        bitstream: string (), a JPEG file.
        header: scalars by the names of `container.Header`'s attributes except "checksum": int64,
            "step" float32. The caller makes sure that they are in range.

    Returns:
        The compact file, string ().
    """
    numbers = {
        name: tf.cast(header[name], tf.int64) for name in ("scale", "grey", "height", "width")
    }
    layout = (
        numbers["scale"]
        + container.GREY * numbers["grey"]
        + container.LESS_HIGH * (-numbers["height"] % numbers["scale"])
        + container.LESS_WIDE * (-numbers["width"] % numbers["scale"])
    )
    step = tf.cast(tf.cast(header["step"], tf.float32) * container.STEP_UNITS, tf.int64)
    segment = tf.strings.join(
        [
            bytes([0xFF, jpeg_markers.APP9, 0, SEGMENT_BYTES - 2]) + carriers.MAGIC,
            bytes([container.VERSION]),
            _number_bytes(header["preset_id"], 4),
            _number_bytes(layout, 1),
            _number_bytes(header["quality"], 1),
            _number_bytes(step, 2),
            _number_bytes(_checksum(bitstream), 4),
        ]
    )
    start = tf.cast(tf.io.decode_raw(tf.strings.substr(bitstream, 0, 6), tf.uint8), tf.int32)
    has_jfif = (start[2] == 0xFF) & (start[3] == jpeg_markers.APP0)
    position = len(jpeg_markers.FILE_START) + tf.where(has_jfif, 2 + 256 * start[4] + start[5], 0)
    return tf.strings.join(
        [
            jpeg_markers.FILE_START,
            segment,
            tf.strings.substr(bitstream, position, tf.strings.length(bitstream) - position),
        ]
    )


def read(compact_file: tf.Tensor) -> dict[str, tf.Tensor]:
    """Find, read and verify the segment of a JPEG; see `container.read` and `container.verify`.

    Args:
        compact_file: string ().

    Returns:
        Scalars as `write` takes them.

    Raises:
        tf.errors.InvalidArgumentError: where these functions raise `ValueError`, and for files
            that are not JPEG.
    """
    is_jpeg = (
        tf.strings.substr(tf.strings.join([compact_file, "  "]), 0, 2) == jpeg_markers.FILE_START
    )
    with require(is_jpeg, "the bytes are not a JPEG file"):
        compact_file = tf.identity(compact_file)
    file = _Segments(compact_file)

    def is_ours(position: tf.Tensor) -> tf.Tensor:
        magic = tf.strings.substr(tf.strings.join([compact_file, " " * 8]), position + 4, 4)
        return (file.marker(position) == jpeg_markers.APP9) & (magic == carriers.MAGIC)

    def is_other(position: tf.Tensor) -> tf.Tensor:
        # With `cond`, so that the magic is not cut out behind the end of the file.
        return tf.cond(file.is_segment(position), lambda: ~is_ours(position), lambda: False)

    (position,) = tf.while_loop(
        is_other,
        lambda position: (file.end(position),),
        (tf.constant(len(jpeg_markers.FILE_START)),),
        maximum_iterations=MAX_SEGMENTS,
    )
    found = tf.cond(position + 8 <= file.length, lambda: is_ours(position), lambda: False)
    with require(found, container.NOT_CARRIED):
        end = tf.minimum(file.length, file.end(position))
    with require(end - position >= SEGMENT_BYTES, container.CUT_SHORT):
        # Padded to the length of version 1, which was longer.
        padded = tf.strings.join([compact_file, "\0" * _SIZES_BYTES])
        cut = tf.strings.substr(padded, position + 4, container.LAYOUT_BYTES + _SIZES_BYTES)
        payload = tf.cast(tf.io.decode_raw(cut, tf.uint8), tf.int64)
        payload = tf.ensure_shape(payload, [container.LAYOUT_BYTES + _SIZES_BYTES])
    is_old = payload[4] == 1
    with require(is_old | (payload[4] == container.VERSION), container.OTHER_VERSION):
        layout = tf.identity(payload[9])
        # Only then: libjpeg's words for bytes that end here say less.
        compact_file = tf.identity(compact_file)
    size = tf.cast(tf.io.extract_jpeg_shape(compact_file)[:2], tf.int64)
    scale = tf.bitwise.bitwise_and(layout, 3)
    header = {
        "preset_id": _number(payload[5:9]),
        "scale": scale,
        "quality": payload[10],
        "step": tf.cast(_number(payload[11:13]), tf.float32) / container.STEP_UNITS,
        "height": tf.where(
            is_old, _number(payload[13:16]), size[0] * scale - _bit(layout, container.LESS_HIGH)
        ),
        "width": tf.where(
            is_old, _number(payload[16:19]), size[1] * scale - _bit(layout, container.LESS_WIDE)
        ),
        "grey": _bit(layout, container.GREY),
    }
    valid = (
        (header["scale"] >= 1)
        & (header["scale"] <= 2)
        & (header["quality"] >= 1)
        & (header["quality"] <= 100)
        & (header["step"] > 0.0)
        & (header["step"] <= 1023.0)
        & (header["height"] >= 1)
        & (header["width"] >= 1)
    )
    with require(valid, "scale, quality, step, height or width of the file is out of range"):
        whole = tf.cond(
            is_old, lambda: True, lambda: _number(payload[13:17]) == _checksum(compact_file)
        )
    with require(whole, container.DAMAGED):
        return {name: tf.identity(value) for name, value in header.items()}


def require(condition: tf.Tensor, *message: Any) -> tf.control_dependencies:
    """Let everything made inside this context run only if a condition holds.

    Args:
        condition: bool ().
        *message: text and tensors of the `tf.errors.InvalidArgumentError` if it does not.

    Returns:
        The context.
    """
    check = tf.debugging.Assert(condition, list(message))
    return tf.control_dependencies([check] if check is not None else [])


class _Segments:
    """The segments of a JPEG in front of its first scan, by the position of their markers."""

    def __init__(self, content: tf.Tensor) -> None:
        self._bytes = tf.io.decode_raw(content, tf.uint8)
        self.length = tf.size(self._bytes)

    def _byte(self, offset: tf.Tensor) -> tf.Tensor:
        return tf.cast(self._bytes[tf.minimum(offset, self.length - 1)], tf.int32)

    def marker(self, position: tf.Tensor) -> tf.Tensor:
        """The marker's second byte; 0 if there is no marker."""
        return tf.where(self._byte(position) == 0xFF, self._byte(position + 1), 0)

    def is_segment(self, position: tf.Tensor) -> tf.Tensor:
        """Whether a segment begins here that is not a scan."""
        marker = self.marker(position)
        return (position + 4 <= self.length) & (marker != 0) & (marker != jpeg_markers.SOS)

    def end(self, position: tf.Tensor) -> tf.Tensor:
        """Where the segment ends."""
        return position + 2 + 256 * self._byte(position + 2) + self._byte(position + 3)


def _checksum(content: tf.Tensor) -> tf.Tensor:
    """The twin of `carriers.checksum`, int64 ()."""
    file = _Segments(content)

    def cut(start: tf.Tensor, end: tf.Tensor) -> tf.Tensor:
        start, end = tf.minimum(start, file.length), tf.minimum(end, file.length)
        return tf.strings.substr(content, start, end - start)

    def keep(position: tf.Tensor, kept: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        marker, end = file.marker(position), file.end(position)
        dropped = ((marker >= jpeg_markers.APP0) & (marker <= jpeg_markers.APP15)) | (
            marker == jpeg_markers.COM
        )
        part = tf.where(dropped, "", cut(position, end))
        return end, tf.strings.join([kept, part])

    start = tf.constant(len(jpeg_markers.FILE_START))
    position, kept = tf.while_loop(
        lambda position, _: file.is_segment(position),
        keep,
        (start, cut(0, start)),
        maximum_iterations=MAX_SEGMENTS,
    )
    rest = cut(position, file.length)
    return crc32(tf.io.decode_raw(tf.strings.join([kept, rest]), tf.uint8))


def _bit(layout: tf.Tensor, mask: int) -> tf.Tensor:
    return tf.bitwise.bitwise_and(layout, mask) // mask


def _number_bytes(number: tf.Tensor, num_bytes: int) -> tf.Tensor:
    """A number as big-endian bytes: TensorFlow has `decode_raw` but no inverse of it."""
    alphabet = tf.constant([bytes([value]) for value in range(256)])
    shifts = tf.range(8 * (num_bytes - 1), -1, -8, dtype=tf.int64)
    digits = tf.bitwise.right_shift(tf.cast(number, tf.int64), shifts) & 255
    return tf.strings.reduce_join(tf.gather(alphabet, digits))


def _number(digits: tf.Tensor) -> tf.Tensor:
    """Big-endian bytes, int64 (K,), as a number."""
    weights = 256 ** tf.range(digits.shape[0] - 1, -1, -1, dtype=tf.int64)
    return tf.reduce_sum(digits * weights)
