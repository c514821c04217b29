"""The compact file: a standard JPEG with one small application segment.

The segment stands behind the JFIF header and is 21 bytes long, numbers most significant
byte first::

    offset  bytes  meaning
    0       2      marker FF E9 (APP9)
    2       2      length of the segment without the marker, 19
    4       4      magic "ComR"
    8       1      version, 1
    9       4      preset id: which pair of networks made the picture
    13      1      scale, 1 or 2: how many times smaller the compact picture is
    14      1      quality, 1 to 100
    15      3      height of the original picture in pixels
    18      3      width of the original picture in pixels

Any viewer skips it and shows the compact picture. There are two writers and two readers: in
plain Python for files, and of TensorFlow string operations for graphs; a test holds them equal.
"""

import dataclasses
import struct

import tensorflow as tf

__all__ = ["SEGMENT_BYTES", "VERSION", "Header", "read", "read_graph", "write", "write_graph"]

_MARKER = 0xE9
_MAGIC = b"ComR"
VERSION = 1
#: Length of the whole segment, marker included.
SEGMENT_BYTES = 21
_LAYOUT = struct.Struct(">BBH4sBIBBBHBH")
_MAX_SIZE = 2**24 - 1
_START_OF_IMAGE = b"\xff\xd8"
_START_OF_SCAN = 0xDA
_START_OF_IMAGE_BYTES = 2

_NOT_JPEG = "the bytes are not a JPEG file"
_NO_SEGMENT = (
    "this JPEG has no ComRec segment: it was not made by comrec_tf.compress, "
    "or a program that rewrote it dropped the segment"
)


@dataclasses.dataclass(frozen=True)
class Header:
    """What a compact file says about itself.

    Attributes:
        preset_id: which pair of networks made the picture, 0 to 2**32 - 1.
        scale: how many times smaller the compact picture is, 1 or 2.
        quality: quality of the codec, 1 to 100.
        height, width: size of the original picture in pixels, 1 to 2**24 - 1.

    Raises:
        ValueError: an attribute is outside the range above.
    """

    preset_id: int
    scale: int
    quality: int
    height: int
    width: int

    def __post_init__(self) -> None:
        limits = {
            "preset_id": (0, 2**32 - 1),
            "scale": (1, 2),
            "quality": (1, 100),
            "height": (1, _MAX_SIZE),
            "width": (1, _MAX_SIZE),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} of a compact file must be from {low} to {high}. "
                    f"Received: {name}={getattr(self, name)}"
                )


def write(bitstream: bytes, header: Header) -> bytes:
    """Put the segment into a JPEG.

    Args:
        bitstream: a JPEG file.
        header: what to write.

    Returns:
        The compact file, `SEGMENT_BYTES` longer.

    Raises:
        ValueError: `bitstream` is not a JPEG file.
    """
    if not bitstream.startswith(_START_OF_IMAGE):
        raise ValueError(_NOT_JPEG)
    segment = _LAYOUT.pack(
        0xFF,
        _MARKER,
        SEGMENT_BYTES - 2,
        _MAGIC,
        VERSION,
        header.preset_id,
        header.scale,
        header.quality,
        header.height >> 16,
        header.height & 0xFFFF,
        header.width >> 16,
        header.width & 0xFFFF,
    )
    # JFIF demands that its own segment comes first.
    position = _START_OF_IMAGE_BYTES
    if bitstream[2:4] == b"\xff\xe0":
        position += 2 + int.from_bytes(bitstream[4:6], "big")
    return bitstream[:position] + segment + bitstream[position:]


def read(compact_file: bytes) -> Header:
    """Find and read the segment.

    Args:
        compact_file: a JPEG file made by `write`; other segments may have been added since.

    Returns:
        What the segment says.

    Raises:
        ValueError: the bytes are not a JPEG, hold no segment, or one that is damaged or of a
            newer version.
    """
    if not compact_file.startswith(_START_OF_IMAGE):
        raise ValueError(_NOT_JPEG)
    position = _START_OF_IMAGE_BYTES
    while position + 4 <= len(compact_file) and compact_file[position] == 0xFF:
        marker = compact_file[position + 1]
        if marker == _START_OF_SCAN:
            break
        segment = compact_file[position : position + SEGMENT_BYTES]
        if marker == _MARKER and segment[4:8] == _MAGIC:
            return _parse(segment)
        position += 2 + int.from_bytes(segment[2:4], "big")
    raise ValueError(_NO_SEGMENT)


def _parse(segment: bytes) -> Header:
    if len(segment) < SEGMENT_BYTES:
        raise ValueError(
            f"the ComRec segment must be {SEGMENT_BYTES} bytes long. Received: {len(segment)}"
        )
    (_, _, _, _, version, preset_id, scale, quality, *sizes) = _LAYOUT.unpack(segment)
    if version != VERSION:
        raise ValueError(
            f"the ComRec segment must be of version {VERSION}; "
            f"a newer comrec_tf may read this file. Received: version={version}"
        )
    high, low, wide, narrow = sizes
    return Header(preset_id, scale, quality, (high << 16) + low, (wide << 16) + narrow)


def write_graph(bitstream: tf.Tensor, header: dict[str, tf.Tensor]) -> tf.Tensor:
    """Put the segment into a JPEG by TensorFlow operations; see `write`.

    Args:
        bitstream: string (), a JPEG file.
        header: int64 scalars by the names of `Header`'s attributes. Ranges are the caller's duty.

    Returns:
        The compact file, string ().
    """
    segment = tf.strings.join(
        [
            bytes([0xFF, _MARKER, 0, SEGMENT_BYTES - 2]) + _MAGIC + bytes([VERSION]),
            _number_bytes(header["preset_id"], 4),
            _number_bytes(header["scale"], 1),
            _number_bytes(header["quality"], 1),
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


def read_graph(compact_file: tf.Tensor) -> dict[str, tf.Tensor]:
    """Find and read the segment by TensorFlow operations; see `read`.

    Args:
        compact_file: string ().

    Returns:
        int64 scalars by the names of `Header`'s attributes.

    Raises:
        tf.errors.InvalidArgumentError: where `read` raises `ValueError`.
    """
    content = tf.io.decode_raw(compact_file, tf.uint8)
    length = tf.size(content)
    is_jpeg = tf.strings.substr(tf.strings.join([compact_file, "  "]), 0, 2) == _START_OF_IMAGE
    with _require(is_jpeg, _NOT_JPEG):
        position = tf.identity(_START_OF_IMAGE_BYTES)

    def byte(offset: tf.Tensor) -> tf.Tensor:
        return tf.cast(content[tf.minimum(offset, length - 1)], tf.int32)

    def is_segment(position: tf.Tensor) -> tf.Tensor:
        magic = tf.strings.substr(tf.strings.join([compact_file, " " * 8]), position + 4, 4)
        return (byte(position) == 0xFF) & (byte(position + 1) == _MARKER) & (magic == _MAGIC)

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
    with _require(found, _NO_SEGMENT):
        rest = length - position
    with _require(rest >= SEGMENT_BYTES, f"the ComRec segment must be {SEGMENT_BYTES} bytes long"):
        segment = tf.cast(content[position : position + SEGMENT_BYTES], tf.int64)
        segment = tf.ensure_shape(segment, [SEGMENT_BYTES])
    with _require(segment[8] == VERSION, f"the ComRec segment must be of version {VERSION}"):
        header = {
            "preset_id": _number(segment[9:13]),
            "scale": segment[13],
            "quality": segment[14],
            "height": _number(segment[15:18]),
            "width": _number(segment[18:21]),
        }
    valid = (
        (header["scale"] >= 1)
        & (header["scale"] <= 2)
        & (header["quality"] >= 1)
        & (header["quality"] <= 100)
        & (header["height"] >= 1)
        & (header["width"] >= 1)
    )
    with _require(valid, "scale, quality, height or width of the ComRec segment is out of range"):
        return {name: tf.identity(value) for name, value in header.items()}


def _require(condition: tf.Tensor, message: str) -> tf.control_dependencies:
    """Everything made inside this context runs only where `condition` holds."""
    check = tf.debugging.Assert(condition, [message])
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
