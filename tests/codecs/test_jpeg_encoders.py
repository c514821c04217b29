import io
import sys

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.jpeg_encoders import JpegliCodec, MozjpegCodec
from comrec_tf.images import metrics
from tests.makers import psnr_curve


@pytest.mark.slow
def test_mozjpeg_is_better_than_libjpeg_at_the_same_bytes(photo):
    plain, better = psnr_curve(JpegCodec(), photo), psnr_curve(MozjpegCodec(), photo)
    gains = [metrics.psnr_at_bytes(better, size) - value for size, value in plain[2:-2]]
    assert np.mean(gains) > 0.2


@pytest.mark.parametrize("codec", [MozjpegCodec(), JpegliCodec()])
def test_the_step_is_that_of_the_table_in_the_file(codec, photo):
    for quality in (codec.qualities[2], codec.qualities[-5], 42):
        content = codec.encode(photo, quality)
        table = PIL.Image.open(io.BytesIO(content)).quantization[0]
        assert codec.step(quality) == table[0]


def test_subsampling_and_scans_are_as_asked(photo, grey_photo):
    for subsampling, factors in (("4:2:0", (2, 2)), ("4:4:4", (1, 1))):
        codec = MozjpegCodec(subsampling, progressive=subsampling == "4:4:4")
        picture = PIL.Image.open(io.BytesIO(codec.encode(photo, 50)))
        assert picture.layer[0][1:3] == factors
        assert bool(picture.info.get("progressive")) == (subsampling == "4:4:4")
    assert PIL.Image.open(io.BytesIO(MozjpegCodec().encode(grey_photo, 50))).mode == "L"


def test_mozjpeg_writes_the_tables_that_it_is_asked_for(photo):
    for tables, low, high in ((0, 16, 99), (3, 16, 418), (5, 10, 255)):
        codec = MozjpegCodec(tables=tables)
        written = PIL.Image.open(io.BytesIO(codec.encode(photo, 50))).quantization[0]
        assert written[0] == low == codec.step(50)
        assert written[-1] == min(high, 255)
    # Networks are told what the other steps are like.
    assert MozjpegCodec(tables=2).step(50) == 16
    assert codec.reference_encoder().name == "jpeg"
    with pytest.raises(ValueError, match="from 0 to 8. Received: tables=9"):
        MozjpegCodec(tables=9)


@pytest.mark.parametrize(("codec", "module"), [(MozjpegCodec, "pyvips"), (JpegliCodec, "pyjpegli")])
def test_a_missing_extra_is_named(codec, module, photo, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ModuleNotFoundError, match=rf"{module}: .*pip install .*\[codecs\]"):
        codec().encode(photo, 50)
