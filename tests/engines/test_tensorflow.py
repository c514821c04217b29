import numpy as np
import pytest

from comrec_tf.codecs import condition
from comrec_tf.engines import tensorflow
from comrec_tf.graph import color
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import weights
from tests.makers import make_model, stir

TOLD = condition.of_step(20.0)


def test_a_pair_computes_what_the_model_does(photo):
    model = make_model()
    (pair,) = tensorflow.pairs_of(model)
    assert (pair.scale, pair.id) == (2, weights.preset_id(model))
    tile = photo[None, :64, :64]
    log_step = np.array([0.3], np.float32)
    restored = model.rec.reconstruct(color.network_pixels(tile, 3), log_step=log_step)
    expected = color.codec_pixels(restored).numpy().astype(int)
    inner = slice(2 * pair.rec_radius, -2 * pair.rec_radius)
    difference = pair.rec(tile, condition.of_step(16 * np.exp(0.3))).astype(int) - expected
    assert np.abs(difference[:, inner, inner]).max() <= 1


def test_pairs_of_models_in_memory_follow_their_weights(photo, model):
    (pair,) = tensorflow.pairs_of([model])
    tile = photo[None, :32, :32]
    before = pair.rec(tile, TOLD)
    stir(model, 0.05)
    assert np.any(pair.rec(tile, TOLD) != before)


def test_no_network_stands_for_one_that_leaves_pictures_as_they_are():
    still = ComRec(ComCNN(filters=4, scale=1, skip=True), RecCNN(depth=2, filters=4, scale=1))
    (pair,) = tensorflow.pairs_of(still)
    assert (pair.com, pair.com_radius) == (None, 0)
    stir(still)
    (pair,) = tensorflow.pairs_of(still)
    assert pair.com is not None


def test_half_precision_is_recs_alone(photo, exported):
    full = tensorflow.load_pairs(exported / "preset")
    half = tensorflow.load_pairs(exported / "preset", "mixed_bfloat16")
    tile = photo[None, :48, :48]
    for one, two in zip(full, half, strict=True):
        assert one.id == two.id
        np.testing.assert_array_equal(one.com(tile, TOLD), two.com(tile, TOLD))
        difference = one.rec(tile, TOLD).astype(int) - two.rec(tile, TOLD)
        assert np.abs(difference).max() <= 2


def test_an_unknown_precision_is_refused(exported):
    with pytest.raises(ValueError, match="auto or one of float32, .* Received: float64"):
        tensorflow.load_pairs(exported / "preset", "float64")
