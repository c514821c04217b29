"""What trains the networks: the paper's two squared errors, and distortion plus rate."""

import tensorflow as tf

__all__ = ["com_loss", "joint_loss", "rec_loss"]


def _half_squared_error(difference: tf.Tensor, weights: tf.Tensor | None = None) -> tf.Tensor:
    """1 / 2N times the sum of squares over everything, N being the size of the batch."""
    num_pictures = tf.cast(tf.shape(difference)[0], tf.float32)
    squares = tf.square(tf.cast(difference, tf.float32))
    if weights is not None:
        squares *= weights[:, None, None, None]
    return tf.reduce_sum(squares) / (2.0 * num_pictures)


def com_loss(pictures: tf.Tensor, reconstructions: tf.Tensor) -> tf.Tensor:
    """Loss of ComCNN, with RecCNN fixed and the codec left out (Jiang et al. 2017, III-D).

    L1(theta1) = 1 / 2N * sum_k || Re(theta2, Cr(theta1, x_k)) - x_k ||^2

    Args:
        pictures: x, float (N, H, W, C) in [0, 1].
        reconstructions: Re(theta2, Cr(theta1, x)), float of the same shape.

    Returns:
        float32 ().
    """
    return _half_squared_error(reconstructions - pictures)


def rec_loss(
    pictures: tf.Tensor,
    upsampled: tf.Tensor,
    residuals: tf.Tensor,
    weights: tf.Tensor | None = None,
) -> tf.Tensor:
    """Loss of RecCNN, with ComCNN fixed and the real codec inside (Jiang et al. 2017, III-D).

    L2(theta2) = 1 / 2N * sum_k || res(Co(xm_k), theta2) - (x_k - Co(xm_k)) ||^2

    where xm is the compact picture and Co codes, decodes and upsamples it. (The paper's
    residual has the other sign and is subtracted; the loss is the same.)

    Args:
        pictures: x, float (N, H, W, C) in [0, 1].
        upsampled: Co(xm), float of the same shape.
        residuals: res(Co(xm), theta2), float of the same shape.
        weights: float32 (N,) of the examples; 1 for each in the paper.

    Returns:
        float32 ().
    """
    return _half_squared_error(residuals - (pictures - upsampled), weights)


def joint_loss(
    pictures: tf.Tensor,
    reconstructions: tf.Tensor,
    num_bits: tf.Tensor,
    step: tf.Tensor,
    rate_weight: float,
) -> tf.Tensor:
    """Distortion plus rate of both networks at once, D + lambda R (beyond the paper).

    J = 1 / N * sum_k (D_k + lambda_k * R_k) / step_k,   lambda_k = rate_weight * step_k^2

    where D_k is the squared error in grey levels and R_k the number of bits, both per sample. A
    quantiser of step q spends its bits well where dD/dR = -q^2 * ln(2) / 6, about -0.12 q^2. So
    lambda follows the square of the step, and one pair is optimal at every quality. The division by
    the step makes coarse and fine qualities weigh about the same.

    Args:
        pictures: x, float (N, H, W, C) in [0, 1].
        reconstructions: float of the same shape.
        num_bits: float (N,), bits of each compact picture.
        step: float (N,), the quantiser step in grey levels of the original: the codec's times the
            scale, since the error of one pixel of a half-size picture spreads over four.
        rate_weight: about 0.1.

    Returns:
        float32 ().
    """
    error = tf.square(255.0 * tf.cast(reconstructions - pictures, tf.float32))
    distortion = tf.reduce_mean(error, [1, 2, 3])
    rate = num_bits / tf.cast(tf.reduce_prod(tf.shape(pictures)[1:]), tf.float32)
    return tf.reduce_mean(distortion / step + rate_weight * step * rate)
