import json

import pytest

from comrec_tf.commands import preset_list
from comrec_tf.presets import card, find


def run(*arguments):
    return preset_list.COMMAND.run(["presets", *arguments])


def test_every_preset_is_named_with_its_description_pairs_and_codec(capsys):
    assert run() == 0
    told = " ".join(capsys.readouterr().out.split())
    for name, folder in find.list_presets().items():
        found = card.read(folder)
        assert f"{name} {found.description}" in told
        assert f"codec: {found.codec.name} folder: {folder}" in told
        assert all(f"(id {pair.id:08x})" in told for pair in found.pairs)


def test_programs_get_the_same_as_json(capsys):
    assert run("--json") == 0
    (row,) = (
        row
        for row in json.loads(capsys.readouterr().out)["presets"]
        if row["name"] == "comrec-webp"
    )
    assert row["codec"] == "webp"
    assert [pair["scale"] for pair in row["pairs"]] == [1, 2]
    assert find.find_preset_by_id(int(row["pairs"][0]["id"], 16)).name == "comrec-webp"


def test_a_damaged_card_is_named_and_the_others_are_listed(tmp_path, monkeypatch, capsys, caplog):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / card.FILE).write_text("{")
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path))
    assert run() == 1
    assert "comrec-fast" in capsys.readouterr().out
    assert "broken/card.json is not JSON" in caplog.text


@pytest.mark.parametrize("wrong", ["more", "--quality=3"])
def test_what_it_does_not_know_is_code_2(wrong, capsys):
    assert run(wrong) == 2
    assert wrong.lstrip("-").partition("=")[0] in capsys.readouterr().err
