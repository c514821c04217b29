import io

import imagecodecs
import numpy as np
import PIL.Image
import pytest

from comrec_tf.compact_file import jpeg_xl
from comrec_tf.compact_file.boxes import box


def packed(width: int, height: int, mode: str = "RGB") -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new(mode, (width, height), "white").save(buffer, "JPEG")
    return bytes(imagecodecs.jpegxl_encode_jpeg(buffer.getvalue(), usecontainer=True))


#: Ratios that have their own number, multiples of eight, and sizes of 9, 13 and 18 bits.
SIZES = [(1, 1), (8, 8), (80, 40), (160, 90), (768, 512), (512, 768), (37, 211)]
SIZES += [(256, 256), (300, 250), (513, 9), (9, 1000), (8193, 2), (3, 20000)]


@pytest.mark.parametrize("mode", ["RGB", "L"])
@pytest.mark.parametrize(("width", "height"), SIZES)
def test_the_shape_is_read_from_the_header(width, height, mode):
    channels = {"RGB": 3, "L": 1}[mode]
    assert jpeg_xl.shape(packed(width, height, mode)) == (height, width, channels)


def test_the_size_of_other_pictures_is_read_as_well(photo):
    for content in (
        imagecodecs.jpegxl_encode(photo, lossless=True),
        imagecodecs.jpegxl_encode(photo[..., 0], distance=2.0),
        imagecodecs.jpegxl_encode(photo.astype(np.uint16), usecontainer=True),
    ):
        assert jpeg_xl.shape(bytes(content))[:2] == photo.shape[:2]
        assert jpeg_xl.recipe(bytes(content)) is None
        assert b"".join(jpeg_xl.parts(bytes(content)))


def test_a_jpeg_inside_has_a_recipe_which_is_one_of_the_parts():
    content = packed(40, 30)
    assert jpeg_xl.recipe(content) in list(jpeg_xl.parts(content))
    assert jpeg_xl.is_jpeg_xl(content[:12])
    assert not jpeg_xl.is_jpeg_xl(b"\xff\xd8\xff\xe0")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no picture",
        jpeg_xl.SIGNATURE,
        jpeg_xl.SIGNATURE + box(b"jxlc", b"\xff\x0a"),
        jpeg_xl.SIGNATURE + box(b"jxlp", bytes(40)),
        b"\xff\x0a\x08",
    ],
)
def test_a_header_that_is_cut_short_is_refused(content):
    with pytest.raises(ValueError, match=r"damaged|not a JPEG XL"):
        jpeg_xl.shape(content)
