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


@pytest.mark.parametrize("size", [(12, 12), (8, 15)])
def test_resampling_is_tensorflows_bicubic_inside(size):
    """And at the edges that of the picture whose edge is repeated."""
    picture = tf.random.uniform([1, *size, 3], seed=1)
    padded = geometry.pad_edge(picture, 8, 8, 8, 8)
    sides = 2 * (np.array(size) + 16)
    expected = tf.image.resize(padded, sides, "bicubic")[:, 16:-16, 16:-16]
    np.testing.assert_allclose(geometry.upsample(picture, 2), expected, atol=2e-3)
    picture = tf.random.uniform([1, *(2 * np.array(size)), 3], seed=2)
    padded = geometry.pad_edge(picture, 8, 8, 8, 8)
    sides = np.array(size) + 8
    expected = tf.image.resize(padded, sides, "bicubic", antialias=True)[:, 4:-4, 4:-4]
    np.testing.assert_allclose(geometry.downsample(picture, 2), expected, atol=2e-3)


def test_a_tile_is_resampled_as_the_whole_but_for_two_pixels_at_its_edge():
    picture = tf.random.uniform([1, 24, 20, 3], seed=1)
    inner = slice(4, -4)
    np.testing.assert_allclose(
        geometry.double(picture)[0, inner, inner],
        geometry.upsample(picture, 2)[0, inner, inner],
        atol=1e-6,
    )
    inner = slice(2, -2)
    np.testing.assert_allclose(
        geometry.halve(picture)[0, inner, inner],
        geometry.downsample(picture, 2)[0, inner, inner],
        atol=1e-6,
    )


def test_scale_one_changes_nothing():
    picture = tf.random.uniform([1, 5, 7, 3])
    assert geometry.upsample(picture, 1) is picture
    assert geometry.downsample(picture, 1) is picture


def test_downsampling_keeps_a_constant_and_halves_the_size():
    out = geometry.downsample(tf.fill([1, 6, 10, 2], 0.3), 2)
    assert out.shape == (1, 3, 5, 2)
    np.testing.assert_allclose(out, 0.3, atol=1e-6)
