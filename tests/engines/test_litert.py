import numpy as np

from comrec_tf.engines import litert, prepared
from comrec_tf.models import tile_networks
from comrec_tf.presets import weights
from tests.makers import make_model


def test_a_network_is_a_file_that_needs_no_preset(photo, model):
    network = prepared.PreparedNetwork(
        tile_networks.lite_bytes(tile_networks.shrinking(model), half=False), litert.prepare
    )
    tile = photo[None, :32, :48]
    assert network(tile, 0.5).shape == (1, 16, 24, 3)
    assert network(tile[..., :1], 0.5).shape == (1, 16, 24, 1)
    assert network(tile, 0.5).dtype == np.uint8


def test_a_tile_of_another_size_does_not_disturb_the_next(tmp_path, photo):
    weights.save_preset(make_model(), tmp_path)
    (pair,) = litert.load_pairs(tmp_path)
    sizes = [(32, 32), (16, 64), (48, 16), (32, 32)]
    tiles = [np.ascontiguousarray(photo[None, :height, :width]) for height, width in sizes]
    results = [pair.rec(tile, 0.0) for tile in tiles]
    np.testing.assert_array_equal(results[0], results[3])


def test_a_network_that_is_told_no_step_has_one_input(photo):
    model = make_model(conditioned=False)
    network = prepared.PreparedNetwork(
        tile_networks.lite_bytes(tile_networks.restoring(model), half=False), litert.prepare
    )
    tile = photo[None, :16, :16]
    np.testing.assert_array_equal(network(tile, 0.0), network(tile, 3.0))
