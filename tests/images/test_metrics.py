import io
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import skimage.data
import tensorflow as tf
from skimage import metrics as reference

from comrec_tf.images import color, metrics


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
        color.luma(photo),
        color.luma(noisy),
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
    picture = skimage.data.astronaut()[:251, :256]
    noise = np.random.default_rng(0).normal(0, 12, picture.shape)
    return picture, np.clip(picture + noise, 0, 255).astype(np.uint8)


def tensors(pair):
    return [tf.constant(color.luma(picture)[..., None], tf.float32) for picture in pair]


@pytest.mark.parametrize("shape", [(251, 256), (176, 179), (200, 333)])
@pytest.mark.parametrize("quality", [1, 10, 50, 95])
def test_ssim_and_ms_ssim_have_the_values_of_tensorflow(shape, quality):
    original = skimage.data.astronaut()[: shape[0], : shape[1]]
    buffer = io.BytesIO()
    PIL.Image.fromarray(original).save(buffer, "JPEG", quality=quality)
    pair = original, np.asarray(PIL.Image.open(buffer))
    expected = float(tf.image.ssim(*tensors(pair), max_val=255.0))
    assert metrics.ssim(*pair) == pytest.approx(expected, abs=1e-4)
    expected = float(tf.image.ssim_multiscale(*tensors(pair), max_val=255.0))
    assert metrics.ms_ssim(*pair) == pytest.approx(expected, abs=1e-4)


def test_a_picture_that_is_turned_over_has_no_ms_ssim_below_zero(large):
    original, _ = large
    inverted = 255 - original
    expected = float(tf.image.ssim_multiscale(*tensors((original, inverted)), max_val=255.0))
    assert metrics.ms_ssim(original, inverted) == pytest.approx(expected, abs=1e-4)
    assert metrics.ssim(original, inverted) < 0


def test_psnr_of_the_luma_is_that_of_the_weighted_channels(photo, noisy):
    weights = [0.299, 0.587, 0.114]
    expected = reference.peak_signal_noise_ratio(photo @ weights, noisy @ weights, data_range=255)
    assert metrics.psnr_luma(photo, noisy) == pytest.approx(expected)
    assert metrics.psnr_luma(photo, photo) == float("inf")


def test_psnr_of_the_luma_of_grey_pictures_is_their_psnr(grey_photo):
    shifted = np.roll(grey_photo, 1, 0)
    expected = metrics.psnr(grey_photo, shifted)
    assert metrics.psnr_luma(grey_photo, shifted) == pytest.approx(expected)


def test_psnr_hvs_m_has_the_value_of_its_package(large):
    measured = metrics.psnr_hvs_m(*large)  # first, since it chooses the package's backend
    import psnr_hvsm

    pair = [color.luma(picture)[:248] / 255 for picture in large]
    assert measured == pytest.approx(psnr_hvsm.psnr_hvs_hvsm(*pair)[1])
    assert metrics.psnr_hvs_m(large[0], large[0]) == float("inf")


def test_psnr_hvs_m_forgives_what_texture_hides(photo, noisy):
    pytest.importorskip("psnr_hvsm")
    assert metrics.psnr_hvs_m(photo, noisy) > metrics.psnr(photo, noisy)
    assert metrics.psnr_hvs_m(photo, noisy) > metrics.psnr_hvs_m(photo, np.roll(noisy, 1, 0))


@pytest.mark.parametrize(
    ("metric", "size"),
    [
        (metrics.ssim, 11),
        (metrics.ms_ssim, 176),
        (metrics.psnr_hvs_m, 8),
    ],
)
def test_pictures_too_small_for_a_metric_are_refused(photo, metric, size):
    small = photo[: size - 1, : size - 1]
    with pytest.raises(ValueError, match=f"at least {size}x{size} pixels"):
        metric(small, small)


@pytest.mark.parametrize(
    "metric",
    [metrics.psnr, metrics.psnr_luma, metrics.ssim, metrics.ms_ssim, metrics.psnr_hvs_m],
)
def test_comparing_by_bands_changes_nothing(large, monkeypatch, metric):
    expected = metric(*large)
    monkeypatch.setattr(metrics, "_BAND_ROWS", 40)
    assert metric(*large) == pytest.approx(expected)


def test_metrics_are_computed_without_tensorflow():
    script = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "import numpy as np; from comrec_tf.images import metrics\n"
        "picture = np.zeros((176, 176, 3), np.uint8)\n"
        "print(metrics.ssim(picture, picture), metrics.ms_ssim(picture, picture))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout.split() == ["1.0", "1.0"], done.stderr
