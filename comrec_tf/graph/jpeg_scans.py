"""The number of scans of a JPEG in TensorFlow operations: twin of `images.limits.check_content`.

libjpeg goes over the whole picture for each scan, so a small file with very many scans would keep a
server busy for minutes.
"""

import tensorflow as tf

from comrec_tf.graph.compact_file import MAX_SEGMENTS
from comrec_tf.images import jpeg_markers
from comrec_tf.images.limits import MAX_SCANS

__all__ = ["are_few"]


def are_few(content: tf.Tensor) -> tf.Tensor:
    """Tell whether a JPEG has at most `limits.MAX_SCANS` scans.

    Args:
        content: string (), a JPEG file.

    Returns:
        bool ().
    """
    file = tf.io.decode_raw(content, tf.uint8)
    first, second = file[:-1], file[1:]
    candidates = tf.math.count_nonzero((first == 0xFF) & (second == jpeg_markers.SOS))
    # Nearly all files are done here; in the others, these bytes may be in metadata or behind the
    # picture.
    return tf.cond(
        candidates <= MAX_SCANS, lambda: tf.constant(True), lambda: _are_few_by_markers(file)
    )


def _are_few_by_markers(file: tf.Tensor) -> tf.Tensor:
    first, second = file[:-1], file[1:]
    within_scans = (second == 0) | (second == 0xFF)
    within_scans |= (second >= jpeg_markers.RST0) & (second <= jpeg_markers.RST7)
    places = tf.where((first == 0xFF) & ~within_scans)[:, 0]
    # One place behind the end, so that there is always a next one.
    places = tf.concat([places, [tf.size(second, tf.int64)]], 0)
    padded = tf.cast(tf.concat([second, [jpeg_markers.EOI, 0, 0]], 0), tf.int64)

    def goes_on(position: tf.Tensor, scans: tf.Tensor) -> tf.Tensor:
        return (position >= 0) & (scans <= MAX_SCANS)

    def one_marker(position: tf.Tensor, scans: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        place = places[tf.searchsorted(places, [position])[0]]
        kind = padded[place]
        # `second` starts one byte later than the file.
        length = 256 * padded[place + 1] + padded[place + 2]
        behind = place + 2 + tf.where(kind == jpeg_markers.SOI, tf.constant(0, tf.int64), length)
        behind = tf.minimum(behind, places[-1])
        ended = kind == jpeg_markers.EOI
        return tf.where(ended, tf.constant(-1, tf.int64), behind), scans + tf.cast(
            kind == jpeg_markers.SOS, tf.int64
        )

    start = (tf.constant(2, tf.int64), tf.constant(0, tf.int64))
    position, scans = tf.while_loop(goes_on, one_marker, start, maximum_iterations=MAX_SEGMENTS)
    return (position < 0) & (scans <= MAX_SCANS)
