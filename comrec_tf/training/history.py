"""The figures of each epoch, as a table and for TensorBoard; epoch 0 is before any training."""

import csv
import io
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import keras

from comrec_tf.process import storage

__all__ = ["Board", "History"]


class History(keras.callbacks.Callback):
    """Writes a CSV file, whole after each epoch.

    It has a row for each epoch and a column for each figure of the logs; a figure that an epoch
    does not have is left empty.

    Args:
        path: the file. Rows of epochs that a resumed run repeats are dropped.
        epochs_done: how many the run has done.
    """

    def __init__(self, path: str | os.PathLike[str], epochs_done: int) -> None:
        super().__init__()
        self._path = pathlib.Path(path)
        self._rows: list[dict[str, Any]] = []
        if epochs_done and self._path.exists():
            rows = csv.DictReader(io.StringIO(self._path.read_text()))
            self._rows = [row for row in rows if int(row["epoch"]) <= epochs_done]

    def add(self, epoch: int, logs: Mapping[str, Any]) -> None:
        """Write what an epoch was worth.

        Args:
            epoch: from 1; 0 for what the run begins with.
            logs: its figures.
        """
        self._rows.append({"epoch": epoch, **logs})
        columns = sorted({name for row in self._rows for name in row} - {"epoch"})
        buffer = io.StringIO()
        writer = csv.DictWriter(buffer, ["epoch", *columns], lineterminator="\n")
        writer.writeheader()
        writer.writerows(self._rows)
        storage.write_atomically(self._path, buffer.getvalue().encode())

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add the epoch, which Keras counts from 0."""
        self.add(epoch + 1, logs or {})


class Board(keras.callbacks.TensorBoard):
    """Keras's callback, with epochs numbered from 1.

    Args:
        folder: where the logs go.
        start: what the run begins with, epoch 0; None where it goes on.
    """

    def __init__(self, folder: str | os.PathLike[str], start: dict[str, float] | None) -> None:
        super().__init__(os.fspath(folder), write_graph=False)
        self._start = start

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Begin with epoch 0."""
        super().on_train_begin(logs)
        super().on_epoch_end(0, self._start)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Log the epoch, which Keras counts from 0."""
        super().on_epoch_end(epoch + 1, logs)
