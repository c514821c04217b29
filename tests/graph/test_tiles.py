import itertools

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph import geometry, pixels, tiles
from comrec_tf.images import tiles as numpy_tiles
from tests.makers import make_model

SIZES = [(1, 1), (7, 33), (32, 32), (45, 70)]
SIDES = (16, 24)


def box(tile):
    """A 3x3 mean: what a convolutional network is, in one line."""
    return tf.cast(tf.round(tf.nn.avg_pool2d(tf.cast(tile, tf.float32), 3, 1, "SAME")), tf.uint8)


def noise(*shape):
    return tf.constant(np.random.default_rng(0).integers(0, 256, shape, np.uint8))


@pytest.mark.parametrize("size", SIZES)
def test_tiles_give_what_the_whole_padded_picture_gives(size):
    picture = noise(*size, 2)
    out = tiles.TiledNetwork(box, sides=SIDES, halo=1, scale=1, channels=2)(picture, size)
    whole = box(geometry.pad_edge(picture[None], 1, 1, 1, 1))[0, 1:-1, 1:-1]
    np.testing.assert_array_equal(out, whole)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("resolution", ["compact", "full"])
def test_tiled_networks_agree_with_untiled_ones_at_every_border(size, scale, resolution):
    model = make_model(scale=scale, resolution=resolution)
    rec = model.rec
    decoded = noise(*size, 3)
    halo = -(-rec.receptive_radius // rec.input_multiple) * rec.input_multiple
    quality = tf.constant([40])

    def restore(tile):
        return pixels.from_float(model.reconstruct(pixels.to_float(tile), quality))

    out_size = [side * scale for side in size]
    tiled = tiles.TiledNetwork(restore, sides=SIDES, halo=halo, scale=scale, channels=3)(
        decoded, out_size
    )
    bottom, right = (-side % rec.input_multiple for side in size)
    padded = geometry.pad_edge(decoded[None], halo, halo + bottom, halo, halo + right)
    whole = restore(padded)[0, halo * scale :, halo * scale :]
    whole = whole[: size[0] * scale, : size[1] * scale]
    assert np.abs(tiled.numpy().astype(int) - whole.numpy().astype(int)).max() <= 1


@pytest.mark.parametrize("size", [*SIZES, (65_000, 1), (3, 60_000), (40_000, 40_000)])
def test_work_is_counted_as_for_files(size):
    expected = numpy_tiles.padded_pixels(size, SIDES, 5)
    for dtype in (tf.int32, tf.int64):
        assert tiles.padded_pixels(tf.constant(size, dtype), SIDES, 5) == expected


def test_strips_one_by_one_are_the_whole():
    picture = noise(70, 45, 2)
    network = tiles.TiledNetwork(box, sides=SIDES, halo=1, scale=1, channels=2)
    size = tf.constant([69, 44])
    strips = [network.strip(picture, size, tf.constant(index)) for index in range(3)]
    np.testing.assert_array_equal(tf.concat(strips, 0), network(picture, size))


def test_shrinking_rounds_odd_sizes_up():
    out = tiles.TiledNetwork(
        lambda tile: tile[:, ::2, ::2], sides=(4,), halo=2, scale=0.5, channels=1
    )(noise(5, 8, 1), [3, 4])
    assert out.shape == (3, 4, 1)


def test_the_network_meets_a_few_shapes_only():
    shapes = set()

    def network(tile):
        shapes.add(tuple(tile.shape))
        return tile

    for size in range(1, 100, 7):
        picture = noise(size, 100 - size, 1)
        out_size = picture.shape[:2]
        tiles.TiledNetwork(network, sides=SIDES, halo=3, scale=1, channels=1)(picture, out_size)
    assert shapes <= {(1, height, width, 1) for height in (22, 30) for width in (22, 30)}


@pytest.mark.parametrize("size", [(768, 512), (100, 2000), (129, 300), (4000, 3000)])
def test_no_other_choice_of_tiles_computes_less(size):
    def cost(tile):
        return np.prod([-(-a // b) * (b + 2 * 12) for a, b in zip(size, tile, strict=True)])

    chosen = tuple(tiles.tile_size(tf.constant(size), SIDES, 12).numpy())
    assert chosen == numpy_tiles.tile_size(size, SIDES, 12)
    assert cost(chosen) == min(cost(tile) for tile in itertools.product(SIDES, repeat=2))


def test_tiles_that_are_no_whole_number_of_output_pixels_are_refused():
    with pytest.raises(ValueError, match="halo=3"):
        tiles.TiledNetwork(box, sides=(16,), halo=3, scale=0.5, channels=1)
