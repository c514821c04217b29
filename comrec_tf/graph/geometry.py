"""Sizes of pictures: padding by the edge, resampling by two."""

import tensorflow as tf

__all__ = ["downsample", "pad_edge", "pad_to", "upsample"]


def pad_edge(pictures: tf.Tensor, top: int, bottom: int, left: int, right: int) -> tf.Tensor:
    """Repeat the outermost pixels outwards.

    `tf.pad` cannot repeat an edge, and its reflection fails where the padding is wider than
    the picture, so the rows and columns are gathered by clipped indices instead: any amount of
    padding works on any picture from 1x1 up.

    Args:
        pictures: any dtype, (N, H, W, C) with H, W >= 1.
        top, bottom, left, right: numbers of rows and columns to add, int or int32 scalar, >= 0.

    Returns:
        (N, top + H + bottom, left + W + right, C) of the same dtype.
    """
    shape = tf.shape(pictures)
    rows = tf.clip_by_value(tf.range(-top, shape[1] + bottom), 0, shape[1] - 1)
    columns = tf.clip_by_value(tf.range(-left, shape[2] + right), 0, shape[2] - 1)
    return tf.gather(tf.gather(pictures, rows, axis=1), columns, axis=2)


def pad_to(pictures: tf.Tensor, multiple: int) -> tf.Tensor:
    """Pad bottom and right by the edge until height and width are multiples of `multiple`.

    Args:
        pictures: any dtype, (N, H, W, C).
        multiple: positive int.

    Returns:
        (N, H', W', C); crop `[:, :H, :W]` to undo.
    """
    if multiple == 1:
        return pictures
    shape = tf.shape(pictures)
    return pad_edge(pictures, 0, -shape[1] % multiple, 0, -shape[2] % multiple)


def upsample(pictures: tf.Tensor, scale: int) -> tf.Tensor:
    """Enlarge by bicubic interpolation, pixel centres aligned (Keys, a = -0.5).

    Args:
        pictures: float32 (N, H, W, C).
        scale: 1 or 2.

    Returns:
        float32 (N, H * scale, W * scale, C).
    """
    if scale == 1:
        return pictures
    shape = tf.shape(pictures)
    # tf.image.resize goes by the half-pixel-centred Keys kernel (a = -0.5) for "bicubic",
    # which is what the paper's imresize(..., 'bicubic') does when enlarging.
    enlarged = tf.image.resize(pictures, shape[1:3] * scale, method="bicubic")
    return tf.ensure_shape(enlarged, [pictures.shape[0], None, None, pictures.shape[3]])


def downsample(pictures: tf.Tensor, scale: int) -> tf.Tensor:
    """Shrink by antialiased bicubic interpolation; sizes must be multiples of `scale`.

    Args:
        pictures: float32 (N, H, W, C).
        scale: 1 or 2.

    Returns:
        float32 (N, H // scale, W // scale, C).
    """
    if scale == 1:
        return pictures
    shape = tf.shape(pictures)
    shrunk = tf.image.resize(pictures, shape[1:3] // scale, method="bicubic", antialias=True)
    return tf.ensure_shape(shrunk, [pictures.shape[0], None, None, pictures.shape[3]])
