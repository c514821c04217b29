"""Functions that signatures share and that stay functions in the exported graph."""

from collections.abc import Callable

import tensorflow as tf

__all__ = ["apart"]


def apart(function: Callable[..., tf.Tensor], *inputs: tf.TensorSpec) -> Callable[..., tf.Tensor]:
    """Trace a function once for all its callers, and keep TensorFlow from inlining it.

    TensorFlow would copy it to every place that calls it. A JPEG encoder has a branch for each
    quality, so the first call of each signature would then take seconds and gigabytes.

    Args:
        function: takes one tensor for each of `inputs`.
        *inputs: specifications of its inputs.

    Returns:
        The function.
    """
    return tf.function(
        function,
        input_signature=inputs,
        autograph=False,
        experimental_attributes={"_noinline": True},
    )
