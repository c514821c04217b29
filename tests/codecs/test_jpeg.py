import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec


def pillow_jpeg(picture, quality, **kwargs) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.squeeze(picture)).save(buffer, "JPEG", quality=quality, **kwargs)
    return buffer.getvalue()


def test_standard_tables_cost_more(photo):
    sizes = [len(JpegCodec(optimize_huffman=best).encode(photo, 10)) for best in (True, False)]
    assert sizes[0] < 0.9 * sizes[1]
    assert sizes[1] == len(pillow_jpeg(photo, 10, subsampling="4:2:0"))


def test_progressive_files_are_progressive(photo):
    content = JpegCodec(progressive=True).encode(photo, 50)
    assert PIL.Image.open(io.BytesIO(content)).info.get("progressive")


@pytest.mark.parametrize(("subsampling", "factors"), [("4:2:0", (2, 2)), ("4:4:4", (1, 1))])
def test_subsampling_is_as_asked(photo, subsampling, factors):
    picture = PIL.Image.open(io.BytesIO(JpegCodec(subsampling).encode(photo, 50)))
    assert picture.layer[0][1:3] == factors


@pytest.mark.parametrize("quality", [0, 101, 50.5])
def test_a_quality_out_of_range_is_refused(photo, quality):
    with pytest.raises(ValueError, match=f"from 1 to 100. Received: quality={quality}"):
        JpegCodec().encode(photo, quality)


def test_the_shape_is_read_without_decoding(photo):
    content = JpegCodec().encode(photo, 20)
    assert JpegCodec().shape(content[:700]) == photo.shape


@pytest.mark.parametrize("quality", [1, 4, 10, 25, 49, 50, 51, 75, 95, 100])
def test_the_step_is_that_of_the_files_own_table(quality):
    content = pillow_jpeg(np.zeros((8, 8), np.uint8), quality)
    assert JpegCodec().step(quality) == PIL.Image.open(io.BytesIO(content)).quantization[0][0]


def test_an_unknown_subsampling_is_refused():
    with pytest.raises(ValueError, match="4:1:1"):
        JpegCodec(chroma_subsampling="4:1:1")


@pytest.mark.parametrize("codec", [JpegCodec("4:4:4"), FlatJpegCodec("4:4:4"), FlatJpegCodec()])
def test_noise_and_full_chroma_fit_into_pillows_buffer(codec):
    noise = np.random.default_rng(0).integers(0, 256, (256, 384, 3), np.uint8)
    decoded = codec.decode(codec.encode(noise, 100))
    assert decoded.shape == noise.shape
