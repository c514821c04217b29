import logging
import os
import shutil
import subprocess
import sys

import pytest

from comrec_tf.presets import find, weights
from tests.makers import make_model


@pytest.fixture
def saved(tmp_path, monkeypatch):
    weights.save_preset(make_model(), tmp_path / "mine")
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path))
    return tmp_path / "mine"


def test_presets_are_found_by_folder_by_name_and_by_id(saved):
    assert find.find_preset(saved) == saved
    assert find.find_preset("mine") == saved
    assert find.list_presets()["mine"] == saved
    assert find.find_preset_by_id(weights.preset_id(weights.load_preset(saved))) == saved


def test_unknown_presets_are_refused_with_the_known_ones(saved):
    with pytest.raises(FileNotFoundError, match="mine.*Received: 'yours'"):
        find.find_preset("yours")
    with pytest.raises(FileNotFoundError, match="0000000a.*mine"):
        find.find_preset_by_id(10)


def test_ids_tell_apart_presets_of_one_name(saved):
    before = find.ids_of("mine")
    assert before == {"2": f"{weights.preset_id(weights.load_preset(saved)):08x}"}
    shutil.rmtree(saved)
    weights.save_preset(make_model(depth=6), saved)
    assert find.ids_of("mine").keys() == {"2"}
    assert find.ids_of("mine") != before


@pytest.mark.parametrize("content", ["[]", "{", '{"card_version": 3, "pairs": 7}'])
def test_a_broken_preset_does_not_hide_the_others(saved, content, caplog):
    broken = saved.parent / "a-broken-one"
    broken.mkdir()
    (broken / "card.json").write_text(content)
    with caplog.at_level(logging.WARNING):
        found = find.find_preset_by_id(weights.preset_id(weights.load_preset(saved)))
    assert found == saved
    assert "a-broken-one" in caplog.text


def test_cards_are_found_and_read_without_tensorflow_and_numpy():
    program = (
        "import sys; from comrec_tf.presets import card, find;"
        "card.read(find.find_preset('comrec'));"
        "print(any(name in sys.modules for name in ('tensorflow', 'keras', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr


def test_presets_that_pip_installs_for_a_user_are_found(tmp_path):
    share = tmp_path / "share" / "comrec_tf" / "saved_models"
    shutil.copytree(find.find_preset("comrec-fast"), share / "of-the-user")
    program = "from comrec_tf.presets import find; print(find.list_presets()['of-the-user'])"
    environment = {**os.environ, "PYTHONUSERBASE": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, env=environment
    )
    assert done.stdout == f"{share / 'of-the-user'}\n", done.stderr
