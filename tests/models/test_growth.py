import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.models.growth import grown
from comrec_tf.models.rec_cnn import RecCNN


def trained(**changes):
    """A RecCNN with random weights in all layers, as training leaves them."""
    rec = RecCNN(
        **{"depth": 4, "filters": 5, "resolution": "compact", "conditioned": True, **changes}
    )
    rng = np.random.default_rng(3)
    rec.set_weights([rng.normal(0, 0.1, w.shape).astype(np.float32) for w in rec.get_weights()])
    return rec


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(("depth", "filters"), [(4, 8), (8, 5), (8, 8)])
def test_a_grown_network_begins_as_the_smaller_one(scale, depth, filters):
    small = trained(scale=scale)
    large = grown(small, depth=depth, filters=filters, tables=False)
    assert (large.depth, large.filters, large.scale) == (depth, filters, scale)
    pictures = np.random.default_rng(0).random((2, 12, 10, 3)).astype(np.float32)
    step = np.array([0.2, 0.7], np.float32)
    before, after = (np.array(rec(pictures, log_step=step)) for rec in (small, large))
    assert np.abs(before).mean() > 0.01
    np.testing.assert_allclose(after, before, atol=1e-6)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_network_that_is_newly_told_the_tables_begins_as_before(scale):
    small = trained(scale=scale)
    large = grown(small, depth=6, filters=8, tables=True)
    pictures = np.random.default_rng(0).random((2, 12, 10, 3)).astype(np.float32)
    step, tables = np.array([0.2, 0.7], np.float32), np.ones((2, 4), np.float32)
    before, after = small(pictures, step), large(pictures, step, tables)
    np.testing.assert_allclose(after, before, atol=1e-6)
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(large(pictures, step, tables) ** 2)
    of_tables = np.array(tape.gradient(loss, large.head.kernel))[:, :, -4:]
    assert np.abs(of_tables).max((0, 1, 3)).min() > 0
    with pytest.raises(ValueError, match="expected tables=True"):
        grown(large, depth=6, filters=8, tables=False)


def test_what_is_new_learns_from_the_first_step_on():
    large = grown(trained(), depth=6, filters=8, tables=False)
    pictures = tf.random.stateless_uniform((1, 8, 8, 3), (1, 2))
    with tf.GradientTape() as tape:
        loss = tf.reduce_sum(large(pictures, log_step=tf.ones(1)) ** 2)
    kernels = [layer.kernel for layer in (large.residual, large.body[1], large.body[3])]
    to_residual, second, of_new_block = tape.gradient(loss, kernels)
    assert np.abs(to_residual[:, :, 5:]).max() > 0  # from new feature maps
    assert np.abs(second[:, :, 5:]).max() > 0
    assert np.abs(of_new_block).max() > 0


def test_a_network_that_cannot_become_another_is_refused():
    with pytest.raises(ValueError, match='growing needs resolution="compact"'):
        grown(trained(resolution="full"), depth=6, filters=8, tables=False)
    with pytest.raises(ValueError, match=r"at least depth=4 and filters=5. .* depth=2, filters=8"):
        grown(trained(), depth=2, filters=8, tables=False)
