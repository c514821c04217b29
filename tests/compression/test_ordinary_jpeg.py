import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.compression import ordinary_jpeg
from comrec_tf.images import files


def jpeg(picture, **options):
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


@pytest.fixture
def picture(photo):
    return PIL.Image.fromarray(photo)


@pytest.mark.parametrize("progressive", [False, True])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
def test_the_header_is_read(picture, subsampling, progressive):
    content = jpeg(picture, quality=30, subsampling=subsampling, progressive=progressive)
    read = ordinary_jpeg.read(content, 10**6)
    assert read.subsampling == subsampling
    shown = PIL.Image.open(io.BytesIO(content))
    assert read.table.tolist() == shown.quantization[0]
    np.testing.assert_array_equal(read.picture, np.asarray(shown))


def test_grey_and_cmyk_are_read(picture):
    grey = ordinary_jpeg.read(jpeg(picture.convert("L")), 10**6)
    assert (grey.subsampling, grey.picture.shape) == ("grey", (128, 160, 1))
    cmyk = ordinary_jpeg.read(jpeg(picture.convert("CMYK"), quality=95), 10**6)
    assert (cmyk.subsampling, cmyk.picture.shape) == ("CMYK", (128, 160, 3))
    assert cmyk.notes == ("CMYK: became RGB",)
    assert np.abs(cmyk.picture.astype(int) - np.asarray(picture)).mean() < 5


@pytest.mark.parametrize(
    ("size", "factors", "name"),
    [((8, 16), 0x12, "4:4:0"), ((16, 8), 0x41, "4:1:1"), ((8, 16), 0x14, "other")],
)
def test_samplings_that_pillow_does_not_write_are_read_too(size, factors, name):
    given = "4:2:2" if name == "4:4:0" else "4:2:0"
    content = bytearray(jpeg(PIL.Image.new("RGB", size, "red"), subsampling=given))
    # Of one colour all over, and of as many blocks: the scan is that of the other sampling as well.
    content[content.index(b"\xff\xc0") + 11] = factors
    read = ordinary_jpeg.read(bytes(content), 10**6)
    assert (read.subsampling, read.picture.shape[:2]) == (name, size[::-1])


def test_pixels_stay_as_they_are_stored_until_they_are_turned(picture):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Orientation] = 6
    exif[PIL.ExifTags.Base.Artist] = "Ann"
    content = jpeg(picture, exif=exif)
    read = ordinary_jpeg.read(content, 10**6)
    assert read.picture.shape == (128, 160, 3)
    expected = files.load(io.BytesIO(content))
    np.testing.assert_array_equal(read.upright(read.picture), expected.picture)
    assert read.metadata == expected.metadata
    assert b"Ann" in read.metadata.exif


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda content: content[:1500], "the JPEG is damaged"),
        (lambda content: b"", "not a picture that Pillow reads"),
        (lambda content: b"\x89PNG\r\n\x1a\n" + content, "not a picture that Pillow reads"),
        (lambda content: content.replace(b"\xff\xdb", b"\xff\xef"), "the JPEG is damaged"),
    ],
)
def test_what_is_no_whole_jpeg_is_an_error(picture, change, message):
    with pytest.raises(ValueError, match=message):
        ordinary_jpeg.read(change(jpeg(picture)), 10**6)


def test_a_picture_of_too_many_pixels_is_refused(picture):
    with pytest.raises(ValueError, match="at most 20,479 pixels"):
        ordinary_jpeg.read(jpeg(picture), 20_479)


def test_the_name_of_a_file_is_not_its_bytes():
    with pytest.raises(TypeError, match=r"expected the bytes of a JPEG\. Received: str$"):
        ordinary_jpeg.read("old.jpg", 1000)
