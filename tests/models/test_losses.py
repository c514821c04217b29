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


def test_structural_loss_is_what_ssim_misses_at_three_scales():
    random = np.random.default_rng(1)
    # The last of the three scales is just as large as the window.
    pictures = random.random((2, 44, 50, 3)).astype(np.float32)
    restored = np.clip(pictures + 0.2 * random.standard_normal(pictures.shape), 0, 1)
    weights = np.array([1.0, 3.0], np.float32)
    missing, scaled = np.zeros(2), [pictures[..., :1], restored[..., :1].astype(np.float32)]
    for _ in range(3):
        missing += (1 - tf.image.ssim(*scaled, max_val=1.0).numpy()) / 3
        scaled = [tf.nn.avg_pool2d(planes, 2, 2, "VALID") for planes in scaled]
    expected = 44 * 50 * (missing * weights).mean() / 2
    loss = losses.structural_loss(pictures, restored, weights)
    assert float(loss) == pytest.approx(expected, rel=1e-4)


def test_small_pictures_are_compared_at_fewer_scales():
    random = np.random.default_rng(2)
    pictures, restored = random.random((2, 1, 20, 20, 1)).astype(np.float32)
    missing = 1 - float(tf.image.ssim(pictures, restored, max_val=1.0)[0])
    assert float(losses.structural_loss(pictures, restored)) == pytest.approx(
        200 * missing, rel=1e-4
    )
