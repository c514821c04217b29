"""The optimizers of a run, and the running mean of the weights that they keep."""

from typing import Any

import keras

from comrec_tf.models.com_rec import ComRec
from comrec_tf.training.config import TrainingConfig

__all__ = ["MeanWeights", "copy_state", "make_optimizer", "unscaled"]


def make_optimizer(rate: float, config: TrainingConfig) -> keras.Optimizer:
    """Make Adam for one network.

    Args:
        rate: learning rate at the end of the warm-up.
        config: says the schedule, the clipping and the running mean.

    Returns:
        The optimizer, with its own schedule.
    """
    schedule = keras.optimizers.schedules.CosineDecay(
        initial_learning_rate=0.0,
        warmup_target=rate,
        warmup_steps=config.warmup_steps,
        decay_steps=max(1, config.epochs * config.steps_per_epoch - config.warmup_steps),
        alpha=config.final_learning_rate if config.schedule == "cosine" else 1.0,
    )
    return keras.optimizers.Adam(
        schedule,
        global_clipnorm=config.clip_norm or None,
        use_ema=config.ema_momentum > 0,
        ema_momentum=config.ema_momentum,
    )


def unscaled(optimizer: keras.Optimizer) -> keras.Optimizer:
    """Return the optimizer inside a `LossScaleOptimizer`.

    Args:
        optimizer: wrapped for loss scaling or not.

    Returns:
        What it wraps, or the optimizer itself.
    """
    scales = isinstance(optimizer, keras.optimizers.LossScaleOptimizer)
    return optimizer.inner_optimizer if scales else optimizer


def copy_state(source: keras.Optimizer, target: keras.Optimizer) -> None:
    """Let an optimizer go on where another has come to, with its own schedule and clipping.

    Args:
        source: has taken steps; wrapped for loss scaling or not.
        target: gets its number of steps, moments and running means, and the loss scale where both
            have one; built for networks of the same form.
    """
    # The variables of a loss scale stand before those of the optimizer inside.
    pairs = zip(reversed(source.variables), reversed(target.variables), strict=False)
    for kept, variable in pairs:
        variable.assign(kept)


class MeanWeights(keras.callbacks.Callback):
    """Swaps weights for their running means between epochs, to validate and save those.

    Both stay in the model, so that a checkpoint holds both and a resumed run goes on with the
    weights themselves. (`keras.callbacks.SwapEMAWeights` only supports models with one
    optimizer.)

    Args:
        pair: compiled with optimizers that keep a running mean.
    """

    def __init__(self, pair: ComRec) -> None:
        super().__init__()
        self._pair = pair

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the weights back, except before the first step, when there are no means yet."""
        if epoch > 0:
            self._swap()

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Put the means in their place."""
        self._swap()

    def _swap(self) -> None:
        for optimizer in map(unscaled, (self._pair.com_optimizer, self._pair.rec_optimizer)):
            weights, means = optimizer._trainable_variables, []
            if weights:  # none where the network is frozen
                means = optimizer._model_variables_moving_average
            for weight, mean in zip(weights, means, strict=True):
                kept = weight.numpy()
                weight.assign(mean)
                mean.assign(kept)
