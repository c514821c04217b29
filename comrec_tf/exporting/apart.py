"""Functions that signatures share and that stay functions in the exported graph."""

from collections.abc import Callable

import tensorflow as tf

__all__ = ["apart"]


def apart(function: Callable[..., tf.Tensor], *inputs: tf.TensorSpec) -> Callable[..., tf.Tensor]:
    """Trace a function once for all that call it, and keep it one when the graph is optimised.

    TensorFlow would copy it into every place it is called from. A JPEG encoder has a branch for
    each quality, so that would make the first call of each signature take seconds and gigabytes.

    Args:
        function: of tensors, to be called with as many tensors.
        *inputs: what it takes.

    Returns:
        The function.
    """
    return tf.function(
        function,
        input_signature=inputs,
        autograph=False,
        experimental_attributes={"_noinline": True},
    )
