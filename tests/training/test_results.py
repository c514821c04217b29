import dataclasses
import logging

import pytest

from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.presets import card, weights
from comrec_tf.training import results
from comrec_tf.training.config import TrainingConfig
from tests.makers import make_model

CONFIG = TrainingConfig(train_data=["a"], valid_data=["b"])


@pytest.fixture(scope="module")
def both(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "both"
    models = [make_model(scale=scale) for scale in (1, 2)]
    weights.save_preset(models, folder, {"default_quality": 30})
    return str(folder)


@pytest.fixture(scope="module")
def half(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets") / "half"
    weights.save_preset(make_model(scale=2), folder)
    return str(folder)


def found(model, **changes):
    pairs = results.other_pair(dataclasses.replace(CONFIG, **changes), model)
    return [pair.described.scale for pair in pairs]


def test_the_pair_of_the_other_scale_is_that_of_the_preset_to_go_on_from(both, half):
    assert found(make_model(scale=2), preset=both) == [1]
    assert found(make_model(scale=1), preset=both) == [2]
    assert found(make_model(scale=2), preset=half) == []
    assert found(make_model(scale=2)) == []


def test_the_pair_of_the_other_scale_is_that_of_the_preset_to_join(both, half):
    assert found(make_model(scale=1), join=half) == [2]
    assert found(make_model(scale=2), preset=half, join=both) == [1]


def test_a_preset_to_join_without_the_wanted_pair_says_so(half):
    with pytest.raises(ValueError, match="a pair of networks for scale 2 alone.*scale=1"):
        found(make_model(scale=2), join=half)


def test_a_preset_to_join_that_does_not_fit_is_refused(both):
    for other in (make_model(channels=1), make_model(codec=WebpCodec())):
        with pytest.raises(ValueError, match="pair of scale 1 in .* that goes with it: it has 3"):
            found(other, join=both)


def test_a_pair_of_the_preset_to_go_on_from_that_does_not_fit_is_left_out_with_a_warning(
    both, caplog
):
    with caplog.at_level(logging.WARNING):
        assert found(make_model(codec=WebpCodec()), preset=both) == []
    assert "the pair of scale 1 of" in caplog.text
    assert "jpeg/chroma_subsampling=4:2:0" in caplog.text
    assert "webp" in caplog.text


def written(tmp_path, **changes):
    state = {"best_gain": None, "best_epoch": 0}
    config = dataclasses.replace(CONFIG, **changes)
    presets = results.Presets(make_model(), config, tmp_path, state, [])
    presets.write(0, {"val_gain": 1.0})
    return presets, state


def test_the_best_is_the_start_until_an_epoch_is_better(tmp_path):
    presets, state = written(tmp_path)
    presets.write(1, {"val_gain": 0.5})
    assert state == {"best_gain": 1.0, "best_epoch": 0}
    assert card.read(tmp_path / "best").training["epochs_done"] == 0
    assert card.read(tmp_path / "last").training["epochs_done"] == 1
    presets.write(2, {"val_gain": 1.5})
    assert state == {"best_gain": 1.5, "best_epoch": 2}
    assert card.read(tmp_path / "best").figures == {"val_gain": 1.5}


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, 40),
        ({"quality_min": 50, "quality_max": 50}, 50),
        ({"quality_max": 20}, 20),
        ({"preset": "both"}, 30),
        ({"preset": "both", "quality_min": 35}, 35),
    ],
)
def test_the_default_quality_is_the_one_before_within_what_was_trained(
    tmp_path, both, changes, expected
):
    if "preset" in changes:
        changes = {**changes, "preset": both}
    written(tmp_path, **changes)
    assert card.read(tmp_path / "best").default_quality == expected


def test_qualities_to_validate_with_span_the_range():
    assert results.valid_qualities(CONFIG) == (5, 11, 26, 61)
    one = dataclasses.replace(CONFIG, quality_min=50, quality_max=50)
    assert results.valid_qualities(one) == (50,)
