import numpy as np
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.compact_file import carriers
from comrec_tf.compression import picture_ways
from comrec_tf.compression.file_coder import FileCoder
from comrec_tf.compression.fit import NO_FIT
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.images.metadata import Metadata
from tests.makers import make_model


def choices_of(photo, codec, **kwargs):
    coder = FileCoder(pairs_of([make_model(scale=1), make_model(scale=2)]), 1_000_000)
    options = {"plain": True, "metadata": None, "progress": None, **kwargs}
    return picture_ways.choices_of(coder, photo, codec, NO_FIT, [1, 2], **options)


def test_the_codec_alone_is_a_way_of_its_own_beside_its_reference(photo):
    assert [way.name for way in choices_of(photo, JpegCodec()).ways] == ["1", "2"]
    flat = choices_of(photo, FlatJpegCodec())
    assert [way.name for way in flat.ways] == ["1", "2", "0"]
    assert flat.reference.qualities == JpegCodec.qualities
    assert [way.name for way in choices_of(photo, FlatJpegCodec(), plain=False).ways] == ["1", "2"]


def test_pairs_for_which_the_picture_is_too_thin_are_no_ways(monkeypatch):
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    thin = np.zeros((2, 900, 3), np.uint8)
    assert choices_of(thin, JpegCodec()).ways == []
    # Where nothing else is allowed, the first file says why there is none.
    for way in choices_of(thin, JpegCodec(), plain=False).ways:
        with pytest.raises(ValueError, match="900x2 pixels is too thin"):
            way.file(30)


def test_files_are_made_once_and_restored_whenever_asked(photo):
    told = []
    way = choices_of(photo, JpegCodec(), progress=told.append).ways[1]
    assert way.file(30) is way.file(30)
    assert way.restore(way.file(30)).shape == photo.shape
    (tile,) = way.restore_tiles(way.file(30), [(0, 0)], 64)
    assert tile.shape == (64, 64, 3)
    assert told == sorted(told)
    assert 0 < told[-1] < 1


def test_a_sketch_of_another_picture_has_its_size(photo):
    way = choices_of(photo, JpegCodec()).ways[0]
    sketch = way.sketch(photo[:40, :56].copy(), 50)
    assert (sketch.header.height, sketch.header.width) == (40, 56)


def test_metadata_are_put_around_what_was_encoded_once(photo):
    class Counting(JpegCodec):
        encoded = 0

        def encode(self, picture, quality):
            self.encoded += 1
            return super().encode(picture, quality)

    codec = Counting()
    exif = Metadata(exif=b"Exif\0\0" + bytes(26))
    way = choices_of(photo, codec, metadata=exif).ways[0]
    sketch, file = way.sketch(photo, 30), way.file(30)
    assert codec.encoded == 1
    assert carriers.extract_metadata(file.content).exif == exif.exif
    assert carriers.extract_metadata(sketch.content).exif == b""
    assert len(file.content) > len(sketch.content)
    np.testing.assert_array_equal(way.restore(file), way.restore(sketch))
