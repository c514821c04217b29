import itertools

import numpy as np
import pytest
import scipy.ndimage

from comrec_tf.images import tiles

SIDES = (16, 24)


def box(tile):
    """A 3x3 mean: what a convolutional network is, in one line."""
    return np.rint(scipy.ndimage.uniform_filter(tile.astype(float), (1, 3, 3, 1))).astype(np.uint8)


def noise(*shape):
    return np.random.default_rng(0).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("size", [(1, 1), (7, 33), (32, 32), (45, 70)])
def test_tiles_give_what_the_whole_picture_with_its_edge_repeated_gives(size):
    picture = noise(*size, 2)
    out = tiles.apply(box, picture, size, sides=SIDES, halo=1, scale=1)
    whole = box(np.pad(picture[None], ((0, 0), (1, 1), (1, 1), (0, 0)), "edge"))[0, 1:-1, 1:-1]
    np.testing.assert_array_equal(out, whole)


def test_shrinking_rounds_odd_sizes_up_and_enlarging_cuts_off():
    half = tiles.apply(
        lambda tile: tile[:, ::2, ::2], noise(5, 8, 1), (3, 4), sides=(4,), halo=2, scale=0.5
    )
    np.testing.assert_array_equal(half, noise(5, 8, 1)[::2, ::2])
    double = tiles.apply(
        lambda tile: tile.repeat(2, 1).repeat(2, 2), half, (5, 7), sides=(4,), halo=2, scale=2
    )
    np.testing.assert_array_equal(double, half.repeat(2, 0).repeat(2, 1)[:5, :7])


def test_the_network_meets_a_few_shapes_only():
    shapes = set()

    def network(tile):
        shapes.add(tile.shape)
        return tile

    for size in range(1, 100, 7):
        picture = noise(size, 100 - size, 1)
        out = tiles.apply(network, picture, picture.shape[:2], sides=SIDES, halo=3, scale=1)
        np.testing.assert_array_equal(out, picture)
    assert shapes <= {(1, height, width, 1) for height in (22, 30) for width in (22, 30)}


@pytest.mark.parametrize("size", [(768, 512), (100, 2000), (1, 9000), (4000, 3000)])
def test_no_other_choice_of_tiles_computes_less(size):
    def cost(tile):
        return np.prod([-(-a // b) * (b + 2 * 12) for a, b in zip(size, tile, strict=True)])

    work = tiles.padded_pixels(size, tiles.SIDES, 12)
    assert work == cost(tiles.tile_size(size, tiles.SIDES, 12))
    assert work == min(cost(tile) for tile in itertools.product(tiles.SIDES, repeat=2))


def test_progress_rises_to_one():
    told = []
    tiles.apply(box, noise(60, 60, 1), (60, 60), sides=SIDES, halo=1, scale=1, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == 1.0
    assert len(told) > 4
