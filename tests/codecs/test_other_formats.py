import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.other_formats import AvifCodec, Jpeg2000Codec, WebpCodec
from comrec_tf.images import color, metrics


@pytest.mark.parametrize("codec", [AvifCodec(), Jpeg2000Codec(), WebpCodec()])
def test_steps_are_the_square_root_of_twelve_mean_squared_errors(codec, photo, grey_photo):
    for quality in (20, 50, 80):
        errors = []
        for picture in (photo, grey_photo):
            decoded = codec.decode(codec.encode(picture, quality), picture.shape[-1])
            luma = color.luma(picture) - color.luma(decoded)
            errors.append(np.mean(np.square(luma)))
        assert float(codec.step(quality)) == pytest.approx(np.sqrt(12 * np.mean(errors)), rel=0.35)


def test_jpeg_2000_reaches_the_decibels_that_its_quality_says(grey_photo):
    for quality in (40, 60, 80):
        decoded = Jpeg2000Codec().decode(Jpeg2000Codec().encode(grey_photo, quality))
        assert metrics.psnr(grey_photo, decoded) == pytest.approx(20 + quality / 4, abs=1)


def test_avif_keeps_grey_pictures_without_chroma(grey_photo):
    grey = AvifCodec().encode(grey_photo, 50)
    colour = AvifCodec().encode(np.repeat(grey_photo, 3, -1), 50)
    assert len(grey) < len(colour)


def test_files_of_jpeg_2000_are_bare_codestreams_that_pillow_opens(photo):
    content = Jpeg2000Codec().encode(photo, 50)
    assert PIL.Image.open(io.BytesIO(content)).size == (160, 128)
    assert content[:4] == b"\xff\x4f\xff\x51"
