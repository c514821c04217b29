"""The compact file in TensorFlow operations, for JPEG alone: the twin of `container`."""

from typing import Any

import tensorflow as tf

from comrec_tf.compact_file import carriers, container

__all__ = ["SEGMENT_BYTES", "read", "require", "write"]

_APP9 = 0xE9
_START_OF_SCAN = 0xDA
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_IMAGE_BYTES = 2
#: Length of the whole segment, marker included.
SEGMENT_BYTES = 4 + container.LAYOUT_BYTES


def write(bitstream: tf.Tensor, header: dict[str, tf.Tensor]) -> tf.Tensor:
    """Put the segment into a JPEG; see `container.write`.

    Args:
        bitstream: string (), a JPEG file.
        header: scalars by the names of `container.Header`'s attributes: int64, but "step", float32.
            Ranges are the caller's duty.

    Returns:
        The compact file, string ().
    """
    layout = tf.cast(header["scale"], tf.int64) + 4 * tf.cast(header["grey"], tf.int64)
    step = tf.cast(tf.cast(header["step"], tf.float32) * container.STEP_UNITS, tf.int64)
    segment = tf.strings.join(
        [
            bytes([0xFF, _APP9, 0, SEGMENT_BYTES - 2]) + carriers.MAGIC,
            bytes([container.VERSION]),
            _number_bytes(header["preset_id"], 4),
            _number_bytes(layout, 1),
            _number_bytes(header["quality"], 1),
            _number_bytes(step, 2),
            _number_bytes(header["height"], 3),
            _number_bytes(header["width"], 3),
        ]
    )
    start = tf.cast(tf.io.decode_raw(tf.strings.substr(bitstream, 0, 6), tf.uint8), tf.int32)
    has_jfif = (start[2] == 0xFF) & (start[3] == 0xE0)
    position = _START_OF_IMAGE_BYTES + tf.where(has_jfif, 2 + 256 * start[4] + start[5], 0)
    return tf.strings.join(
        [
            tf.strings.substr(bitstream, 0, position),
            segment,
            tf.strings.substr(bitstream, position, tf.strings.length(bitstream) - position),
        ]
    )


def read(compact_file: tf.Tensor) -> dict[str, tf.Tensor]:
    """Find and read the segment of a JPEG; see `container.read`.

    Args:
        compact_file: string ().

    Returns:
        Scalars as `write` takes them.

    Raises:
        tf.errors.InvalidArgumentError: where `container.read` raises `ValueError`, and for files
            that are not JPEG.
    """
    content = tf.io.decode_raw(compact_file, tf.uint8)
    length = tf.size(content)
    is_jpeg = tf.strings.substr(tf.strings.join([compact_file, "  "]), 0, 2) == _START_OF_IMAGE
    with require(is_jpeg, "the bytes are not a JPEG file"):
        position = tf.identity(_START_OF_IMAGE_BYTES)

    def byte(offset: tf.Tensor) -> tf.Tensor:
        return tf.cast(content[tf.minimum(offset, length - 1)], tf.int32)

    def is_segment(position: tf.Tensor) -> tf.Tensor:
        magic = tf.strings.substr(tf.strings.join([compact_file, " " * 8]), position + 4, 4)
        return (byte(position) == 0xFF) & (byte(position + 1) == _APP9) & (magic == carriers.MAGIC)

    def is_other(position: tf.Tensor) -> tf.Tensor:
        inside = (position + 4 <= length) & (byte(position) == 0xFF)
        # `cond`: the magic must not be cut out of a position behind the end.
        return tf.cond(
            inside & (byte(position + 1) != _START_OF_SCAN),
            lambda: ~is_segment(position),
            lambda: False,
        )

    def behind(position: tf.Tensor) -> tuple[tf.Tensor]:
        return (position + 2 + 256 * byte(position + 2) + byte(position + 3),)

    (position,) = tf.while_loop(is_other, behind, (position,))
    found = tf.cond(position + 8 <= length, lambda: is_segment(position), lambda: False)
    with require(found, container.NOT_CARRIED):
        end = tf.minimum(length, position + 2 + 256 * byte(position + 2) + byte(position + 3))
    with require(end - position >= SEGMENT_BYTES, container.CUT_SHORT):
        payload = tf.cast(content[position + 4 : position + SEGMENT_BYTES], tf.int64)
        payload = tf.ensure_shape(payload, [container.LAYOUT_BYTES])
    with require(payload[4] == container.VERSION, container.OTHER_VERSION):
        header = {
            "preset_id": _number(payload[5:9]),
            "quality": payload[10],
            "step": tf.cast(_number(payload[11:13]), tf.float32) / container.STEP_UNITS,
            "height": _number(payload[13:16]),
            "width": _number(payload[16:19]),
            "grey": tf.bitwise.bitwise_and(payload[9], 4) // 4,
        }
        header["scale"] = payload[9] - 4 * header["grey"]
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
        return {name: tf.identity(value) for name, value in header.items()}


def require(condition: tf.Tensor, *message: Any) -> tf.control_dependencies:
    """Let everything made inside this context run only where a condition holds.

    Args:
        condition: bool ().
        *message: text and tensors of the `tf.errors.InvalidArgumentError` where it does not.

    Returns:
        The context.
    """
    check = tf.debugging.Assert(condition, list(message))
    return tf.control_dependencies([check] if check is not None else [])


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
