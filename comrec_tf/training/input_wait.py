"""Measures how long training steps wait for their batches."""

import time
from typing import Any

import keras
import tensorflow as tf

__all__ = ["InputWait"]


class InputWait(keras.callbacks.Callback):
    """Adds to the logs of `fit` "input_wait", the share of an epoch spent waiting for batches.

    Give its `stamp` to the `TrainingFeed` whose batches it watches.
    """

    def __init__(self) -> None:
        super().__init__()
        with tf.device("CPU:0"):
            self._handed_over = tf.Variable(0.0, dtype=tf.float64, trainable=False)
        self._begun = self._asked = self._waited = 0.0

    def stamp(self, batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        """Note when a batch is handed over to a step.

        Args:
            batch: what a dataset yields.

        Returns:
            The same.
        """
        self._handed_over.assign(tf.timestamp())
        return batch

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Begin to count."""
        self._begun = time.time()
        self._waited = 0.0

    def on_train_batch_begin(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Note when a step asks for its batch."""
        self._asked = time.time()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Add up how long the step waited for it."""
        self._waited += max(0.0, float(self._handed_over) - self._asked)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the share to the logs."""
        if logs is not None:
            logs["input_wait"] = self._waited / (time.time() - self._begun)
