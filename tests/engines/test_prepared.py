import threading

import numpy as np
import pytest

from comrec_tf.codecs import condition
from comrec_tf.engines import litert, openvino, prepared, tensorflow, threads
from comrec_tf.models import tile_networks
from comrec_tf.presets import weights
from tests.makers import make_model

#: What networks are told; see `codecs.condition`.
TOLD = np.array([0.2, -0.3, 0.5, 0.4, 1.0], np.float32)


def load_pairs(folder):
    return prepared.pairs_of_files(folder, litert.prepare, litert.prepare)


def test_the_pairs_are_those_of_the_card(exported):
    models = weights.load_pairs(exported / "preset")
    pairs = load_pairs(exported / "preset")
    assert [(pair.scale, pair.id) for pair in pairs] == [
        (model.scale, weights.preset_id(model)) for model in models
    ]
    for pair, model in zip(pairs, models, strict=True):
        assert pair.com_radius == model.com.receptive_radius
        assert pair.rec_radius == model.rec.receptive_radius
        assert pair.rec_multiple == model.rec.input_multiple


def test_a_network_that_is_not_the_cards_is_refused(tmp_path):
    weights.save_preset(make_model(), tmp_path)
    path = tmp_path / "rec_scale2.tflite"
    path.write_bytes(path.read_bytes() + b"\0")
    with pytest.raises(ValueError, match=r"rec_scale2.tflite is damaged: card.json says"):
        load_pairs(tmp_path)


def test_a_network_stays_prepared_for_the_last_two_shapes():
    asked = []

    def prepare(content, shape):
        asked.append((content, shape[1:3]))
        return lambda colours, told: np.concatenate([colours, colours[..., :1]], -1) + told[0]

    network = prepared.PreparedNetwork(b"file", prepare)
    for size in ((4, 4), (4, 8), (4, 4), (8, 8), (4, 4), (4, 8)):
        tile = np.full((1, *size, 3), 7, np.uint8)
        np.testing.assert_array_equal(network(tile, np.array([2.0], np.float32)), tile + 2)
    assert asked == [(b"file", size) for size in ((4, 4), (4, 8), (8, 8), (4, 8))]


def test_threads_take_turns_at_a_network(photo):
    network = prepared.PreparedNetwork(
        tile_networks.lite_bytes(tile_networks.restoring(make_model()), 1, half=False),
        litert.prepare,
    )
    tiles = [np.ascontiguousarray(photo[None, :32, left : left + 16]) for left in range(0, 48, 16)]
    alone = [network(tile, TOLD) for tile in tiles]
    found = [None] * len(tiles)

    def work(number):
        for _ in range(10):
            found[number] = network(tiles[number], TOLD)

    workers = [threading.Thread(target=work, args=(number,)) for number in range(len(tiles))]
    for thread in workers:
        thread.start()
    for thread in workers:
        thread.join()
    np.testing.assert_array_equal(found, alone)


def test_a_number_of_threads_that_is_none_is_named_when_pairs_are_loaded(exported, monkeypatch):
    monkeypatch.setenv(threads.VARIABLE, "0")
    with pytest.raises(ValueError, match="COMREC_THREADS. Received: 0"):
        load_pairs(exported / "preset")


@pytest.mark.parametrize("engine", [litert, openvino])
def test_a_network_is_a_file_that_needs_no_preset(engine, photo, model):
    network = prepared.PreparedNetwork(
        tile_networks.lite_bytes(tile_networks.shrinking(model), 1, half=False), engine.prepare
    )
    tile = photo[None, :32, :48]
    assert network(tile, TOLD).shape == (1, 16, 24, 3)
    assert network(tile[..., :1], TOLD).shape == (1, 16, 24, 1)
    assert network(tile, TOLD).dtype == np.uint8


@pytest.mark.parametrize("engine", [litert, openvino])
def test_a_tile_of_another_size_does_not_disturb_the_next(engine, tmp_path, photo):
    weights.save_preset(make_model(), tmp_path)
    (pair,) = engine.load_pairs(tmp_path)
    sizes = [(32, 32), (16, 64), (48, 16), (32, 32)]
    tiles = [np.ascontiguousarray(photo[None, :height, :width]) for height, width in sizes]
    results = [pair.rec(tile, TOLD) for tile in tiles]
    np.testing.assert_array_equal(results[0], results[3])


@pytest.mark.parametrize("engine", [litert, openvino])
def test_a_network_that_is_told_no_step_has_one_input(engine, photo):
    model = make_model(conditioned=False)
    network = prepared.PreparedNetwork(
        tile_networks.lite_bytes(tile_networks.restoring(model), 0, half=False), engine.prepare
    )
    tile = photo[None, :16, :16]
    np.testing.assert_array_equal(network(tile, TOLD), network(tile, 3 * TOLD))


@pytest.mark.parametrize("engine", [litert, openvino])
def test_a_network_that_is_told_the_tables_is_told_them_by_each_engine(engine, tmp_path, photo):
    model = make_model(tables=True)
    weights.save_preset(model, tmp_path)
    (pair,), (expected,) = engine.load_pairs(tmp_path), tensorflow.pairs_of(model)
    tile = np.ascontiguousarray(photo[None, :32, :48])
    ours, theirs = (one.rec(tile, TOLD).astype(int) for one in (pair, expected))
    assert np.abs(ours - theirs).max() <= 1
    for index in range(condition.COUNT):
        changed = TOLD.copy()
        changed[index] += 2
        assert np.any(pair.rec(tile, changed) != ours)
