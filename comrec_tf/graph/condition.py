"""What networks are told of a file's coding, in graphs: the twin of `codecs.condition`."""

import numpy as np
import tensorflow as tf

from comrec_tf.codecs import base, condition
from comrec_tf.graph import codecs, jpeg_header

__all__ = ["of_header", "of_jpeg", "of_step"]


def of_step(step: tf.Tensor) -> tf.Tensor:
    """Say what is known of a file that has no tables; see `codecs.condition.of_step`.

    Args:
        step: float32 (), grey levels.

    Returns:
        float32 (5,).
    """
    return tf.pad(codecs.log_of_step(step)[None], [[0, condition.COUNT - 1]])


def of_jpeg(content: tf.Tensor, step: tf.Tensor) -> tf.Tensor:
    """Say what is known of a JPEG by its header; see `codecs.condition.of_file`.

    Args:
        content: string (), the file.
        step: as in `of_step`.

    Returns:
        float32 (5,).

    Raises:
        tf.errors.InvalidArgumentError: the header is damaged.
    """
    return of_header(jpeg_header.read(content), step)


def of_header(header: dict[str, tf.Tensor], step: tf.Tensor) -> tf.Tensor:
    """Say what is known of a JPEG whose header has been read.

    Args:
        header: of `jpeg_header.read`.
        step: as in `of_step`.

    Returns:
        float32 (5,).
    """
    low = np.flatnonzero(condition.IS_LOW)
    others = np.flatnonzero(~condition.IS_LOW)
    luma, chroma = (
        tf.math.log(tf.cast(header[name], tf.float64)) for name in ("table", "chroma_table")
    )
    means = [
        tf.reduce_mean(tf.gather(luma, low)),
        tf.reduce_mean(tf.gather(luma, others)),
        tf.reduce_mean(chroma),
    ]
    full = tf.reduce_all(tf.equal(header["factors"], 1)) & (header["components"] == 3)
    of_tables = tf.cast(tf.stack(means) - np.log(base.MIDDLE_STEP), tf.float32)
    return tf.concat(
        [codecs.log_of_step(step)[None], of_tables, tf.cast(full, tf.float32)[None]], 0
    )
