import numpy as np
import PIL.Image
import pytest

from comrec_tf.compression import given


def test_pixels_are_taken_of_arrays_and_of_pillow_pictures(photo, grey_photo):
    np.testing.assert_array_equal(given.pixels(PIL.Image.fromarray(photo), 40_000), photo)
    np.testing.assert_array_equal(given.pixels(grey_photo[..., 0], 40_000), grey_photo)


@pytest.mark.parametrize(
    ("picture", "error", "message"),
    [
        (np.zeros((4, 4, 3), np.float32), TypeError, "Received: float32"),
        ("a.png", TypeError, "Received: str"),
        (np.zeros((4, 4, 2), np.uint8), ValueError, r"Received: shape=\(4, 4, 2\)"),
        (np.zeros((0, 4, 3), np.uint8), ValueError, r"Received: shape=\(0, 4, 3\)"),
        (np.zeros((201, 200), np.uint8), ValueError, "at most 40,000 pixels .*: 200x201"),
    ],
)
def test_what_is_no_picture_is_refused(picture, error, message):
    with pytest.raises(error, match=message):
        given.pixels(picture, 40_000)


def test_scales_are_those_of_the_pairs():
    given.check_scales([2, 1], (1, 2))
    with pytest.raises(ValueError, match=r"expected a scale of \(1, 2\). Received: scale=3"):
        given.check_scales([1, 3], (1, 2))


@pytest.mark.parametrize("strength", [-0.1, 1.1, float("nan")])
def test_a_strength_is_a_share(strength):
    given.check_restoring(0.5, (1, 2))
    with pytest.raises(ValueError, match="strength must be from 0 to 1"):
        given.check_restoring(strength, (1, 2))


def test_ordinary_jpegs_need_a_pair_at_full_size():
    with pytest.raises(ValueError, match=r"\(scale 1\). Received: .* pairs of scales \(2,\)"):
        given.check_restoring(0.5, (2,))
