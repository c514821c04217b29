import numpy as np
import pytest
import scipy.ndimage

from comrec_tf.images import gaussian


@pytest.mark.parametrize("size", [(1, 1), (16, 33), (37, 600), (600, 15)])
@pytest.mark.parametrize("step", [1, 2])
def test_a_blur_is_scipys_at_every_step(size, step):
    planes = np.random.default_rng(0).normal(size=(2, *size)).astype(np.float32)
    radius = gaussian.RADIUS
    expected = scipy.ndimage.gaussian_filter(
        planes, 1.5, mode="constant", radius=radius, axes=(1, 2)
    )
    continued = np.pad(planes, [(0, 0), (radius, radius), (0, 0)])
    blurred = gaussian.blur(continued, step)
    assert blurred.dtype == np.float32
    np.testing.assert_allclose(blurred, expected[:, ::step, ::step], atol=1e-6)
