"""Tile models against the pair itself; both sides compute the same tile of the same photo."""

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs import condition
from comrec_tf.exporting import tile_models
from comrec_tf.graph import geometry
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.picture_coder import PictureCoder
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import weights
from tests.makers import make_model

SIDE = 32


def conditions(step: float) -> np.ndarray:
    """What is told of a colour JPEG whose steps grow."""
    luma = step + np.arange(64)
    return condition.of_tables(step, luma, 3 * luma, full=True)


def run(content: bytes, tile: np.ndarray, step: float) -> np.ndarray:
    interpreter = tf.lite.Interpreter(model_content=content)
    interpreter.allocate_tensors()
    for details in interpreter.get_input_details():
        is_tile = len(details["shape"]) == 4
        value = tile[None] if is_tile else conditions(step)[: details["shape"][0]]
        interpreter.set_tensor(details["index"], value.astype(np.float32))
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0]


def expected(model: ComRec, tile: np.ndarray, step: float, halo: int) -> np.ndarray:
    size = tile.shape[0] * model.scale
    coder = PictureCoder(model)
    whole = coder.reconstruct(tf.constant(tile), tf.constant(conditions(step)), size, size).numpy()
    cut = halo * model.scale
    return whole[cut : size - cut, cut : size - cut].astype(float)


def stored(values: np.ndarray) -> np.ndarray:
    return np.clip(np.round(values), 0, 255)


def cut_tile(photo: np.ndarray, shape: tile_models.TileShape) -> np.ndarray:
    return photo[: shape.input_side, 40 : 40 + shape.input_side]


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"conditioned": False},
        {"tables": True},
        {"channels": 1},
        {"resolution": "full"},
        {"resolution": "full", "channels": 1, "batch_norm": False, "conditioned": False},
        {"depth": 2},
    ],
    ids=str,
)
def test_a_tile_model_computes_what_the_pair_computes(photo, scale, options):
    model = make_model(scale=scale, **options)
    shape = tile_models.tile_shape(model, SIDE)
    tile = cut_tile(photo, shape)
    content = tile_models.tile_model_bytes(model, SIDE, float16=False)
    received = stored(run(content, tile, 20.0))
    assert received.shape == (SIDE, SIDE, 3)
    assert np.abs(received - expected(model, tile, 20.0, shape.halo)).max() <= 1


@pytest.mark.parametrize("index", [0, 1])
def test_shipped_pairs_with_float16_weights_stay_within_a_grey_level(photo, index):
    model = weights.load_pairs("comrec")[index]
    shape = tile_models.tile_shape(model, SIDE)
    tile = cut_tile(photo, shape)
    content = tile_models.tile_model_bytes(model, SIDE)
    assert len(content) <= 600_000
    for step in (2.0, 16.0, 60.0):
        received = stored(run(content, tile, step))
        assert np.abs(received - expected(model, tile, step, shape.halo)).max() <= 1


def test_a_grey_tile_gives_the_luma_that_the_pair_gives(photo):
    model = weights.load_pairs("comrec")[1]
    shape = tile_models.tile_shape(model, SIDE)
    grey = cut_tile(photo, shape)[..., 1:2]
    values = run(tile_models.tile_model_bytes(model, SIDE), np.repeat(grey, 3, -1), 16.0)
    luma = stored(values @ [0.299, 0.587, 0.114])
    assert np.abs(luma - expected(model, grey, 16.0, shape.halo)[..., 0]).max() <= 1


@pytest.mark.parametrize("float16", [False, True])
def test_doubling_is_bicubic_interpolation(photo, float16):
    shared = {"channels": 3, "scale": 2, "conditioned": False}
    untrained = ComRec(
        ComCNN(filters=8, **shared), RecCNN(depth=4, filters=8, resolution="compact", **shared)
    )
    shape = tile_models.tile_shape(untrained, SIDE)
    tile = cut_tile(photo, shape).astype(np.float32)
    received = run(tile_models.tile_model_bytes(untrained, SIDE, float16=float16), tile, 1.0)
    doubled = geometry.upsample(tile[None], 2)[0, 2 * shape.halo :, 2 * shape.halo :][:SIDE, :SIDE]
    np.testing.assert_allclose(received, doubled, atol=1e-3)


def test_a_side_that_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="multiple of 2. Received: side=31"):
        tile_models.tile_shape(make_model(), 31)


def test_the_converters_warnings_of_what_nobody_asked_for_are_not_seen(capfd):
    tile_models.tile_model_bytes(make_model(), SIDE)
    assert "Ignored" not in capfd.readouterr().err
