"""One training run, from a configuration to a preset."""

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
from comrec_tf.process import storage
from comrec_tf.training import building, checkpoint, distribution, optimizers, results
from comrec_tf.training.config import TrainingConfig
from comrec_tf.training.feed import TrainingFeed
from comrec_tf.training.history import Board, History
from comrec_tf.training.input_wait import InputWait
from comrec_tf.training.validation import Validation

__all__ = ["train"]

_log = logging.getLogger(__name__)

_CONFIG = "config.json"
_CHECKPOINTS = "checkpoints"
_HISTORY = "history.csv"
_BOARD = "tensorboard"
#: All that a run writes.
_WRITTEN = (_CONFIG, _CHECKPOINTS, _HISTORY, _BOARD, "best", "last")

#: What may be another when a run is resumed; the rates may not become 0, nor stop being 0, since
#: the optimizer of a frozen network has no state.
_RATES = ("com_learning_rate", "rec_learning_rate")
_CHANGEABLE = ("epochs", *_RATES, "clip_norm", "precision", "strategy")


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
    Epoch 0 is the pair before training, so that a run that makes it worse is noticed. Besides the
    trained pair, the presets have the pair of the other scale of `config.join` or `config.preset`.

    Args:
        config: the run.
        output_dir: where to; made where missing.
        resume: whether to go on from the newest checkpoint in `output_dir`. The configuration
            must be the one that the run began with, except `epochs`, the learning rates (but not
            between 0 and above), `clip_norm`, `precision` and `strategy`. Rates are from there on
            what they would be, had the run begun with this configuration.
        verbose: as in `keras.Model.fit`.

    Returns:
        The folder of the best preset.

    Raises:
        FileNotFoundError: there are no pictures, or no preset to go on from.
        FileExistsError: `output_dir` holds a run and `resume` is False, or what is none holds a
            name that a run writes, say a preset ``best``.
        ValueError: the configuration differs from that of the run to resume or from the preset to
            go on from, the preset has no pair of the scale, or none to join, or there are no
            devices for the strategy.
        OSError: the output folder cannot be written, a picture to validate with is broken, one to
            learn from is and `config.strict` is set, or all of those are.
        FloatingPointError: a loss is no longer finite; the checkpoint before that is kept.
    """
    strategy = distribution.make_strategy(config.strategy)
    output = pathlib.Path(output_dir)
    if distribution.is_chief(strategy):
        _check_output(config, output, resume)
        return _train(config, output, output, strategy, resume=resume, verbose=verbose)
    # Saving may read from all workers, so all do what the chief does; what the others write is
    # thrown away.
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
            before, state = restored
            model = _resumed(before, config)
            del before, restored  # with its optimizers' state
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
    beside = results.other_pair(config, model)
    validation = Validation(model, valid_paths, results.valid_qualities(config))
    # Only now that all is read: what fails before leaves no folder that holds a run.
    output.mkdir(parents=True, exist_ok=True)
    config.save(output / _CONFIG)
    presets = results.Presets(model, config, output, state, beside)
    history = History(output / _HISTORY, state["epochs_done"])
    start = None if state["epochs_done"] else validation.measure()
    if start is not None:
        if verbose:
            figures = " - ".join(f"{name}: {value:.4f}" for name, value in start.items())
            print(f"Epoch 0/{config.epochs}\nbefore training - {figures}", flush=True)
        presets.write(0, start)
        history.add(0, start)
    callbacks = [
        # In this order: first the figures of an epoch, then what is saved of it.
        *([optimizers.MeanWeights(model)] if config.ema_momentum else []),
        feed,
        wait,
        _StopAtNonFinite(),
        validation,
        presets,
        history,
        Board(output / _BOARD, start),
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
    if state["best_epoch"] == 0:
        _log.warning("no epoch was better than what the run began with: the best preset is that")
    return output / "best"


def _check_output(config: TrainingConfig, output: pathlib.Path, resume: bool) -> None:
    storage.check_writable(output)
    if not (output / _CONFIG).exists():
        for name in _WRITTEN:
            if (output / name).exists():
                raise FileExistsError(
                    f"{output / name} is there already and belongs to no training run: choose "
                    "another folder"
                )
        return
    if not resume:
        raise FileExistsError(
            f"{output} holds a training run already: resume it, or choose another folder"
        )
    begun = TrainingConfig.load(output / _CONFIG)
    for name, value in vars(begun).items():
        asked = getattr(config, name)
        if asked == value:
            continue
        if name not in _CHANGEABLE or (name in _RATES and 0.0 in (asked, value)):
            raise ValueError(
                f"a resumed run must have the {name} that it was begun with, {value!r}. "
                f"Received: {asked!r}"
            )
        _log.info("resuming with %s=%r instead of %r", name, asked, value)


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


def _resumed(before: ComRec, config: TrainingConfig) -> ComRec:
    """The pair of a checkpoint and its optimizers' state, for the rest as the run now asks."""
    com, rec = (
        type(network).from_config({**network.get_config(), "dtype": config.precision})
        for network in (before.com, before.rec)
    )
    model = ComRec(com, rec, before.codec, dtype=config.precision)
    _compile(model, config)
    for network, source in ((com, before.com), (rec, before.rec)):
        network.set_weights(source.get_weights())
    optimizers.copy_state(before.com_optimizer, model.com_optimizer)
    optimizers.copy_state(before.rec_optimizer, model.rec_optimizer)
    return model


class _StopAtNonFinite(keras.callbacks.Callback):
    """Ends the run before an epoch with a loss that is not finite is validated or saved."""

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        for name, value in (logs or {}).items():
            if not math.isfinite(value):
                raise FloatingPointError(
                    f"{name} became {value} in epoch {epoch + 1}: resume, from the checkpoint "
                    "before, with lower learning rates or with gradient clipping (clip_norm)"
                )
