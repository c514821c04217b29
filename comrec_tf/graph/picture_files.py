"""Picture files -> pixels in TensorFlow's own operations: the twin of `images.files`."""

from collections.abc import Callable

import tensorflow as tf

from comrec_tf.graph import jpeg_scans
from comrec_tf.graph.compact_file import require
from comrec_tf.images import jpeg_markers, limits

__all__ = ["decode", "jpeg_size", "png", "size"]

_WHITE = 255.0
#: zlib's level. Its default, 6, takes three times as long for files of photos 1 to 4 % smaller.
_PNG_LEVEL = 4


def size(content: tf.Tensor) -> tf.Tensor:
    """Read height and width from a file's header, to refuse it before memory is spent.

    Args:
        content: string (), a JPEG, PNG, GIF or BMP file.

    Returns:
        int64 (2,).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are of no such format, or a JPEG or GIF that
            declares far more pixels than its bytes can hold, or a JPEG of very many scans.
    """
    head = tf.strings.substr(tf.strings.join([content, "\0" * 26]), 0, 26)

    def number(start: int, length: int, *, big: bool) -> tf.Tensor:
        digits = tf.cast(tf.io.decode_raw(head, tf.uint8), tf.int64)[start : start + length]
        return tf.reduce_sum(
            (digits if big else digits[::-1]) * 256 ** tf.range(length - 1, -1, -1, tf.int64)
        )

    def unknown() -> tf.Tensor:
        check = tf.debugging.Assert(False, ["the bytes are not a JPEG, PNG, GIF or BMP file"])
        with tf.control_dependencies([check]):
            return tf.zeros([2], tf.int64)

    def bmp() -> tf.Tensor:
        height = number(22, 4, big=False)
        # Negative where rows go from top to bottom.
        height = tf.where(height >= 2**31, 2**32 - height, height)
        return tf.stack([height, number(18, 4, big=False)])

    def gif() -> tf.Tensor:
        screen = tf.stack([number(8, 2, big=False), number(6, 2, big=False)])
        return _dense(content, screen, "GIF")

    formats: list[tuple[bytes, Callable[[], tf.Tensor]]] = [
        (jpeg_markers.FILE_START, lambda: jpeg_size(content)),
        (b"\x89PNG", lambda: tf.stack([number(20, 4, big=True), number(16, 4, big=True)])),
        (b"GIF8", gif),
        (b"BM", bmp),
    ]
    return tf.case(
        [
            (tf.equal(tf.strings.substr(head, 0, len(magic)), magic), read)
            for magic, read in formats
        ],
        default=unknown,
    )


def jpeg_size(content: tf.Tensor) -> tf.Tensor:
    """Read height and width of a JPEG.

    Args:
        content: string (), a JPEG file.

    Returns:
        int64 (2,).

    Raises:
        tf.errors.InvalidArgumentError: the bytes are not a JPEG, declare far more pixels than
            they can hold, or have very many scans.
    """
    with require(jpeg_scans.are_few(content), f"a JPEG must have at most {limits.MAX_SCANS} scans"):
        content = tf.identity(content)
    found = tf.cast(tf.io.extract_jpeg_shape(content)[:2], tf.int64)
    return _dense(content, found, "JPEG")


def _dense(content: tf.Tensor, declared: tf.Tensor, form: str) -> tf.Tensor:
    """The size, int64 (2,), where a file's bytes can hold it; twin of `limits.check_density`."""
    free, per_byte = limits.DENSITIES[form]
    most = free + per_byte * tf.cast(tf.strings.length(content), tf.int64)
    said = f"a {form} declares far more pixels than its bytes can hold. Received: height, width"
    with require(declared[0] * declared[1] <= most, said, declared):
        return tf.identity(declared)


def decode(content: tf.Tensor) -> tf.Tensor:
    """Decode a file; transparency is laid over white. EXIF's orientation is not applied.

    Args:
        content: string (), a JPEG, PNG, GIF (its first frame) or BMP file.

    Returns:
        uint8 (H, W, 1 or 3), the channels not known when tracing.

    Raises:
        tf.errors.InvalidArgumentError: the bytes are of no such format, or damaged.
    """
    is_jpeg = tf.equal(
        tf.strings.substr(tf.strings.join([content, "  "]), 0, 2), jpeg_markers.FILE_START
    )
    picture = tf.cond(
        is_jpeg,
        # The DCT that Pillow uses; the other operation uses a faster one.
        lambda: tf.io.decode_jpeg(content, dct_method="INTEGER_ACCURATE"),
        lambda: tf.io.decode_image(content, expand_animations=False),
    )
    picture = tf.ensure_shape(picture, [None, None, None])
    channels = tf.shape(picture)[-1]

    def over_white() -> tf.Tensor:
        pixels = tf.cast(picture, tf.float32)
        colour, alpha = pixels[..., :-1], pixels[..., -1:] / _WHITE
        return tf.cast(tf.round(colour * alpha + _WHITE * (1.0 - alpha)), tf.uint8)

    return tf.cond(channels % 2 == 0, over_white, lambda: picture)


def png(picture: tf.Tensor) -> tf.Tensor:
    """Encode a picture without loss.

    Args:
        picture: uint8 (H, W, 1 or 3), the channels need not be known when tracing.

    Returns:
        A PNG, string ().
    """
    return tf.io.encode_png(picture, compression=_PNG_LEVEL)
