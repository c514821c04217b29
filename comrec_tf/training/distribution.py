"""One device, all devices of a machine, or many machines, by tf.distribute."""

import os

import tensorflow as tf

from comrec_tf import vocabulary

__all__ = ["is_chief", "make_strategy"]


def make_strategy(name: str) -> tf.distribute.Strategy:
    """Make a strategy; models made in its scope train on all its devices.

    Args:
        name: "one" for one device, "mirrored" for all GPUs of this machine (or its CPU), or
            "multi_worker" for the machines that the environment variable TF_CONFIG lists. The
            last must be made before anything else is done with TensorFlow.

    Returns:
        The strategy.

    Raises:
        ValueError: the name is unknown, or TF_CONFIG is needed and not set.
    """
    if name == "one":
        return tf.distribute.get_strategy()
    if name == "mirrored":
        return tf.distribute.MirroredStrategy()
    if name != "multi_worker":
        raise ValueError(f"strategy must be one of {vocabulary.STRATEGIES}. Received: {name!r}")
    if not os.environ.get("TF_CONFIG"):
        raise ValueError(
            'the strategy "multi_worker" expects the environment variable TF_CONFIG, which names '
            "all workers and this one's index. Received: none"
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def is_chief(strategy: tf.distribute.Strategy) -> bool:
    """Whether this process is the one that writes results.

    Args:
        strategy: what `make_strategy` returned.

    Returns:
        True for the chief, or where there is none for worker 0, and for a process alone.
    """
    resolver = strategy.cluster_resolver
    if resolver is None or not resolver.task_type:
        return True
    if "chief" in resolver.cluster_spec().jobs:
        return bool(resolver.task_type == "chief")
    return bool(resolver.task_type == "worker" and resolver.task_id == 0)
