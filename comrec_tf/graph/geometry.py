"""The sizes of pictures: padding with the edge, resampling by two."""

import numpy as np
import tensorflow as tf

__all__ = ["double", "downsample", "halve", "pad_edge", "pad_to", "upsample"]


def pad_edge(pictures: tf.Tensor, top: int, bottom: int, left: int, right: int) -> tf.Tensor:
    """Repeat the outermost pixels outwards.

    `tf.pad` cannot repeat an edge, and its reflection fails if the padding is wider than the
    picture. So rows and columns are gathered by clipped indices: any padding works on any picture
    from 1x1 up.

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
    """Enlarge by bicubic interpolation, edges repeated; see `double`.

    Args:
        pictures: float32 (N, H, W, C).
        scale: 1 or 2.

    Returns:
        float32 (N, H * scale, W * scale, C).
    """
    return pictures if scale == 1 else double(pad_edge(pictures, 2, 2, 2, 2), "VALID")


def downsample(pictures: tf.Tensor, scale: int) -> tf.Tensor:
    """Shrink by antialiased bicubic interpolation, edges repeated; see `halve`.

    Args:
        pictures: float32 (N, H, W, C), H and W multiples of `scale`.
        scale: 1 or 2.

    Returns:
        float32 (N, H // scale, W // scale, C).
    """
    return pictures if scale == 1 else halve(pad_edge(pictures, 3, 3, 3, 3), "VALID")


def double(pictures: tf.Tensor, padding: str = "SAME") -> tf.Tensor:
    """Enlarge by two, pixel centres aligned, by the kernel of Keys (1981) with a = -0.5.

    It does what the paper's imresize(..., 'bicubic') does when enlarging, as a convolution with one
    phase for each of the four pixels that a pixel becomes: runtimes other than TensorFlow have no
    bicubic resize.

    Args:
        pictures: float32 (N, H, W, C).
        padding: "SAME", where the two pixels next to the edge are meaningless, or "VALID".

    Returns:
        float32 (N, 2 H, 2 W, C), or two pixels less of the input at each side.
    """
    channels = pictures.shape[-1]
    phases = np.stack([_keys(np.arange(-2, 3) - offset) for offset in (-0.25, 0.25)], 1)
    # Rows, columns, channel in; then row of the four, column of the four, channel out.
    kernel = np.einsum("iy,jx,cd->ijcyxd", phases, phases, np.eye(channels))
    kernel = kernel.reshape(5, 5, channels, 4 * channels).astype(np.float32)
    return tf.nn.depth_to_space(tf.nn.conv2d(pictures, kernel, 1, padding), 2)


def halve(pictures: tf.Tensor, padding: str = "SAME") -> tf.Tensor:
    """Shrink by two, pixel centres aligned, by the kernel of `double` stretched over two pixels.

    Args:
        pictures: float32 (N, H, W, C), H and W even.
        padding: "SAME", where the two pixels next to the edge are meaningless, or "VALID".

    Returns:
        float32 (N, H / 2, W / 2, C), or three pixels less of the input at each side.
    """
    channels = pictures.shape[-1]
    taps = _keys((np.arange(-3, 5) - 0.5) / 2)
    kernel = np.einsum("i,j,cd->ijcd", taps / taps.sum(), taps / taps.sum(), np.eye(channels))
    return tf.nn.conv2d(pictures, kernel.astype(np.float32), 2, padding)


def _keys(distance: np.ndarray) -> np.ndarray:
    """The cubic convolution kernel of Keys (1981), a = -0.5."""
    x = np.abs(distance)
    inner = 1.5 * x**3 - 2.5 * x**2 + 1
    outer = -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x <= 1, inner, np.where(x < 2, outer, 0.0))
