"""Single files, outside of signatures; held to `Compressor`."""

import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import container
from comrec_tf.compression.rate_control import Target
from comrec_tf.exporting.decoding import Decoding, require_pixels, require_work
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.models.picture_coder import PictureCoder
from tests.makers import compressor_of, make_model


@pytest.fixture(scope="module")
def both():
    """A compressor, and the decoding of its one pair."""
    model = make_model(tables=True)
    compressor = compressor_of(model, JpegCodec())
    coders = {2: PictureCoder(model)}
    return compressor, Decoding(coders, GraphJpeg(JpegCodec()), compressor.preset_ids, 10_000)


def test_pictures_are_those_of_the_compressor(both, photo, grey_photo):
    compressor, decoding = both
    for picture in (photo[:41, :60], grey_photo[:32, :33]):
        content = compressor.encode(picture, 40).content
        restored = decoding.decode(tf.constant(content)).numpy()
        assert restored.shape == picture.shape
        assert np.abs(restored.astype(int) - compressor.decode(content)).max() <= 1


def test_a_file_of_no_networks_is_what_its_codec_says(both, photo):
    compressor, decoding = both
    content = compressor.encode_to(photo[:30, :40], Target("quality", 80), []).content
    restored = decoding.decode(tf.constant(content))
    np.testing.assert_array_equal(restored, compressor.decode(content))


def test_strangers_and_sizes_that_do_not_fit_are_refused(both, photo):
    compressor, decoding = both
    content = compressor.encode(photo[:30, :40], 60).content
    header = container.read(content)
    bitstream = JpegCodec().encode(photo[:15, :20], 60)
    for wrong, message in (
        (dataclasses.replace(header, preset_id=0x0123ABCD), "0123abcd"),
        (dataclasses.replace(header, preset_id=0x0123ABCD), f"{header.preset_id:08x} at scale 2"),
        (dataclasses.replace(header, scale=1), "this server restores"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            decoding.decode(tf.constant(container.write(bitstream, wrong)))
    large = compressor.encode(np.zeros((101, 100, 3), np.uint8), 60).content
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 10000 pixels"):
        decoding.decode(tf.constant(large))


def test_a_thin_picture_is_refused_as_by_the_compressor(photo, monkeypatch):
    model = make_model()
    compressor = compressor_of(model, JpegCodec())
    coders = {2: PictureCoder(model)}
    thin = np.zeros((2, 900, 3), np.uint8)
    content = compressor.encode(thin, 60).content
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    decoding = Decoding(coders, GraphJpeg(JpegCodec()), compressor.preset_ids, 10_000)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too thin to be restored"):
        decoding.decode(tf.constant(content))
    with pytest.raises(ValueError, match="too thin to be restored"):
        compressor.decode(content)
    # Of no networks it costs nothing, and with less padding it is worth its work.
    plain = compressor.encode_to(thin, Target("quality", 80), []).content
    assert decoding.decode(tf.constant(plain)).shape == thin.shape
    whole = compressor.encode(photo[:64, :64], 60).content
    assert decoding.decode(tf.constant(whole)).shape == (64, 64, 3)


@pytest.mark.parametrize(("size", "allowed"), [((5, 20), True), ((5, 21), False), ((0, 9), False)])
def test_pixels_are_counted_before_they_are_made(size, allowed):
    @tf.function
    def made(size):
        with require_pixels(size, 100):
            return tf.identity(size)

    size = tf.constant(size, tf.int64)
    if allowed:
        np.testing.assert_array_equal(made(size), size)
        return
    with pytest.raises(tf.errors.InvalidArgumentError, match="at most 100 pixels"):
        made(size)


def test_work_may_be_some_times_the_pixels_and_some_more():
    size = tf.constant([10, 100], tf.int64)
    with require_work(size, tf.constant(4_008_000, tf.int64)):
        pass
    refused = pytest.raises(tf.errors.InvalidArgumentError, match="too thin")
    with refused, require_work(size, tf.constant(4_008_001, tf.int64)):
        pass
