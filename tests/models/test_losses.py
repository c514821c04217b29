import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.models import losses
from tests.makers import half_mean_of_squared_norms


@pytest.fixture
def batch():
    random = np.random.default_rng(0)
    return [random.random((5, 6, 4, 3)).astype(np.float32) for _ in range(3)]


def test_com_loss_is_the_papers_formula(batch):
    pictures, reconstructions, _ = batch
    expected = half_mean_of_squared_norms(reconstructions - pictures)
    assert float(losses.com_loss(pictures, reconstructions)) == pytest.approx(expected, rel=1e-5)


def test_rec_loss_is_the_papers_formula(batch):
    pictures, upsampled, residuals = batch
    expected = half_mean_of_squared_norms(residuals - (pictures - upsampled))
    loss = losses.rec_loss(pictures, upsampled, residuals)
    assert float(loss) == pytest.approx(expected, rel=1e-5)


def test_losses_of_half_precision_are_summed_in_float32(batch):
    pictures, reconstructions = (tf.cast(x * 60, tf.float16) for x in batch[:2])
    loss = losses.com_loss(pictures, reconstructions)
    assert loss.dtype == tf.float32
    assert np.isfinite(loss)
