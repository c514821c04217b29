"""The presets that a run writes: its pair, and with it the pair of the other scale."""

import json
import logging
import os
import pathlib
from collections.abc import Mapping
from typing import Any

import keras

from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import card, find, stored, weights
from comrec_tf.training import building
from comrec_tf.training.config import TrainingConfig

__all__ = ["Presets", "other_pair", "valid_qualities"]

_log = logging.getLogger(__name__)

#: Default quality of a preset. Up to this quality of plain JPEG, a pair at half size alone is as
#: good as plain JPEG.
_DEFAULT_QUALITY = 40


class Presets(keras.callbacks.Callback):
    """Writes the presets ``last``, and ``best``, the epoch of the largest gain.

    Args:
        model: the pair that is trained.
        config: the run.
        output: where the presets go.
        state: "best_gain" and "best_epoch", which is 0 for the pair before training.
        beside: pairs of other scales that go into the presets.
    """

    def __init__(
        self,
        model: ComRec,
        config: TrainingConfig,
        output: pathlib.Path,
        state: dict[str, Any],
        beside: list[stored.StoredPair],
    ) -> None:
        super().__init__()
        self._pair = model
        self._config = config
        self._output = output
        self._state = state
        self._beside = beside
        self._default_quality = _default_quality(config)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write them, and stop the run if nothing gets better."""
        self.write(epoch + 1, logs or {})
        patience = self._config.early_stop_epochs
        if patience and epoch + 1 - self._state["best_epoch"] >= patience:
            _log.info("stopping: no better epoch since epoch %d", self._state["best_epoch"])
            self.model.stop_training = True

    def write(self, epochs_done: int, logs: Mapping[str, Any]) -> None:
        """Write ``last``, and ``best`` if it is better than all before.

        Args:
            epochs_done: how long the pair was trained.
            logs: what it is worth; "val_gain" decides.
        """
        figures = {name: round(float(value), 4) for name, value in logs.items()}
        entries = {
            "default_quality": self._default_quality,
            "training": {
                "epochs_done": epochs_done,
                **_portable(self._config),
                **building.networks_of(self._pair),
            },
            "figures": figures,
        }

        def write(name: str) -> None:
            weights.save_preset(self._pair, self._output / name, entries, beside=self._beside)

        write("last")
        gain = figures.get("val_gain", 0.0)
        if self._state["best_gain"] is None or gain > self._state["best_gain"]:
            self._state.update(best_gain=gain, best_epoch=epochs_done)
            write("best")


def other_pair(config: TrainingConfig, model: ComRec) -> list[stored.StoredPair]:
    """Find the pair of the other scale that goes into what a run writes.

    Args:
        config: the run; the pair is that of the preset `join`, or if there is none that of
            `preset`, if it has one that fits.
        model: the pair that is trained.

    Returns:
        The pair, or nothing.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: that of `join` has no such pair, or one of other channels or another codec.
    """
    name = config.join or config.preset
    if not name:
        return []
    preset, scale = card.read(find.find_preset(name)), 3 - model.scale
    if not config.join and all(pair.scale != scale for pair in preset.pairs):
        return []
    pair = stored.read_pair(name, scale)
    channels = pair.described.com["channels"]
    codec = card.CodecChoice(model.codec.name, model.codec.options())
    if (channels, pair.codec) == (model.channels, codec):
        return [pair]
    why = (
        f"it has {channels} channels and {_text(pair.codec)} inside, "
        f"this run {model.channels} and {_text(codec)}"
    )
    if config.join:
        raise ValueError(f"expected a pair of scale {scale} in {name} that goes with it: {why}")
    _log.warning("the pair of scale %d of %s is left out: %s", scale, name, why)
    return []


def valid_qualities(config: TrainingConfig) -> tuple[int, ...]:
    """Choose the qualities to validate with, at equal ratios over the range of the run.

    Args:
        config: the run.

    Returns:
        Up to four qualities, rising.
    """
    low, high = config.quality_min, config.quality_max
    shares = (0.0, 0.3, 0.6, 0.9)
    return tuple(sorted({round(low * (high / low) ** share) for share in shares}))


def _default_quality(config: TrainingConfig) -> int:
    """The default quality of the preset to go on from, limited to the range of the run."""
    quality = _DEFAULT_QUALITY
    if config.preset:
        quality = card.read(find.find_preset(config.preset)).default_quality
    return min(max(quality, config.quality_min), config.quality_max)


def _text(codec: card.CodecChoice) -> str:
    """A codec as `TrainingConfig.codec` has it."""
    options = (f"{name}={value}" for name, value in codec.options.items())
    return "/".join([codec.name, *options])


def _portable(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as a card may show it: only the last names of paths."""
    fields = json.loads(json.dumps(vars(config)))
    for name in ("preset", "join"):
        fields[name] = os.path.basename(getattr(config, name).rstrip("/"))
    for name in ("train_data", "valid_data"):
        fields[name] = [pathlib.PurePath(source).name for source in fields[name]]
    return fields
