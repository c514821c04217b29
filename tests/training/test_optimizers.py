import keras
import numpy as np
import pytest

from comrec_tf.training import optimizers
from comrec_tf.training.config import TrainingConfig


def config(**changes):
    required = {"train_data": ["pictures"], "valid_data": ["pictures"]}
    return TrainingConfig(**required, **{"epochs": 10, "steps_per_epoch": 11, **changes})


@pytest.mark.parametrize("schedule", ["cosine", "constant"])
def test_rates_rise_over_the_warm_up_and_fall_as_the_schedule_says(schedule):
    made = optimizers.make_optimizer(
        4e-3, config(schedule=schedule, warmup_steps=10, final_learning_rate=0.25)
    )
    rate = made._learning_rate
    np.testing.assert_allclose([rate(step) for step in (0, 5, 10)], [0, 2e-3, 4e-3], rtol=1e-6)
    middle, end = (2.5e-3, 1e-3) if schedule == "cosine" else (4e-3, 4e-3)
    np.testing.assert_allclose(
        [rate(step) for step in (60, 110, 999)], [middle, end, end], rtol=1e-6
    )


def test_gradients_are_clipped_and_means_kept_only_where_asked():
    plain = optimizers.make_optimizer(1e-3, config(clip_norm=0.0, ema_momentum=0.0))
    assert (plain.global_clipnorm, plain.use_ema) == (None, False)
    asked = optimizers.make_optimizer(1e-3, config(clip_norm=1.0, ema_momentum=0.9))
    assert (asked.global_clipnorm, asked.use_ema, asked.ema_momentum) == (1.0, True, 0.9)


def test_the_optimizer_inside_a_loss_scale_is_found():
    inner = keras.optimizers.Adam()
    assert optimizers.unscaled(keras.optimizers.LossScaleOptimizer(inner)) is inner
    assert optimizers.unscaled(inner) is inner
