import json

import pytest

from comrec_tf.codecs import catalog
from comrec_tf.compact_file import container
from comrec_tf.compression import request
from comrec_tf.compression.compressor import Compressor
from comrec_tf.images.metadata import Metadata
from comrec_tf.presets import weights
from tests.conftest import make_model


def made(**changed):
    default = {"preset": "", "codec": None, "aim": "quality", "value": None, "scale": None}
    return request.Request(**{**default, "metadata": True, "precision": "auto", **changed})


def test_the_endings_known_before_tensorflow_are_those_of_the_codecs():
    expected = {name: catalog.make_codec(name).suffix for name in catalog.NAMES}
    assert expected == request.CODEC_SUFFIXES


def test_files_end_as_the_codec_or_the_preset_says(tmp_path):
    weights.save_preset(make_model(codec=catalog.make_codec("webp")), tmp_path)
    assert made(preset=tmp_path).suffix == ".webp"
    assert made(preset=tmp_path, codec="jpeg").suffix == ".jpg"
    card = json.loads((tmp_path / "card.json").read_text())
    del card["suffix"]
    (tmp_path / "card.json").write_text(json.dumps(card))
    with pytest.raises(ValueError, match='must name the "suffix" of its files'):
        _ = made(preset=tmp_path).suffix


def test_a_fixed_scale_takes_the_quality_as_the_compact_pictures(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)], default_quality=33)
    content, row = made(scale=2).compress(compressor, photo, None)
    assert content == compressor.encode(photo, 33, scale=2)
    assert (row["scale"], row["quality"], row["psnr"]) == (2, 33, None)
    assert row["bits_per_pixel"] == pytest.approx(8 * len(content) / (128 * 160))


def test_every_other_order_searches(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)])
    content, row = made(aim="max_bytes", value=2500).compress(compressor, photo, None)
    assert len(content) <= 2500
    assert row["met"] is None
    missed, row = made(aim="max_bytes", value=10).compress(compressor, photo, None)
    assert row["met"] == "missed"
    assert container.read(missed).height == 128


def test_metadata_goes_along_unless_it_is_declined(photo):
    compressor, extra = Compressor(make_model()), Metadata(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    kept, _ = made(scale=2).compress(compressor, photo, extra)
    bare, _ = made(scale=2, metadata=False).compress(compressor, photo, extra)
    assert b"MM\0*" in kept
    assert b"MM\0*" not in bare
