import numpy as np
import pytest
import skimage.data
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


@pytest.fixture
def large():
    picture = skimage.data.astronaut()[:256, :256]
    noise = np.random.default_rng(0).normal(0, 12, picture.shape)
    return picture, np.clip(picture + noise, 0, 255).astype(np.uint8)


def test_ms_ssim_is_the_product_of_contrasts_over_scales(large):
    """Wang et al. 2003, equation 7, by scikit-image's SSIM with and without its luminance term."""
    weights = [0.0448, 0.2856, 0.3001, 0.2363, 0.1333]
    pair = [metrics.luma(picture) for picture in large]
    expected = 1.0
    for scale, weight in enumerate(weights):
        mean, contrast = luminance_and_contrast(*pair)
        expected *= (mean if scale == 4 else contrast) ** weight
        pair = [(p[::2, ::2] + p[1::2, ::2] + p[::2, 1::2] + p[1::2, 1::2]) / 4 for p in pair]
    assert metrics.ms_ssim(*large) == pytest.approx(expected, abs=1e-3)


def luminance_and_contrast(x, y):
    """Means over the valid region of SSIM, and of its term of contrast and structure."""
    offsets = np.arange(11) - 5
    kernel = np.exp(-(offsets**2) / (2 * 1.5**2))
    kernel = np.outer(kernel, kernel) / kernel.sum() ** 2

    def blur(picture):
        windows = np.lib.stride_tricks.sliding_window_view(picture, (11, 11))
        return np.einsum("ijkl,kl->ij", windows, kernel)

    mx, my = blur(x), blur(y)
    vx, vy, cov = blur(x * x) - mx**2, blur(y * y) - my**2, blur(x * y) - mx * my
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    contrast = (2 * cov + c2) / (vx + vy + c2)
    return (contrast * (2 * mx * my + c1) / (mx**2 + my**2 + c1)).mean(), contrast.mean()


def test_psnr_hvs_m_forgives_what_texture_hides(photo, noisy):
    pytest.importorskip("psnr_hvsm")
    assert metrics.psnr_hvs_m(photo, noisy) > metrics.psnr(photo, noisy)
    assert metrics.psnr_hvs_m(photo, noisy) > metrics.psnr_hvs_m(photo, np.roll(noisy, 1, 0))


def test_pictures_too_small_for_a_metric_are_refused(photo):
    for metric, size in ((metrics.ssim, 11), (metrics.ms_ssim, 176), (metrics.psnr_hvs_m, 8)):
        small = photo[: size - 1, : size - 1]
        with pytest.raises(ValueError, match=f"at least {size}x{size} pixels"):
            metric(small, small)


def test_comparing_by_bands_changes_nothing(large, monkeypatch):
    expected = metrics.psnr(*large), metrics.ssim(*large)
    monkeypatch.setattr(metrics, "_BAND_ROWS", 37)
    assert (metrics.psnr(*large), metrics.ssim(*large)) == pytest.approx(expected)
