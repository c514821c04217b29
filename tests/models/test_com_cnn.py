import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.models.com_cnn import ComCNN
from tests.makers import num_weights


def test_it_has_the_papers_weights_kernels_and_biases_counted():
    assert num_weights(ComCNN(scale=2, channels=1, filters=64)) == 38_145


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("channels", [1, 3])
def test_training_starts_at_a_plain_smaller_picture(scale, channels):
    pictures = tf.random.uniform([2, 8, 12, channels])
    compact = ComCNN(scale=scale, channels=channels, filters=8)(pictures)
    expected = tf.nn.avg_pool2d(pictures, scale, scale, "VALID")
    np.testing.assert_allclose(compact, expected, atol=1e-5)


def test_all_weights_but_the_last_layers_receive_a_gradient_after_one_step():
    com = ComCNN(channels=1, filters=8)
    optimizer = keras.optimizers.SGD(0.1)
    for _ in range(2):
        with tf.GradientTape() as tape:
            loss = tf.reduce_sum(com(tf.random.uniform([1, 8, 8, 1])) ** 2)
        gradients = tape.gradient(loss, [weight.value for weight in com.trainable_variables])
        optimizer.apply(gradients, com.trainable_variables)
    # Some of the features' rectifiers may be dead; not a whole layer of them.
    assert all(float(tf.reduce_max(tf.abs(gradient))) > 0 for gradient in gradients)


def test_the_configuration_is_complete_and_survives_json():
    com = ComCNN(scale=1, channels=1, filters=5, conditioned=True, name="mine", dtype="float32")
    config = com.get_config()
    assert {"scale", "channels", "filters", "conditioned", "name", "dtype"} <= set(config)
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(com))
    assert again.get_config() == config
    assert [w.shape for w in again.weights] == [w.shape for w in com.weights]


def test_a_saved_network_computes_the_same(tmp_path):
    com = ComCNN(filters=4, conditioned=True)
    pictures, log_step = tf.random.uniform([1, 6, 6, 3]), tf.constant([0.7])
    expected = com(pictures, log_step=log_step)
    com.save(tmp_path / "com.keras")
    again = keras.saving.load_model(tmp_path / "com.keras")
    np.testing.assert_array_equal(again(pictures, log_step=log_step), expected)


def test_the_quality_reaches_a_conditioned_network():
    com = ComCNN(filters=8, conditioned=True)
    com.compact.kernel.assign(tf.random.normal(com.compact.kernel.shape))
    pictures = tf.random.uniform([1, 8, 8, 3])
    low, high = (com(pictures, log_step=tf.constant([step])) for step in (-1.0, 2.0))
    assert float(tf.reduce_max(tf.abs(low - high))) > 0.01


@pytest.mark.parametrize(("conditioned", "log_step"), [(True, None), (False, [0.0])])
def test_a_quality_that_is_missing_or_too_much_is_refused(conditioned, log_step):
    with pytest.raises(ValueError, match="log_step"):
        ComCNN(filters=4, conditioned=conditioned)(tf.zeros([1, 4, 4, 3]), log_step=log_step)


@pytest.mark.parametrize("wrong", [{"scale": 3}, {"channels": 2}, {"filters": 2}])
def test_arguments_out_of_range_are_named(wrong):
    (name, value) = next(iter(wrong.items()))
    with pytest.raises(ValueError, match=f"Received: {name}={value}"):
        ComCNN(**wrong)


def test_mixed_precision_ends_in_float32():
    com = ComCNN(filters=4, dtype="mixed_bfloat16")
    out = com(tf.random.uniform([1, 4, 4, 3]))
    assert com.features.compute_dtype == "bfloat16"
    assert out.dtype == tf.float32
