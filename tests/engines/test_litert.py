import numpy as np
import pytest

from comrec_tf.engines import litert
from comrec_tf.models import tile_networks
from comrec_tf.presets import weights
from tests.makers import make_model


def test_the_pairs_are_those_of_the_card(exported):
    models = weights.load_pairs(exported / "preset")
    pairs = litert.load_pairs(exported / "preset")
    assert [(pair.scale, pair.id) for pair in pairs] == [
        (model.scale, weights.preset_id(model)) for model in models
    ]
    for pair, model in zip(pairs, models, strict=True):
        assert pair.com_radius == model.com.receptive_radius
        assert pair.rec_radius == model.rec.receptive_radius
        assert pair.rec_multiple == model.rec.input_multiple


def test_a_network_is_a_file_that_needs_no_preset(photo, model):
    network = litert.LiteNetwork(
        tile_networks.lite_bytes(tile_networks.shrinking(model), half=False)
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


def test_a_network_that_is_not_the_cards_is_refused(tmp_path):
    weights.save_preset(make_model(), tmp_path)
    path = tmp_path / "rec_scale2.tflite"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=r"rec_scale2.tflite is damaged: card.json says"):
        litert.load_pairs(tmp_path)
