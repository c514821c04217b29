"""The lists that a signature takes: checked, and worked on item by item."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from comrec_tf.graph import compact_file

__all__ = ["each", "for_each", "listed"]

#: Pictures of a batch that are worked on at the same time.
_PARALLEL = 2


def each(one: Callable[..., Any], items: list[tf.Tensor], specs: Any) -> Any:
    """Apply a function to the items of lists of one length.

    Args:
        one: takes an item of each list.
        items: the lists.
        specs: `tf.TensorSpec` of what it returns, or a tuple of them.

    Returns:
        The results, stacked along a first axis; results of different shapes are an error.
    """
    return tf.map_fn(
        lambda item: one(*item),
        tuple(items),
        fn_output_signature=specs,
        parallel_iterations=_PARALLEL,
    )


def listed(values: tf.Tensor, name: str) -> tf.Tensor:
    """Check that an input is a list: servers may feed a scalar, whatever the signature says.

    Args:
        values: the input.
        name: of the input, for the message.

    Returns:
        The same values.

    Raises:
        tf.errors.InvalidArgumentError: it is no list.
    """
    fed = tf.raw_ops.PlaceholderWithDefault(input=values, shape=tf.TensorShape(None))
    with compact_file.require(
        tf.equal(tf.rank(fed), 1),
        f"{name} must be a list. Received: a value of shape",
        tf.shape(fed),
    ):
        return tf.reshape(fed, [-1])


def for_each(values: tf.Tensor, inputs: tf.Tensor, name: str) -> tf.Tensor:
    """Give each input a number.

    Args:
        values: one for all inputs, or one each.
        inputs: of rank 1 or more.
        name: of the values, for the message.

    Returns:
        One value for each input.

    Raises:
        tf.errors.InvalidArgumentError: there are more or fewer, or they are not a list.
    """
    values, count = listed(values, name), tf.shape(inputs)[:1]
    with compact_file.require(
        tf.reduce_any(tf.equal(tf.size(values), tf.stack([1, count[0]]))),
        f"expected one {name}, or one for each input. Received:",
        tf.shape(values),
    ):
        return tf.broadcast_to(values, count)
