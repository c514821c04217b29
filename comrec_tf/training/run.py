"""One training run, from a configuration to a preset."""

import json
import logging
import math
import os
import pathlib
import tempfile
from typing import Any

import keras
import tensorflow as tf

from comrec_tf.data import sources
from comrec_tf.data.sampling import Sampling
from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import weights
from comrec_tf.training import building, checkpoint, distribution, optimizers
from comrec_tf.training.config import TrainingConfig
from comrec_tf.training.feed import TrainingFeed
from comrec_tf.training.input_wait import InputWait
from comrec_tf.training.validation import Validation

__all__ = ["train"]

_log = logging.getLogger(__name__)

_CONFIG = "config.json"
_CHECKPOINTS = "checkpoints"


def train(
    config: TrainingConfig,
    output_dir: str | os.PathLike[str],
    *,
    resume: bool = False,
    verbose: str | int = "auto",
) -> pathlib.Path:
    """Train a pair of networks.

    The output folder gets ``config.json``, ``checkpoints/``, ``history.csv``, ``tensorboard/``,
    and two presets: ``last/`` and ``best/``, the epoch of the largest gain over the plain codec.

    Args:
        config: the run.
        output_dir: where to; made where missing.
        resume: whether to go on from the newest checkpoint in `output_dir`. The configuration
            must be the one that it was begun with, but for `epochs`, `precision` and `strategy`.
        verbose: as in `keras.Model.fit`.

    Returns:
        The folder of the best preset.

    Raises:
        FileNotFoundError: there are no pictures, or no preset to go on from.
        FileExistsError: `output_dir` holds a run and `resume` is False.
        ValueError: the configuration differs from that of the run to resume or from the preset to
            go on from, or there are no devices for the strategy.
        OSError: the output folder cannot be written, or a picture is broken and
            `config.strict`, or all are.
        FloatingPointError: a loss is no longer finite; the checkpoint before that is kept.
    """
    strategy = distribution.make_strategy(config.strategy)
    output = pathlib.Path(output_dir)
    if distribution.is_chief(strategy):
        _check_output(config, output, resume)
        return _train(config, output, output, strategy, resume=resume, verbose=verbose)
    # All workers must do all that a chief does, since saving may read from all of them; what
    # the others write is of no use.
    with tempfile.TemporaryDirectory() as scratch:
        _train(config, output, pathlib.Path(scratch), strategy, resume=resume, verbose=verbose)
    return output / "best"


def _train(
    config: TrainingConfig,
    begun: pathlib.Path,
    output: pathlib.Path,
    strategy: tf.distribute.Strategy,
    *,
    resume: bool,
    verbose: str | int,
) -> pathlib.Path:
    keras.utils.set_random_seed(config.seed)
    state: dict[str, Any] = {"epochs_done": 0, "best_gain": None, "best_epoch": 0}
    with strategy.scope():
        restored = checkpoint.restore(begun / _CHECKPOINTS) if resume else None
        if restored is None:
            model = building.build_model(config)
            _compile(model, config)
        else:
            model, state = restored
            if model.dtype_policy.name != config.precision:
                model = _converted(model, config)
            _log.info("resuming after epoch %d", state["epochs_done"])

    wait = InputWait()
    feed = TrainingFeed(
        model,
        config.train_data,
        Sampling(
            patch_size=config.patch_size,
            batch_size=config.batch_size,
            steps_per_epoch=config.steps_per_epoch,
            quality=(config.quality_min, config.quality_max),
            patches_per_picture=config.patches_per_picture,
            grey_share=config.grey_share,
            coded=config.objective == "alternate",
            codecs=building.codec_mix(config.codec_mix),
            strict=config.strict,
            seed=config.seed,
        ),
        stamp=wait.stamp,
    )
    valid_paths = sources.find_pictures(config.valid_data)
    output.mkdir(parents=True, exist_ok=True)
    config.save(output / _CONFIG)
    callbacks = [
        # In this order: what an epoch was worth, then what to keep of it.
        *([optimizers.MeanWeights(model)] if config.ema_momentum else []),
        feed,
        wait,
        _StopAtNonFinite(),
        Validation(model, valid_paths, _valid_qualities(config)),
        _Presets(model, config, output, state),
        keras.callbacks.CSVLogger(os.fspath(output / "history.csv"), append=True),
        keras.callbacks.TensorBoard(os.fspath(output / "tensorboard"), write_graph=False),
        checkpoint.Checkpoints(output / _CHECKPOINTS, state),
    ]
    try:
        model.fit(
            feed.dataset,
            initial_epoch=state["epochs_done"],
            epochs=config.epochs,
            verbose=verbose,
            callbacks=callbacks,
            shuffle=False,  # the feed does
        )
    except tf.errors.OpError:
        if feed.reader.error is None:
            raise
        raise feed.reader.error from None
    if feed.reader.broken:
        _log.warning("%d files were broken and skipped", len(feed.reader.broken))
    return output / "best"


def _check_output(config: TrainingConfig, output: pathlib.Path, resume: bool) -> None:
    if not (output / _CONFIG).exists():
        return
    if not resume:
        raise FileExistsError(
            f"{output} holds a training run already: resume it, or choose another folder"
        )
    begun = TrainingConfig.load(output / _CONFIG)
    for name, value in vars(begun).items():
        if name not in ("epochs", "precision", "strategy") and getattr(config, name) != value:
            raise ValueError(
                f"a resumed run must have the {name} that it was begun with, {value!r}. "
                f"Received: {getattr(config, name)!r}"
            )


def _compile(model: ComRec, config: TrainingConfig) -> None:
    model.com.trainable = config.com_learning_rate > 0
    model.rec.trainable = config.rec_learning_rate > 0
    model.compile(
        com_optimizer=optimizers.make_optimizer(config.com_learning_rate, config),
        rec_optimizer=optimizers.make_optimizer(config.rec_learning_rate, config),
        objective=config.objective,
        rate_weight=config.rate_weight,
        step_balance=config.step_balance,
    )


def _converted(model: ComRec, config: TrainingConfig) -> ComRec:
    """The same pair and optimizer state in the configuration's precision."""
    converted = building.build_model(config)
    _compile(converted, config)
    parts = [
        (lambda pair: pair.com.variables),
        (lambda pair: pair.rec.variables),
        (lambda pair: optimizers.unscaled(pair.com_optimizer).variables),
        (lambda pair: optimizers.unscaled(pair.rec_optimizer).variables),
    ]
    for part in parts:
        for target, source in zip(part(converted), part(model), strict=True):
            target.assign(source)
    return converted


def _valid_qualities(config: TrainingConfig) -> tuple[int, ...]:
    """Qualities over the range, in equal ratios."""
    low, high = config.quality_min, config.quality_max
    shares = (0.0, 0.3, 0.6, 0.9)
    return tuple(sorted({round(low * (high / low) ** share) for share in shares}))


class _StopAtNonFinite(keras.callbacks.Callback):
    """Ends the run before an epoch that went wrong is validated or saved."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} became {value} in epoch {epoch + 1}: resume from the checkpoint "
                    "before with lower learning rates or with gradient clipping (clip_norm)"
                )


class _Presets(keras.callbacks.Callback):
    """Writes the presets ``last`` and ``best``."""

    def __init__(
        self, model: ComRec, config: TrainingConfig, output: pathlib.Path, state: dict[str, Any]
    ) -> None:
        super().__init__()
        self._pair = model
        self._config = config
        self._output = output
        self._state = state

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        figures = {name: round(float(value), 4) for name, value in (logs or {}).items()}
        card = {
            "default_quality": _valid_qualities(self._config)[-1],
            "training": {
                "epochs_done": epoch + 1,
                **_portable(self._config),
                **building.networks_of(self._pair),
            },
            "figures": figures,
        }
        weights.save_preset(self._pair, self._output / "last", card)
        gain = figures.get("val_gain", 0.0)
        if self._state["best_gain"] is None or gain > self._state["best_gain"]:
            self._state.update(best_gain=gain, best_epoch=epoch)
            weights.save_preset(self._pair, self._output / "best", card)
        patience = self._config.early_stop_epochs
        if patience and epoch - self._state["best_epoch"] >= patience:
            _log.info("stopping: no better epoch since epoch %d", self._state["best_epoch"] + 1)
            self.model.stop_training = True


def _portable(config: TrainingConfig) -> dict[str, Any]:
    """The configuration as a card may show it: of paths only the last names."""
    fields = json.loads(json.dumps(vars(config)))
    fields["preset"] = pathlib.PurePath(config.preset).name
    for name in ("train_data", "valid_data"):
        fields[name] = [pathlib.PurePath(source).name for source in fields[name]]
    return fields
