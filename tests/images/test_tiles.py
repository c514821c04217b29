import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.images import geometry, tiles
from tests.conftest import make_model

SIZES = [(1, 1), (7, 33), (32, 32), (45, 70)]


def box(tile):
    """A 3x3 mean: what a convolutional network is, in one line."""
    return tf.nn.avg_pool2d(tile, 3, 1, "SAME")


@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_what_the_whole_padded_picture_gives(size):
    picture = tf.random.uniform([*size, 2])
    out = tiles.map_tiles(box, picture, tile_size=16, halo=1, scale=1)
    whole = box(geometry.pad_edge(picture[None], 1, 1, 1, 1))[0, 1:-1, 1:-1]
    np.testing.assert_allclose(out, whole, atol=1e-6)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("resolution", ["compact", "full"])
def test_tiled_networks_agree_with_untiled_ones_at_every_border(size, scale, resolution):
    model = make_model(scale=scale, resolution=resolution)
    rec = model.rec
    decoded = tf.random.uniform([*size, 3])
    halo = -(-rec.receptive_radius // rec.input_multiple) * rec.input_multiple
    quality = tf.constant([40])
    tiled = tiles.map_tiles(
        lambda tile: model.reconstruct(tile, quality),
        decoded,
        tile_size=16,
        halo=halo,
        scale=scale,
    )
    bottom, right = (-side % rec.input_multiple for side in size)
    padded = geometry.pad_edge(decoded[None], halo, halo + bottom, halo, halo + right)
    whole = model.reconstruct(padded, quality)[0, halo * scale :, halo * scale :]
    np.testing.assert_allclose(tiled, whole[: size[0] * scale, : size[1] * scale], atol=1e-4)


def test_shrinking_rounds_odd_sizes_up():
    out = tiles.map_tiles(
        lambda tile: tf.nn.avg_pool2d(tile, 2, 2, "VALID"),
        tf.ones([5, 8, 1]),
        tile_size=4,
        halo=2,
        scale=0.5,
    )
    assert out.shape == (3, 4, 1)


def test_the_network_meets_one_shape_only():
    shapes = set()

    def network(tile):
        shapes.add(tuple(tile.shape))
        return tile

    for size in SIZES:
        tiles.map_tiles(network, tf.ones([*size, 1]), tile_size=16, halo=3, scale=1)
    assert shapes == {(1, 22, 22, 1)}


def test_tiles_that_are_no_whole_number_of_output_pixels_are_refused():
    with pytest.raises(ValueError, match="halo=3"):
        tiles.map_tiles(box, tf.ones([4, 4, 1]), tile_size=16, halo=3, scale=0.5)
