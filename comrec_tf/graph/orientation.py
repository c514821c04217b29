"""EXIF's orientation in TensorFlow operations: the twin of Pillow's `exif_transpose`."""

import tensorflow as tf

from comrec_tf.graph.compact_file import MAX_SEGMENTS
from comrec_tf.images import jpeg_markers

__all__ = ["read", "upright"]

_PNG = b"\x89PNG\r\n\x1a\n"
_EXIF = b"Exif\0\0"
_TAG = 0x0112
_SHORT = 3
_ENTRY_BYTES = 12
_LARGEST = 8


def read(content: tf.Tensor) -> tf.Tensor:
    """Read how a picture must be turned.

    Args:
        content: string (), a JPEG or PNG file; others have no orientation.

    Returns:
        int32 (), EXIF's orientation, 1 to 8; 1 if the file says nothing valid.
    """
    is_jpeg = tf.equal(_cut(content, 0, len(jpeg_markers.FILE_START)), jpeg_markers.FILE_START)
    is_png = tf.equal(_cut(content, 0, len(_PNG)), _PNG)
    start = tf.cond(
        is_jpeg,
        lambda: _in_jpeg(content),
        lambda: tf.cond(is_png, lambda: _in_png(content), lambda: tf.constant(-1)),
    )
    return tf.cond(start >= 0, lambda: _in_exif(content, start), lambda: tf.constant(1))


def upright(picture: tf.Tensor, orientation: tf.Tensor) -> tf.Tensor:
    """Turn a picture upright.

    Args:
        picture: uint8 (H, W, C).
        orientation: int32 (), as `read` gives it.

    Returns:
        uint8 (H, W, C) or (W, H, C).
    """

    def turned() -> tf.Tensor:
        across = tf.cond(
            orientation >= 5, lambda: tf.transpose(picture, [1, 0, 2]), lambda: picture
        )
        rows = tf.reduce_any(orientation == [3, 4, 7, 8])
        columns = tf.reduce_any(orientation == [2, 3, 6, 7])
        across = tf.cond(rows, lambda: across[::-1], lambda: across)
        return tf.cond(columns, lambda: across[:, ::-1], lambda: across)

    return tf.cond(orientation == 1, lambda: picture, turned)


def _in_jpeg(content: tf.Tensor) -> tf.Tensor:
    """Where the TIFF header of the first EXIF segment begins; -1 if there is none."""

    def marker(position: tf.Tensor) -> tf.Tensor:
        head = _numbers(content, position, 2)
        return tf.where(head[0] == 0xFF, head[1], 0)

    def is_ours(position: tf.Tensor) -> tf.Tensor:
        return (marker(position) == jpeg_markers.APP1) & tf.equal(
            _cut(content, position + 4, len(_EXIF)), _EXIF
        )

    def goes_on(position: tf.Tensor) -> tf.Tensor:
        kind = marker(position)
        return (kind != 0) & (kind != jpeg_markers.SOS) & ~is_ours(position)

    def behind(position: tf.Tensor) -> tuple[tf.Tensor]:
        length = tf.cast(_number(_numbers(content, position + 2, 2)), tf.int32)
        return (position + 2 + tf.maximum(2, length),)

    (position,) = tf.while_loop(
        goes_on,
        behind,
        (tf.constant(len(jpeg_markers.FILE_START)),),
        maximum_iterations=MAX_SEGMENTS,
    )
    return tf.where(is_ours(position), position + 4 + len(_EXIF), -1)


def _in_png(content: tf.Tensor) -> tf.Tensor:
    def kind(position: tf.Tensor) -> tf.Tensor:
        return _cut(content, position + 4, 4)

    def goes_on(position: tf.Tensor) -> tf.Tensor:
        inside = position + 12 <= tf.strings.length(content)
        return inside & tf.reduce_all(kind(position) != [b"eXIf", b"IDAT", b"IEND"])

    def behind(position: tf.Tensor) -> tuple[tf.Tensor]:
        # Limited to the file's length: larger values end the loop instead of overflowing.
        length = tf.minimum(
            _number(_numbers(content, position, 4)),
            tf.cast(tf.strings.length(content), tf.int64),
        )
        return (position + 12 + tf.cast(length, tf.int32),)

    (position,) = tf.while_loop(
        goes_on, behind, (tf.constant(len(_PNG)),), maximum_iterations=MAX_SEGMENTS
    )
    return tf.where(tf.equal(kind(position), b"eXIf"), position + 8, -1)


def _in_exif(content: tf.Tensor, start: tf.Tensor) -> tf.Tensor:
    little = tf.equal(_cut(content, start, 2), b"II")

    def number(digits: tf.Tensor) -> tf.Tensor:
        return tf.where(little, _number(digits[..., ::-1]), _number(digits))

    length = tf.cast(tf.strings.length(content), tf.int64)
    offset = tf.minimum(number(_numbers(content, start + 4, 4)), length)
    directory = start + tf.cast(offset, tf.int32)
    count = tf.cast(number(_numbers(content, directory, 2)), tf.int32)
    entries = tf.strings.substr(
        content,
        tf.minimum(directory + 2, tf.strings.length(content)),
        _ENTRY_BYTES * count,
    )
    whole = tf.strings.length(entries) // _ENTRY_BYTES
    rows = tf.io.decode_raw(tf.strings.substr(entries, 0, _ENTRY_BYTES * whole), tf.uint8)
    rows = tf.cast(tf.reshape(rows, [whole, _ENTRY_BYTES]), tf.int64)
    ours = (number(rows[:, 0:2]) == _TAG) & (number(rows[:, 2:4]) == _SHORT)
    values = tf.boolean_mask(number(rows[:, 8:10]), ours)
    value = tf.cast(tf.concat([values, [1]], 0)[0], tf.int32)
    return tf.where((value >= 1) & (value <= _LARGEST), value, 1)


def _cut(content: tf.Tensor, position: tf.Tensor | int, length: int) -> tf.Tensor:
    """Bytes at a position; those behind the end are missing."""
    inside = tf.minimum(tf.maximum(position, 0), tf.strings.length(content))
    return tf.strings.substr(content, inside, length)


def _numbers(content: tf.Tensor, position: tf.Tensor, length: int) -> tf.Tensor:
    """Bytes as numbers, int64 (length,), zero behind the end."""
    padded = tf.strings.join([_cut(content, position, length), "\0" * length])
    digits = tf.io.decode_raw(tf.strings.substr(padded, 0, length), tf.uint8)
    return tf.cast(tf.ensure_shape(digits, [length]), tf.int64)


def _number(digits: tf.Tensor) -> tf.Tensor:
    """Big-endian bytes in the last axis as numbers, int64."""
    length = digits.shape[-1]
    return tf.reduce_sum(digits * 256 ** tf.range(length - 1, -1, -1, tf.int64), -1)
