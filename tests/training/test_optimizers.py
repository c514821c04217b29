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


@pytest.mark.parametrize("scaled", [(False, False), (True, False), (False, True), (True, True)])
def test_an_optimizer_goes_on_where_another_has_come_to(scaled):
    weight = keras.Variable([1.0, -1.0])

    def made(is_scaled, **changes):
        optimizer = optimizers.make_optimizer(1e-2, config(ema_momentum=0.5, **changes))
        optimizer = keras.optimizers.LossScaleOptimizer(optimizer) if is_scaled else optimizer
        optimizer.build([weight])
        return optimizer

    first, second = made(scaled[0]), made(scaled[1], epochs=20, clip_norm=1.0)
    for gradient in ([1.0, 2.0], [0.5, -3.0]):
        first.apply([keras.ops.array(gradient)], [weight])
    if scaled[0]:
        first.dynamic_scale.assign(64.0)
    optimizers.copy_state(first, second)
    one, two = map(optimizers.unscaled, (first, second))
    assert int(two.iterations) == 2
    for kept, copied in zip(one.variables, two.variables, strict=True):
        np.testing.assert_array_equal(copied, kept)
    assert any(np.any(kept) for kept in one.variables[1:])
    assert two.global_clipnorm == 1.0
    if scaled[1]:
        assert float(second.dynamic_scale) == (64.0 if scaled[0] else 2.0**15)


def test_the_optimizer_inside_a_loss_scale_is_found():
    inner = keras.optimizers.Adam()
    assert optimizers.unscaled(keras.optimizers.LossScaleOptimizer(inner)) is inner
    assert optimizers.unscaled(inner) is inner
