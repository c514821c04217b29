import numpy as np
import pytest
from skimage import metrics as reference

from comrec_tf import metrics


@pytest.fixture
def noisy(photo):
    noise = np.random.default_rng(0).normal(0, 12, photo.shape)
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


def test_psnr_agrees_with_scikit_image(photo, noisy):
    expected = reference.peak_signal_noise_ratio(photo, noisy)
    assert metrics.psnr(photo, noisy) == pytest.approx(expected)


def test_psnr_of_equal_pictures_is_infinite(photo):
    assert metrics.psnr(photo, photo) == float("inf")


def test_ssim_agrees_with_scikit_image(photo, noisy):
    expected = reference.structural_similarity(
        metrics.luma(photo),
        metrics.luma(noisy),
        data_range=255,
        gaussian_weights=True,
        sigma=1.5,
        use_sample_covariance=False,
    )
    assert metrics.ssim(photo, noisy) == pytest.approx(expected, abs=2e-3)


def test_ssim_refuses_pictures_smaller_than_its_window():
    with pytest.raises(ValueError, match="11x11"):
        metrics.ssim(np.zeros((10, 20, 1), np.uint8), np.zeros((10, 20, 1), np.uint8))


@pytest.mark.parametrize("measure", [metrics.psnr, metrics.ssim])
def test_pictures_of_different_shapes_are_not_compared(measure, photo):
    with pytest.raises(ValueError, match="same shape"):
        measure(photo, photo[:-1])


def test_rate_counts_pixels_of_the_original():
    assert metrics.bits_per_pixel(1000, 100, 50) == 1.6


def test_the_curve_is_interpolated_over_the_logarithm_of_bytes():
    curve = [(400, 30.0), (100, 20.0)]
    assert metrics.psnr_at_bytes(curve, 200) == pytest.approx(25.0)
    assert metrics.psnr_at_bytes(curve, 50) == 20.0


def test_a_larger_and_worse_file_is_not_part_of_the_curve():
    assert metrics.psnr_at_bytes([(100, 20.0), (200, 30.0), (400, 25.0)], 400) == 30.0
