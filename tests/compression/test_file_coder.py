import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.compact_file import container
from comrec_tf.compression.file_coder import FileCoder
from comrec_tf.compression.result import PLAIN_SCALE
from comrec_tf.engines.tensorflow import pairs_of
from tests.makers import make_model


@pytest.fixture
def coder():
    return FileCoder(pairs_of([make_model(scale=2), make_model(scale=1)]), max_pixels=40_000)


@pytest.mark.parametrize("scale", [PLAIN_SCALE, 1, 2])
def test_a_file_says_what_made_it_and_comes_back(coder, photo, scale):
    file = coder.encode(photo, 40, scale, None, JpegCodec())
    header = container.read(file.content)
    assert (header.height, header.width) == photo.shape[:2]
    assert header.preset_id == coder.preset_ids.get(scale, container.PLAIN)
    assert coder.decode(file.content).shape == photo.shape


@pytest.mark.parametrize("scale", [PLAIN_SCALE, 1])
def test_an_effort_must_be_known_for_every_file(coder, photo, scale):
    content = coder.encode(photo, 40, scale, None, JpegCodec()).content
    with pytest.raises(ValueError, match=r"effort must be one of \(1, 2, 3\). Received: 4"):
        coder.decode(content, effort=4)


def test_files_of_each_scale_have_the_tables_and_say_the_step_of_its_encoder(coder, photo):
    for scale in (1, 2):
        file = coder.encode(photo, 40, scale, None, FlatJpegCodec())
        encoder = FlatJpegCodec(scale=scale)
        assert file.header.step == encoder.step(40)
        inside = PIL.Image.open(io.BytesIO(file.content)).quantization
        np.testing.assert_array_equal(inside[0], encoder.tables(40)[0].ravel())


def test_scales_are_in_order(coder):
    assert list(coder.coders) == [1, 2]


def test_a_thin_picture_is_neither_compressed_nor_restored_by_padding(coder, monkeypatch):
    thin = np.zeros((2, 900, 3), np.uint8)
    content = coder.encode(thin, 40, 2, None, JpegCodec()).content
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    with pytest.raises(ValueError, match="900x2 pixels is too thin"):
        coder.decode(content)
    with pytest.raises(ValueError, match="900x2 pixels is too thin"):
        coder.encode(thin, 40, 2, None, JpegCodec())
    plain = coder.encode(thin, 40, PLAIN_SCALE, None, JpegCodec()).content
    assert coder.decode(plain).shape == thin.shape
    assert coder.coder(2, 128, 128) is coder.coders[2]
    assert not coder.restores(2, 2, 900)
