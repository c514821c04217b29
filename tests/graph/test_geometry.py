import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph import geometry


@pytest.mark.parametrize("shape", [(1, 1, 1, 1), (2, 3, 5, 3)])
def test_edge_padding_agrees_with_numpy(shape):
    pictures = np.random.default_rng(0).random(shape).astype(np.float32)
    padded = geometry.pad_edge(tf.constant(pictures), 3, 4, 0, 9)
    expected = np.pad(pictures, [(0, 0), (3, 4), (0, 9), (0, 0)], mode="edge")
    np.testing.assert_array_equal(padded, expected)


@pytest.mark.parametrize(("size", "padded"), [((1, 1), (2, 2)), ((4, 7), (4, 8)), ((6, 2), (6, 2))])
def test_padding_to_a_multiple_keeps_the_picture_and_adds_the_least(size, padded):
    picture = np.random.default_rng(0).random((1, *size, 3)).astype(np.float32)
    out = geometry.pad_to(tf.constant(picture), 2)
    assert out.shape == (1, *padded, 3)
    np.testing.assert_array_equal(out[:, : size[0], : size[1]], picture)


def keys_upsampled(row: np.ndarray) -> np.ndarray:
    """Keys' cubic convolution, a = -0.5, twice as many samples, centres aligned."""

    def kernel(x):
        x = abs(x)
        if x <= 1:
            return 1.5 * x**3 - 2.5 * x**2 + 1
        return -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2 if x < 2 else 0.0

    out = []
    for i in range(2 * len(row)):
        centre = (i + 0.5) / 2 - 0.5
        taps = range(int(np.floor(centre)) - 1, int(np.floor(centre)) + 3)
        out.append(sum(kernel(centre - j) * row[j] for j in taps if 0 <= j < len(row)))
    return np.array(out)


def test_upsampling_is_keys_bicubic_inside():
    row = np.random.default_rng(0).random(12)
    picture = tf.constant(np.tile(row[None, None, :, None], (1, 12, 1, 1)), tf.float32)
    out = geometry.upsample(picture, 2).numpy()[0, 12, 4:-4, 0]
    np.testing.assert_allclose(out, keys_upsampled(row)[4:-4], atol=1e-3)


def test_scale_one_changes_nothing():
    picture = tf.random.uniform([1, 5, 7, 3])
    assert geometry.upsample(picture, 1) is picture
    assert geometry.downsample(picture, 1) is picture


def test_downsampling_keeps_a_constant_and_halves_the_size():
    out = geometry.downsample(tf.fill([1, 6, 10, 2], 0.3), 2)
    assert out.shape == (1, 3, 5, 2)
    np.testing.assert_allclose(out, 0.3, atol=1e-6)
