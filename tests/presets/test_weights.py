import io
import json
import shutil
import subprocess
import sys
import tracemalloc
import zipfile

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import card, weights
from tests.makers import make_model, stir


@pytest.fixture
def saved(tmp_path, model):
    weights.save_preset(model, tmp_path / "mine", {"description": "a test"})
    return tmp_path / "mine"


@pytest.mark.parametrize("kind", [{}, {"resolution": "full", "depth": 3, "channels": 1}])
def test_a_loaded_preset_computes_the_same(tmp_path, kind):
    model = make_model(**kind)
    model(tf.random.uniform([1, 8, 8, model.channels]))
    weights.save_preset(model, tmp_path / "pair")
    again = weights.load_preset(tmp_path / "pair")
    pictures = tf.random.uniform([1, 8, 8, model.channels])
    np.testing.assert_array_equal(again(pictures), model(pictures))


def test_the_card_says_what_it_is(saved, model):
    read = card.read(saved)
    assert read.suffix == ".jpg"
    assert read.description == "a test"
    assert [pair.id for pair in read.pairs] == [weights.preset_id(model)]
    content = json.loads((saved / "card.json").read_text())
    assert content["num_weights"] == sum(v.numpy().size for v in model.variables)


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
def test_a_preset_of_a_pair_in_mixed_precision_is_the_same_preset(tmp_path, saved, precision):
    mixed = weights.load_preset(saved, precision)
    assert mixed.com.compute_dtype == mixed.rec.compute_dtype == precision.removeprefix("mixed_")
    weights.save_preset(mixed, tmp_path / "again")
    ids = [[pair.id for pair in card.read(path).pairs] for path in (saved, tmp_path / "again")]
    assert ids[0] == ids[1]


def test_the_id_does_not_depend_on_how_often_a_network_was_made(saved, model):
    assert weights.preset_id(weights.load_preset(saved)) == weights.preset_id(model)


def test_the_id_changes_with_a_single_weight(model):
    before = weights.preset_id(model)
    stir(model, 1e-6)
    assert weights.preset_id(model) != before


def test_a_preset_can_be_replaced(saved):
    other = make_model(channels=1)
    weights.save_preset(other, saved)
    assert weights.load_preset(saved).channels == 1
    assert sorted(path.name for path in saved.iterdir()) == [
        "card.json",
        "com_scale2.tflite",
        "rec_scale2.tflite",
        "weights.npz",
    ]


def test_damaged_presets_are_refused(saved, tmp_path):
    other = tmp_path / "other"
    weights.save_preset(make_model(depth=2), other)
    shutil.copy(other / "weights.npz", saved / "weights.npz")
    with pytest.raises(ValueError, match="weights.npz does not hold the weights of its card.*body"):
        weights.load_preset(saved)
    (saved / "weights.npz").write_bytes(b"no archive")
    with pytest.raises(ValueError, match="weights.npz does not hold the weights of its card"):
        weights.load_preset(saved)

    content = json.loads((other / "card.json").read_text())
    content["pairs"][0]["id"] = "00000001"
    (other / "card.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="must have the id 00000001"):
        weights.load_preset(other)

    content["pairs"][0]["rec"]["dropout"] = 3
    (other / "card.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match="does not describe networks: .*dropout"):
        weights.load_preset(other)


def test_an_array_of_another_shape_is_refused_before_it_is_expanded(saved, model):
    """Three hundred kilobytes of zeros that would become three hundred megabytes."""
    with zipfile.ZipFile(saved / "weights.npz") as archive:
        names = archive.namelist()
    with zipfile.ZipFile(saved / "weights.npz", "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            header = io.BytesIO()
            description = {"descr": "<f4", "fortran_order": False, "shape": (75_000_000,)}
            np.lib.format.write_array_header_1_0(header, description)
            archive.writestr(name, header.getvalue() + bytes(3_000_000))
    tracemalloc.start()
    with pytest.raises(ValueError, match=r"must be float32 \(.*Received: float32 \(75000000,\)"):
        weights.load_preset(saved)
    assert tracemalloc.get_traced_memory()[1] < 20e6
    tracemalloc.stop()


@pytest.mark.parametrize("scale", [1, 2])
def test_a_com_that_leaves_pictures_as_they_are_gets_no_network(tmp_path, scale, photo):
    com = ComCNN(scale=scale, filters=4, conditioned=True, skip=True)
    rec = RecCNN(scale=scale, depth=2, filters=4, resolution="compact", conditioned=True)
    model = ComRec(com, rec)
    assert weights.is_identity(model) == (scale == 1)
    weights.save_preset(model, tmp_path)
    assert (card.read(tmp_path).pairs[0].com_lite is None) == (scale == 1)
    com.compact.bias.assign([0.0, 0.1, 0.0])
    assert not weights.is_identity(model)


def test_a_preset_may_hold_a_pair_for_each_scale(tmp_path):
    models = [make_model(scale=1), make_model(scale=2)]
    weights.save_preset(models, tmp_path / "both", {"description": "two"})
    again = weights.load_pairs(tmp_path / "both")
    assert list(map(weights.preset_id, again)) == list(map(weights.preset_id, models))
    assert weights.load_preset(tmp_path / "both", scale=2).scale == 2
    with pytest.raises(ValueError, match=r"scales \[1, 2\]: choose one. Received: scale=None"):
        weights.load_preset(tmp_path / "both")


@pytest.mark.parametrize(
    "kinds", [[{}, {}], [{"channels": 1}, {"scale": 1}], [{"scale": 1}, {"codec": WebpCodec()}]]
)
def test_pairs_that_do_not_go_together_are_refused(tmp_path, kinds):
    with pytest.raises(ValueError, match="different scales, the same channels and the same codec"):
        weights.save_preset([make_model(**kind) for kind in kinds], tmp_path / "both")
    assert not (tmp_path / "both").exists()


def test_a_preset_of_any_codec_loads_where_nothing_else_is_imported(tmp_path):
    weights.save_preset(make_model(codec=WebpCodec()), tmp_path)
    program = f"import comrec_tf; print(comrec_tf.load_preset({str(tmp_path)!r}).codec.name)"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "webp\n", done.stderr
