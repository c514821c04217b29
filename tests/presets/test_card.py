import copy
import json

import pytest

from comrec_tf.presets import card, find

VALID = json.loads((find.find_preset("comrec") / "card.json").read_text())


def changed(*path_and_value):
    *path, last, value = path_and_value
    content = copy.deepcopy(VALID)
    place = content
    for key in path:
        place = place[key]
    if value is None:
        del place[last]
    else:
        place[last] = value
    return content


def test_a_card_says_what_the_preset_is():
    read = card.read(find.find_preset("comrec"))
    assert [pair.scale for pair in read.pairs] == [1, 2]
    assert read.pairs[0].com_lite is None
    assert read.pairs[1].com_lite.file == "com_scale2.tflite"
    assert read.suffix == ".jpg"
    assert 1 <= read.default_quality <= 100
    for pair in read.pairs:
        assert (read.folder / pair.rec_lite.file).is_file()


def test_every_shipped_card_is_valid():
    for folder in find.list_presets().values():
        assert card.read(folder).description


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], r"must be a JSON object. Received: \[\]"),
        (changed("card_version", 99), "card_version 3.* Received: 99"),
        (changed("card_version", None), "card_version must be of type int. Received: None"),
        (changed("pairs", None), "pairs must be a list of at least one. Received: None"),
        (changed("pairs", []), r"pairs must be a list of at least one. Received: \[\]"),
        (changed("pairs", 0, 7), r"pairs\[0\] must be a JSON object. Received: 7"),
        (changed("pairs", 0, "id", 12), r"pairs\[0\]: id must be eight hexadecimal .* 12"),
        (changed("pairs", 0, "id", "00000000"), "id must be eight hexadecimal digits"),
        (changed("pairs", 0, "scale", 3), "scale must be 1 or 2. Received: 3"),
        (changed("pairs", 0, "scale", 2), "pairs must have different scales"),
        (changed("pairs", 0, "rec", None), r"pairs\[0\]: rec must be a JSON object"),
        (changed("pairs", 0, "rec", "filters", 10**5), "rec: filters must be 1 to 1024"),
        (changed("pairs", 0, "rec", "depth", 2000), "rec: depth must be 1 to 200"),
        (changed("pairs", 0, "lite", "rec", "file", "../x.tflite"), "file must be the name of a"),
        (changed("codec", "name", "gif"), "codec: name must be one of jpeg"),
        (changed("codec", None), "codec must be a JSON object"),
        (changed("default_quality", 0), "default_quality must be from 1 to 100. Received: 0"),
        (changed("default_quality", True), "default_quality must be from 1 to 100"),
    ],
)
def test_damaged_cards_are_refused_by_file_and_entry(tmp_path, content, message):
    (tmp_path / "card.json").write_text(json.dumps(content))
    with pytest.raises(ValueError, match=r"card\.json.*" + message):
        card.read(tmp_path)


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe", b"[" * 200_000])
def test_what_is_no_json_is_refused(tmp_path, content):
    (tmp_path / "card.json").write_bytes(content)
    with pytest.raises(ValueError, match="card.json is not JSON"):
        card.read(tmp_path)
