import dataclasses

import pytest

from comrec_tf import vocabulary
from comrec_tf.training.config import TrainingConfig

CONFIG = TrainingConfig(train_data=["a", "b"], valid_data=["c"])


def test_it_is_frozen():
    with pytest.raises(dataclasses.FrozenInstanceError):
        CONFIG.epochs = 3


def test_what_is_saved_is_loaded(tmp_path):
    config = dataclasses.replace(CONFIG, epochs=7, resolution="full", grey_share=0.5)
    config.save(tmp_path / "config.json")
    assert TrainingConfig.load(tmp_path / "config.json") == config


@pytest.mark.parametrize("content", ["{", '{"epochs": 3}', '{"unknown": 3}'])
def test_what_is_no_configuration_is_refused(tmp_path, content):
    (tmp_path / "config.json").write_text(content)
    with pytest.raises(ValueError, match="config.json is not a training configuration"):
        TrainingConfig.load(tmp_path / "config.json")


@pytest.mark.parametrize(
    "wrong",
    [
        {"train_data": ()},
        {"valid_data": ("",)},
        {"channels": 2},
        {"scale": 3},
        {"quality_min": 0},
        {"quality_max": 4},
        {"patch_size": 33},
        {"batch_size": 0},
        {"grey_share": 1.5},
        {"epochs": 0},
        {"com_learning_rate": -1.0},
        {"seed": -1},
        {"seed": 2**32},
    ],
)
def test_a_field_out_of_range_is_named(wrong):
    with pytest.raises(ValueError, match=f"^{next(iter(wrong))} is out of range"):
        dataclasses.replace(CONFIG, **wrong)


def test_it_knows_the_objectives_and_strategies_that_there_are():
    for objective in vocabulary.OBJECTIVES:
        dataclasses.replace(CONFIG, objective=objective)
    for strategy in vocabulary.STRATEGIES:
        dataclasses.replace(CONFIG, strategy=strategy)


def test_every_field_says_what_it_is():
    assert all(field.metadata["help"].endswith(".") for field in dataclasses.fields(CONFIG))
