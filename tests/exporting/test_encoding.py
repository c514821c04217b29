"""Single pictures, outside of signatures; held to `Compressor`."""

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import container
from comrec_tf.exporting.encoding import ANY_SCALE, Encoding
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.models.picture_coder import PictureCoder
from tests.makers import compressor_of, make_model


@pytest.fixture(scope="module")
def both():
    """A compressor, and the encoding of its one pair."""
    model = make_model()
    compressor = compressor_of(model, JpegCodec())
    coders = {2: PictureCoder(model)}
    return compressor, Encoding(coders, GraphJpeg(JpegCodec()), compressor.preset_ids)


def test_files_are_those_of_the_compressor(both, photo, grey_photo):
    compressor, encoding = both
    for picture in (photo[:41, :60], grey_photo[:32, :33]):
        expected = compressor.encode(picture, 40).content
        coded = encoding.at_quality(tf.constant(picture), tf.constant(40), tf.constant(2))
        assert [value.numpy() for value in coded] == [expected, 40, 2]
        # Known when tracing, in a smaller graph.
        assert encoding.at_known_quality(tf.constant(picture), 40, 2)[0].numpy() == expected


def test_the_only_pair_is_taken_where_the_choice_is_left(both, photo):
    _, encoding = both
    picture, quality = tf.constant(photo[:40, :40]), tf.constant(50)
    chosen = encoding.at_quality(picture, quality, tf.constant(ANY_SCALE))
    assert chosen[0] == encoding.at_quality(picture, quality, tf.constant(2))[0]


def test_the_largest_quality_within_so_many_bytes_is_found(both, photo):
    compressor, encoding = both
    picture = np.ascontiguousarray(photo[:48, :48])
    file, quality, scale, met = encoding.within(
        tf.constant(picture), tf.constant(800), tf.constant(2)
    )
    assert (bool(met), int(scale)) == (True, 2)
    sizes = {
        q: len(compressor.encode(picture, q).content) for q in (int(quality), int(quality) + 1)
    }
    assert sizes[int(quality)] == len(file.numpy()) <= 800 < sizes[int(quality) + 1]
    file, quality, _, met = encoding.within(tf.constant(picture), tf.constant(9), tf.constant(2))
    assert (bool(met), int(quality)) == (False, 1)
    assert container.read(file.numpy()).quality == 1


@pytest.mark.parametrize(
    ("quality", "scale", "message"),
    [(0, 2, "quality must be from 1 to 100"), (101, 2, "quality"), (50, 1, "scale must be one of")],
)
def test_what_is_out_of_range_is_refused(both, photo, quality, scale, message):
    picture = tf.constant(photo[:16, :16])
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        both[1].at_quality(picture, tf.constant(quality), tf.constant(scale))


def test_a_thin_picture_is_refused_as_by_the_compressor(monkeypatch):
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    model = make_model()
    compressor = compressor_of(model, JpegCodec())
    encoding = Encoding({2: PictureCoder(model)}, GraphJpeg(JpegCodec()), compressor.preset_ids)
    thin = np.zeros((2, 900, 3), np.uint8)
    with pytest.raises(ValueError, match="too thin to be restored"):
        compressor.encode(thin, 40)
    for scale in (2, ANY_SCALE):
        with pytest.raises(tf.errors.InvalidArgumentError, match="too thin to be restored"):
            encoding.at_quality(tf.constant(thin), tf.constant(40), tf.constant(scale))
    with pytest.raises(tf.errors.InvalidArgumentError, match="too thin to be restored"):
        encoding.at_known_quality(tf.constant(thin), 40, 2)
