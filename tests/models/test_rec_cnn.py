import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph import geometry
from comrec_tf.models.rec_cnn import RecCNN
from tests.makers import num_weights


def test_it_has_the_papers_weights_kernels_biases_scales_and_shifts_counted():
    rec = RecCNN(depth=20, filters=64, channels=1, batch_norm=True)
    assert num_weights(rec) == 668_225  # the moving statistics of batch norm are not trained


def multiplications_per_output_pixel(rec: RecCNN) -> float:
    kernels = [weight for weight in rec.trainable_variables if weight.path.endswith("/kernel")]
    per_position = sum(int(np.prod(kernel.shape)) for kernel in kernels)
    return per_position / (4 if rec.resolution == "compact" else 1)


@pytest.mark.parametrize("scale", [1, 2])
def test_the_compact_resolution_is_eight_times_cheaper(scale):
    full = multiplications_per_output_pixel(RecCNN(resolution="full", scale=scale))
    compact = multiplications_per_output_pixel(RecCNN(resolution="compact", scale=scale))
    assert full / compact >= 8


def test_the_compact_resolution_costs_the_same_at_both_scales():
    one, two = (
        multiplications_per_output_pixel(RecCNN(resolution="compact", scale=scale))
        for scale in (1, 2)
    )
    assert one == pytest.approx(two, rel=0.02)


@pytest.mark.parametrize("resolution", ["full", "compact"])
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_training_starts_at_bicubic_upsampling(resolution, scale, channels):
    rec = RecCNN(depth=4, filters=4, channels=channels, resolution=resolution, scale=scale)
    decoded = tf.random.uniform([2, 6, 8, channels])
    expected = geometry.upsample(decoded, scale)
    np.testing.assert_allclose(rec.reconstruct(decoded), expected, atol=1e-6)


@pytest.mark.parametrize("resolution", ["full", "compact"])
@pytest.mark.parametrize("scale", [1, 2])
def test_nothing_further_than_the_receptive_radius_matters(resolution, scale):
    rec = RecCNN(depth=4, filters=6, channels=1, resolution=resolution, scale=scale)
    for weight in rec.trainable_variables:
        weight.assign(0.2 + 0.1 * tf.random.normal(weight.shape))  # no rectifier is dead
    size, middle = 64, 32
    decoded = tf.Variable(tf.random.uniform([1, size, size, 1]))
    with tf.GradientTape() as tape:
        out = rec.reconstruct(decoded)[0, middle * scale, middle * scale, 0]
    reached = np.flatnonzero(tape.gradient(out, decoded).numpy()[0, :, :, 0].any(axis=1))
    radius = max(middle - reached.min(), reached.max() - middle)
    assert 1 < radius <= rec.receptive_radius <= radius + 3


def test_batch_norm_collects_statistics_only_when_training():
    rec = RecCNN(depth=3, filters=4, channels=1)
    upsampled = tf.random.uniform([2, 8, 8, 1])
    before = rec.norms[0].moving_mean.numpy().copy()
    rec(upsampled)
    np.testing.assert_array_equal(rec.norms[0].moving_mean, before)
    rec(upsampled, training=True)
    assert not np.array_equal(rec.norms[0].moving_mean, before)


@pytest.mark.parametrize("batch_norm", [True, False])
def test_batch_norm_of_the_full_resolution_is_optional(batch_norm):
    rec = RecCNN(depth=5, filters=4, channels=1, batch_norm=batch_norm)
    assert len(rec.norms) == (3 if batch_norm else 0)


@pytest.mark.parametrize("resolution", ["full", "compact"])
def test_a_saved_network_computes_the_same(tmp_path, resolution):
    rec = RecCNN(depth=4, filters=4, resolution=resolution, conditioned=True)
    for weight in rec.trainable_variables:
        weight.assign(weight + 0.1 * tf.random.normal(weight.shape))
    decoded, log_step = tf.random.uniform([1, 6, 6, 3]), tf.constant([0.7])
    expected = rec.reconstruct(decoded, log_step=log_step)
    rec.save(tmp_path / "rec.keras")
    again = keras.saving.load_model(tmp_path / "rec.keras")
    assert again.get_config() == rec.get_config()
    np.testing.assert_array_equal(again.reconstruct(decoded, log_step=log_step), expected)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resolution": "half"}, "resolution='half'"),
        ({"depth": 1}, "depth=1"),
        ({"depth": 7, "resolution": "compact"}, "depth=7"),
        ({"filters": 0}, "filters=0"),
        ({"channels": 4}, "channels=4"),
        ({"scale": 4}, "scale=4"),
        ({"batch_norm": True, "resolution": "compact"}, "batch_norm=True"),
    ],
)
def test_arguments_out_of_range_are_named(wrong, message):
    with pytest.raises(ValueError, match=message):
        RecCNN(**wrong)
