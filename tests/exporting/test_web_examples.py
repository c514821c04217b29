import io
import json
import sys

import numpy as np
import PIL.Image
import pytest
import skimage.data

from comrec_tf.compression.compressor import Compressor
from comrec_tf.exporting import web_examples


@pytest.fixture
def small_pictures(monkeypatch):
    pictures = {}
    for name in ("coffee", "astronaut", "chelsea"):
        pictures[name] = getattr(skimage.data, name)()[100:196, 150:262]
        monkeypatch.setattr(skimage.data, name, lambda name=name: pictures[name])
    return pictures


def test_each_example_is_an_original_a_compact_file_and_a_plain_one_no_smaller(
    tmp_path, exported, small_pictures
):
    web_examples.write_examples(str(exported / "preset"), tmp_path / "new" / "examples")
    folder = tmp_path / "new" / "examples"
    entries = json.loads((folder / "examples.json").read_text())
    assert {entry["title"] for entry in entries} == {"Coffee", "Astronaut", "Cat"}
    compressor = Compressor.from_preset(exported / "preset")
    for entry, picture in zip(entries, small_pictures.values(), strict=True):
        np.testing.assert_array_equal(PIL.Image.open(folder / entry["original"]), picture)
        compact = (folder / entry["compact"]).read_bytes()
        assert compressor.decode(compact).shape == picture.shape
        plain = (folder / entry["plain"]).read_bytes()
        assert PIL.Image.open(io.BytesIO(plain)).size == picture.shape[1::-1]
        assert len(plain) >= len(compact)
        assert entry["credit"]


def test_without_pictures_there_are_no_examples(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    web_examples.write_examples("comrec", tmp_path)
    assert json.loads((tmp_path / "examples.json").read_text()) == []
    assert [path.name for path in tmp_path.iterdir()] == ["examples.json"]
