import io
import pickle

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.restoration import Restoration, kept_name
from comrec_tf.compression.target import Target
from comrec_tf.presets import find


@pytest.fixture(scope="module")
def compressor():
    return Compressor.from_preset("comrec-fast")


def test_a_compact_file_goes_through_the_preset_that_it_names(compressor, photo):
    wanted = pickle.loads(pickle.dumps(Restoration()))
    compressor_of = wanted.loader()
    content = compressor.encode(photo[:40, :50], 40).content
    source = wanted.read(content)
    assert source.num_pixels == 40 * 50
    assert compressor_of(source.header) is compressor_of(source.header)
    restored = wanted.restore(source, compressor_of(source.header))
    np.testing.assert_array_equal(restored.picture, compressor.decode(content))
    made, row = wanted.make(restored)
    np.testing.assert_array_equal(PIL.Image.open(io.BytesIO(made)), restored.picture)
    assert (row["size"], row["kind"], row["bytes_after"]) == ("50x40", "compact", len(made))


def test_an_ordinary_jpeg_is_restored_by_a_share_or_kept(compressor, photo):
    wanted = Restoration("comrec-fast", strength=0.5, form="webp", quality=70)
    assert wanted.suffix == ".webp"
    content = JpegCodec().encode(photo, 30)
    restored = wanted.restore(wanted.read(content), wanted.loader()(None))
    expected = compressor.restore_jpeg(content, strength=0.5)
    np.testing.assert_array_equal(restored.picture, expected.picture)
    made, row = wanted.make(restored)
    assert made[8:12] == b"WEBP"
    assert row["restored"] == "ordinary, about quality 30"
    fine = JpegCodec(chroma_subsampling="4:4:4").encode(photo, 99)
    restored = wanted.restore(wanted.read(fine), wanted.loader()(None))
    assert restored.is_kept
    assert wanted.make(restored)[0] == fine


def test_no_preset_is_loaded_for_a_file_of_no_networks(compressor, photo):
    content = compressor.encode_to(photo[:30, :40], Target("quality", 90), []).content
    wanted = Restoration()
    source = wanted.read(content)
    assert wanted.loader()(source.header).scales == ()


def test_journals_tell_apart_what_makes_other_bytes():
    outcomes = [
        Restoration().outcome,
        Restoration(strength=0.5).outcome,
        Restoration(effort=3).outcome,
        Restoration("comrec").outcome,
        Restoration(form="jpeg").outcome,
        Restoration(form="jpeg", quality=50).outcome,
    ]
    assert all(outcomes.count(one) == 1 for one in outcomes)
    assert Restoration(quality=3, max_pixels=5).outcome == Restoration().outcome
    # Ordinary JPEGs take the weights that the preset has now, the default where none is named.
    assert Restoration().outcome["ids"] == find.ids_of("comrec")
    assert Restoration("not-there").outcome["ids"] == {}


def test_what_is_too_large_or_no_file_of_ours_is_refused(photo):
    wanted = Restoration(max_pixels=100)
    with pytest.raises(ValueError, match="pixels"):
        wanted.read(JpegCodec().encode(photo, 30))
    with pytest.raises(ValueError, match="not a JPEG"):
        wanted.read(b"no picture")


@pytest.mark.parametrize(
    ("source", "expected"), [("a.jpg", "o/b.jpg"), ("a.JPEG", "o/b.JPEG"), ("-", "o/b.jpg")]
)
def test_the_copy_of_a_jpeg_keeps_its_ending(source, expected):
    assert kept_name(source, "o/b.png") == expected
