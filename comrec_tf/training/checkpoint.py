"""Checkpoints of a whole run: the model with both optimizers, and how far the run has come."""

import json
import os
import pathlib
import shutil
import tempfile
from typing import Any

import keras

from comrec_tf.models.com_rec import ComRec

__all__ = ["Checkpoints", "complete", "restore"]

_MODEL = "model.keras"
_STATE = "state.json"
_KEPT = 2


class Checkpoints(keras.callbacks.Callback):
    """Saves after each epoch a folder ``epoch-00012`` that holds all that a resumed run needs.

    A folder is written under another name and renamed, so one that has its name is complete. The
    newest two are kept.

    Args:
        folder: where the checkpoints live; made where missing.
        state: what else to save: a dictionary that other callbacks keep up to date.
    """

    def __init__(self, folder: str | os.PathLike[str], state: dict[str, Any]) -> None:
        super().__init__()
        self._folder = pathlib.Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._state = state

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Save, then drop old checkpoints and what a killed run left half-written."""
        beside = pathlib.Path(tempfile.mkdtemp(dir=self._folder, prefix=".unfinished-"))
        self.model.save(beside / _MODEL)
        state = {**self._state, "epochs_done": epoch + 1}
        (beside / _STATE).write_text(json.dumps(state, indent=2))
        target = self._folder / f"epoch-{epoch + 1:05d}"
        if target.exists():
            shutil.rmtree(target)
        beside.rename(target)
        for old in [*complete(self._folder)[:-_KEPT], *self._folder.glob(".unfinished-*")]:
            shutil.rmtree(old)


def complete(folder: str | os.PathLike[str]) -> list[pathlib.Path]:
    """List the complete checkpoints of a folder.

    Args:
        folder: where the checkpoints are.

    Returns:
        Their folders, oldest first.
    """
    return sorted(pathlib.Path(folder).glob("epoch-*"))


def restore(folder: str | os.PathLike[str]) -> tuple[ComRec, dict[str, Any]] | None:
    """Load the newest checkpoint.

    Args:
        folder: where the checkpoints live.

    Returns:
        The compiled model with the state of both optimizers, and the saved state, in
        which "epochs_done" counts the finished epochs; None where there is no checkpoint.

    Raises:
        OSError, ValueError: the checkpoint cannot be read.
    """
    checkpoints = complete(folder)
    if not checkpoints:
        return None
    model = keras.saving.load_model(checkpoints[-1] / _MODEL)
    return model, json.loads((checkpoints[-1] / _STATE).read_text())
