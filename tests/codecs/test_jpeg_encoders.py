import io
import sys

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf import metrics
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.jpeg_encoders import JpegliCodec, MozjpegCodec


def curve(codec, picture):
    points = []
    for quality in range(5, 96, 5):
        decoded, num_bytes = codec.round_trip(tf.constant(picture), quality)
        points.append((int(num_bytes), metrics.psnr(picture, decoded.numpy())))
    return points


@pytest.mark.slow
def test_mozjpeg_is_better_than_libjpeg_at_the_same_bytes(photo):
    plain, better = curve(JpegCodec(), photo), curve(MozjpegCodec(), photo)
    gains = [metrics.psnr_at_bytes(better, size) - value for size, value in plain[2:-2]]
    assert np.mean(gains) > 0.2


@pytest.mark.parametrize("codec", [MozjpegCodec(), JpegliCodec()])
def test_the_step_is_that_of_the_table_in_the_file(codec, photo):
    for quality in (3, 42, 97):
        content = codec.encode_picture(tf.constant(photo), quality).numpy()
        table = PIL.Image.open(io.BytesIO(content)).quantization[0]
        assert codec.step(quality) == table[0]


def test_subsampling_and_scans_are_as_asked(photo, grey_photo):
    for subsampling, factors in (("4:2:0", (2, 2)), ("4:4:4", (1, 1))):
        codec = MozjpegCodec(subsampling, progressive=subsampling == "4:4:4")
        picture = PIL.Image.open(io.BytesIO(codec.encode_array(photo, 50)))
        assert picture.layer[0][1:3] == factors
        assert bool(picture.info.get("progressive")) == (subsampling == "4:4:4")
    assert PIL.Image.open(io.BytesIO(MozjpegCodec().encode_array(grey_photo, 50))).mode == "L"


@pytest.mark.parametrize(("codec", "module"), [(MozjpegCodec, "pyvips"), (JpegliCodec, "pyjpegli")])
def test_a_missing_extra_is_named(codec, module, photo, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{module}: pip install .*\[codecs\]"):
        codec().encode_picture(tf.constant(photo), 50)
