import json
import subprocess
import sys

import pytest

from comrec_tf.presets import cards, weights
from tests.conftest import make_model


@pytest.fixture
def saved(tmp_path, monkeypatch):
    weights.save_preset(make_model(), tmp_path / "mine")
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path))
    return tmp_path / "mine"


def test_presets_are_found_by_folder_by_name_and_by_id(saved):
    assert cards.find_preset(saved) == saved
    assert cards.find_preset("mine") == saved
    assert cards.list_presets()["mine"] == saved
    assert cards.find_preset_by_id(weights.preset_id(weights.load_preset(saved))) == saved


def test_unknown_presets_are_refused_with_the_known_ones(saved):
    with pytest.raises(FileNotFoundError, match="mine.*Received: 'yours'"):
        cards.find_preset("yours")
    with pytest.raises(FileNotFoundError, match="0000000a.*mine"):
        cards.find_preset_by_id(10)


def test_damaged_cards_are_refused(saved):
    card = json.loads((saved / "card.json").read_text())
    (saved / "card.json").write_text(json.dumps({**card, "card_version": 99}))
    with pytest.raises(ValueError, match="Received: 99"):
        cards.read_card(saved)
    (saved / "card.json").write_text("{")
    with pytest.raises(ValueError, match="not JSON"):
        cards.read_card(saved)


def test_cards_are_read_without_tensorflow():
    program = (
        "import sys; from comrec_tf import cards; cards.read_card(cards.find_preset('comrec'));"
        "print(any(name in sys.modules for name in ('tensorflow', 'keras', 'numpy')))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
