import json
import pathlib
import shutil
import subprocess
import sys

import numpy as np
import pytest

import comrec_tf
from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.compression.compressor import Compressor
from comrec_tf.presets import card, stored, weights
from tests.makers import make_model

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """Presets of one pair each, and one of both scales with other weights."""
    folder = tmp_path_factory.mktemp("own")
    weights.save_preset(make_model(scale=1), folder / "full", {"default_quality": 60})
    weights.save_preset(make_model(scale=2), folder / "half", {"default_quality": 40})
    deeper = [make_model(scale=scale, depth=6) for scale in (1, 2)]
    weights.save_preset(deeper, folder / "both", {"figures": {"val_gain": 1.5}})
    weights.save_preset(make_model(scale=1, channels=1), folder / "luma")
    weights.save_preset(make_model(scale=1, codec=WebpCodec()), folder / "webp")
    return folder


def pair_ids(folder):
    return {pair.scale: pair.id for pair in card.read(folder).pairs}


def test_a_joined_preset_restores_what_the_presets_made_whose_pairs_it_has(own, tmp_path, photo):
    comrec_tf.join_presets({1: own / "full", 2: own / "both"}, tmp_path / "mine")
    joined = Compressor.from_preset(tmp_path / "mine")
    assert joined.scales == (1, 2)
    for scale, name in ((1, "full"), (2, "both")):
        content = Compressor.from_preset(own / name).encode(photo, 40, scale).content
        expected = Compressor.from_preset(own / name).decode(content)
        np.testing.assert_array_equal(joined.decode(content), expected)


def test_it_trains_further(own, tmp_path):
    comrec_tf.join_presets({2: own / "half", 1: own / "both"}, tmp_path / "mine")
    loaded = {model.scale: model for model in weights.load_pairs(tmp_path / "mine")}
    assert weights.preset_id(loaded[2]) == pair_ids(own / "half")[2]
    assert weights.preset_id(loaded[1]) == pair_ids(own / "both")[1]
    kept = np.load(tmp_path / "mine" / "weights.npz")
    content = json.loads((tmp_path / "mine" / "card.json").read_text())
    assert content["num_weights"] == sum(kept[name].size for name in kept)


def test_the_card_says_where_the_pairs_come_from(own, tmp_path):
    comrec_tf.join_presets({1: own / "both", 2: own / "half"}, tmp_path / "mine")
    made = card.read(tmp_path / "mine")
    assert made.description == "Joined of both (scale 1) and half (scale 2)."
    assert made.default_quality == 40
    assert made.figures == {"scale 1": {"val_gain": 1.5}, "scale 2": {}}
    entries = {"description": "my own", "default_quality": 33}
    comrec_tf.join_presets({1: own / "both", 2: own / "half"}, tmp_path / "mine", entries)
    made = card.read(tmp_path / "mine")
    assert (made.description, made.default_quality) == ("my own", 33)


@pytest.mark.parametrize(
    ("presets", "message"),
    [
        ({1: "half", 2: "half"}, "half has a pair of networks for scale 2 alone.*scale=1"),
        ({1: "full", 3: "both"}, "Received: scale=3"),
        ({1: "luma", 2: "half"}, r"same channels .*Received: .* channels \[1, 3\]"),
        ({1: "webp", 2: "half"}, r"same codec. Received: .*'webp'.*'jpeg'"),
        ({}, "Received: scales"),
    ],
)
def test_pairs_that_do_not_go_together_are_refused(own, tmp_path, presets, message):
    named = {scale: own / name for scale, name in presets.items()}
    with pytest.raises(ValueError, match=message):
        comrec_tf.join_presets(named, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_preset_that_does_not_exist_is_named(own, tmp_path):
    with pytest.raises(FileNotFoundError, match="Received: 'nowhere'"):
        comrec_tf.join_presets({1: own / "full", 2: "nowhere"}, tmp_path / "mine")


@pytest.mark.parametrize("file", ["rec_scale1.tflite", "weights.npz"])
def test_a_damaged_preset_is_refused_by_the_name_of_its_file(own, tmp_path, file):
    shutil.copytree(own / "full", tmp_path / "full")
    (tmp_path / "full" / file).write_bytes(b"damaged")
    with pytest.raises(ValueError, match=file):
        comrec_tf.join_presets({1: tmp_path / "full", 2: own / "half"}, tmp_path / "mine")
    assert not (tmp_path / "mine").exists()


def test_a_preset_may_be_joined_into_itself(own, tmp_path):
    shutil.copytree(own / "half", tmp_path / "mine")
    comrec_tf.join_presets({1: own / "full", 2: tmp_path / "mine"}, tmp_path / "mine")
    expected = {**pair_ids(own / "full"), **pair_ids(own / "half")}
    assert pair_ids(tmp_path / "mine") == expected


def test_joining_needs_no_tensorflow(own, tmp_path):
    program = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "import comrec_tf\n"
        f"comrec_tf.join_presets({{1: {str(own / 'full')!r}, 2: {str(own / 'half')!r}}}, 'mine')"
    )
    environment = {"PYTHONPATH": str(ROOT)}
    command = [sys.executable, "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, env=environment)
    assert done.returncode == 0, done.stderr
    assert sorted(pair_ids(tmp_path / "mine")) == [1, 2]


def test_what_is_read_is_written_again_bit_for_bit(own, tmp_path):
    pairs = [stored.read_pair(own / "both", scale) for scale in (1, 2)]
    stored.write(pairs, tmp_path, {})
    for name in ("rec_scale1.tflite", "com_scale2.tflite", "rec_scale2.tflite"):
        assert (tmp_path / name).read_bytes() == (own / "both" / name).read_bytes()
    assert card.read(tmp_path).pairs == card.read(own / "both").pairs
