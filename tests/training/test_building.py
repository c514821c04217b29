import dataclasses

import pytest

from comrec_tf.presets import weights
from comrec_tf.training import building
from comrec_tf.training.config import NETWORKS, TrainingConfig
from tests.makers import make_model

CONFIG = TrainingConfig(train_data=["a"], valid_data=["b"])
SMALL = {"com_filters": 4, "rec_depth": 2, "rec_filters": 6}


def built(**changes):
    return building.build_model(dataclasses.replace(CONFIG, **changes))


@pytest.fixture(scope="module")
def own_preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("own") / "preset"
    weights.save_preset(make_model(depth=2, filters=4), folder)
    return folder


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": 1},
        {"com_filters": 32},
        {"com_skip": True},
        {"resolution": "full"},
        {"conditioned": False},
    ],
)
def test_networks_that_the_preset_does_not_have_are_refused(own_preset, changes):
    config = TrainingConfig(train_data=["a"], valid_data=["b"], preset=str(own_preset), **changes)
    (name,) = changes
    with pytest.raises(ValueError, match=f"^{name} must be that of the preset .* Received: "):
        building.build_model(config)


def test_a_rec_cnn_grows_beyond_that_of_the_preset_and_never_shrinks(own_preset):
    grown = built(preset=str(own_preset), rec_depth=4, rec_filters=6)
    assert (grown.rec.depth, grown.rec.filters) == (4, 6)
    with pytest.raises(ValueError, match=r"at least depth=2 and filters=4. .* filters=3$"):
        built(preset=str(own_preset), rec_filters=3)


def test_a_preset_is_taken_as_it_is_where_nothing_else_is_asked_for(own_preset):
    kept = weights.load_preset(own_preset)
    model = built(preset=str(own_preset))
    assert weights.preset_id(model) == weights.preset_id(kept)
    assert model.codec.name == "jpeg"
    around = built(preset=str(own_preset), codec="jpeg-flat/weight=20")
    assert weights.preset_id(around) == weights.preset_id(kept)
    assert (around.codec.name, around.codec.weight) == ("jpeg-flat", 20.0)


def test_what_is_asked_for_is_what_the_networks_say():
    asked = {
        "channels": 1,
        "com_filters": 4,
        "com_skip": True,
        "resolution": "full",
        "rec_depth": 3,
        "rec_filters": 6,
        "conditioned": False,
        "tables": False,
    }
    model = built(scale=1, **asked)
    assert building.networks_of(model) == asked
    assert set(asked) == set(NETWORKS)
    assert (model.scale, model.com.scale, model.rec.scale) == (1, 1, 1)


def test_what_is_left_out_is_as_the_table_says():
    model = built(**SMALL)
    expected = {**NETWORKS, **SMALL}
    assert building.networks_of(model) == expected
    assert model.codec.options()["chroma_subsampling"] == "4:2:0"
    assert built(**SMALL, chroma_subsampling="4:4:4").codec.chroma_subsampling == "4:4:4"


def test_a_mix_is_codecs_with_options_and_weights():
    assert building.codec_mix("") == []
    mix = building.codec_mix("mozjpeg:2, jpeg-flat/weight=20:1,jpeg/chroma_subsampling=4:4:4:1")
    assert [(codec.name, weight) for codec, weight in mix] == [
        ("mozjpeg", 2.0),
        ("jpeg-flat", 1.0),
        ("jpeg", 1.0),
    ]
    assert mix[1][0].weight == 20
    assert mix[2][0].chroma_subsampling == "4:4:4"


@pytest.mark.parametrize("text", ["jpeg", "jpeg:0", "jpeg:-1", "jpeg:inf", "jpeg:nan", "jpeg:many"])
def test_a_weight_that_is_no_positive_number_is_refused(text):
    with pytest.raises(ValueError, match=f"CODEC:WEIGHT.* Received: '{text}'"):
        building.codec_mix(f"mozjpeg:1,{text}")


@pytest.mark.parametrize(
    ("text", "message"),
    [("gif", "Received: codec=gif"), ("webp/speed=1", "Received: speed"), ("jpeg/q=1", "q")],
)
def test_unknown_codecs_and_options_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        building.codec_mix(f"{text}:1")
    with pytest.raises(ValueError, match=message):
        built(**SMALL, codec=text)
