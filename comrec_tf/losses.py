"""The two squared errors that train the two networks (Jiang et al. 2017, section III-D)."""

import tensorflow as tf

__all__ = ["com_loss", "rec_loss"]


def _half_squared_error(difference: tf.Tensor) -> tf.Tensor:
    """1 / 2N times the sum of squares over everything, N being the size of the batch."""
    num_pictures = tf.cast(tf.shape(difference)[0], tf.float32)
    return tf.reduce_sum(tf.square(tf.cast(difference, tf.float32))) / (2.0 * num_pictures)


def com_loss(pictures: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """Loss of ComCNN, with RecCNN fixed and the codec left out.

    L1(theta1) = 1 / 2N * sum_k || Re(theta2, Cr(theta1, x_k)) - x_k ||^2

    Args:
        pictures: x, float (N, H, W, C) in [0, 1].
        reconstructions: Re(theta2, Cr(theta1, x)), float of the same shape.

    Returns:
        float32 ().
    """
    return _half_squared_error(reconstructions - pictures)


def rec_loss(pictures: tf.Tensor, upsampled: tf.Tensor, residuals: tf.Tensor) -> tf.Tensor:
    """Loss of RecCNN, with ComCNN fixed and the real codec inside.

    L2(theta2) = 1 / 2N * sum_k || res(Co(xm_k), theta2) - (x_k - Co(xm_k)) ||^2

    where xm is the compact picture and Co codes, decodes and upsamples it. (The paper's
    residual has the other sign and is subtracted; the loss is the same.)

    Args:
        pictures: x, float (N, H, W, C) in [0, 1].
        upsampled: Co(xm), float of the same shape.
        residuals: res(Co(xm), theta2), float of the same shape.

    Returns:
        float32 ().
    """
    return _half_squared_error(residuals - (pictures - upsampled))
