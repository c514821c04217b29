import absl.flags
import pytest

from comrec_tf import compression
from comrec_tf.codecs import catalog, container
from comrec_tf.compressor import Compressor
from comrec_tf.images.metadata import Metadata
from tests.conftest import make_model


def order(*arguments):
    values = absl.flags.FlagValues()
    compression.define_flags(values)
    values(["compress", *arguments])
    return compression.Order.of(values)


def test_the_endings_known_before_tensorflow_are_those_of_the_codecs():
    expected = {name: catalog.make_codec(name).suffix for name in catalog.NAMES}
    assert expected == compression.CODEC_SUFFIXES


def test_one_thing_at_a_time_is_aimed_at():
    assert (order("--max_bytes=500").aim, order("--max_bytes=500").value) == ("max_bytes", 500)
    assert (order().aim, order().value, order().scale) == ("quality", None, None)
    with pytest.raises(ValueError, match="expected one of --quality"):
        order("--quality=5", "--psnr=30")


def test_a_fixed_scale_takes_the_quality_as_the_compact_pictures(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)], default_quality=33)
    content, row = order("--scale=2").compress(compressor, photo, None)
    assert content == compressor.encode(photo, 33, scale=2)
    assert (row["scale"], row["quality"], row["psnr"]) == (2, 33, None)
    assert row["bits_per_pixel"] == pytest.approx(8 * len(content) / (128 * 160))


def test_every_other_order_searches(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)])
    content, row = order("--max_bytes=2500").compress(compressor, photo, None)
    assert len(content) <= 2500
    assert row["met"] is None
    missed, row = order("--max_bytes=10").compress(compressor, photo, None)
    assert row["met"] == "missed"
    assert container.read(missed).height == 128


def test_metadata_goes_along_unless_it_is_declined(photo):
    compressor, extra = Compressor(make_model()), Metadata(exif=b"Exif\0\0MM\0*\0\0\0\x08\0\0")
    kept, _ = order("--scale=2").compress(compressor, photo, extra)
    bare, _ = order("--scale=2", "--nometadata").compress(compressor, photo, extra)
    assert b"MM\0*" in kept
    assert b"MM\0*" not in bare
