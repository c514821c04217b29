import io
import struct

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest

from comrec_tf.codecs.catalog import make_codec
from comrec_tf.images import files, pixels


def saved(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer


def grey(values, dtype):
    return PIL.Image.fromarray(np.array([values], dtype))


@pytest.mark.parametrize("form", ["TIFF", "PNG", "PPM"])
def test_white_of_sixteen_bits_is_white_in_every_format(form):
    read = files.load(saved(grey([0, 257 * 100, 65535], np.uint16), form))
    assert read.picture.ravel().tolist() == [0, 100, 255]
    assert read.notes == ("more than 8 bits of each colour: became 8",)


def test_white_of_twelve_bits_is_white():
    """Pillow writes no such TIFF: two pixels of 4095 and 2048, by hand."""
    entries = [(256, 2), (257, 1), (258, 12), (259, 1), (262, 1), (273, 8), (277, 1), (279, 3)]
    content = struct.pack("<2sHI", b"II", 42, 12) + b"\xff\xf8\0\0" + struct.pack("<H", 8)
    content += b"".join(struct.pack("<HHIHH", tag, 3, 1, value, 0) for tag, value in entries)
    assert files.load(io.BytesIO(content + bytes(4))).picture.ravel().tolist() == [255, 128]


def test_floating_point_from_black_to_white_is_scaled():
    read = files.load(saved(grey([0, 0.5, 0.863, 1], np.float32), "TIFF"))
    assert read.picture.ravel().tolist() == [0, 128, 220, 255]
    assert read.notes == ("more than 8 bits of each colour: became 8",)


@pytest.mark.parametrize("values", [[0, 1.01], [-0.01, 1], [0, float("nan")], [0, float("inf")]])
def test_floating_point_whose_white_nobody_knows_is_refused(values):
    content = saved(grey(values, np.float32), "TIFF")
    with pytest.raises(OSError, match=r"expected grey from 0 to 1, its white. Received: .* to "):
        files.load(content)


@pytest.mark.parametrize("values", [[0, 255], [0, 65535], [-5, 2**31 - 1]])
def test_integers_of_32_bits_are_refused(values):
    picture = grey(values, np.int32)
    with pytest.raises(OSError, match="the bytes that were read: .* integers of 32 bits"):
        files.load(saved(picture, "TIFF"))
    with pytest.raises(ValueError, match="Received: integers of 32 bits"):
        pixels.of_pil(picture)


def test_deep_grey_is_turned_upright_like_any_other():
    picture = grey([0, 65535], np.uint16)
    picture.getexif()[PIL.ExifTags.Base.Orientation] = 6
    assert pixels.of_pil(picture)[0].tolist() == [[[0]], [[255]]]


def test_a_transparent_value_of_sixteen_bit_grey_lies_over_white():
    content = saved(grey([0, 300, 301, 65535], np.uint16), "PNG", transparency=300)
    read = files.load(content)
    assert read.picture.ravel().tolist() == [0, 255, 1, 255]
    assert "transparency: laid over white" in read.notes
    opaque = files.load(saved(grey([0, 65535], np.uint16), "PNG", transparency=300))
    assert "transparency: laid over white" not in opaque.notes


@pytest.mark.parametrize(("mode", "form"), [("CMYK", "JPEG"), ("CMYK", "TIFF"), ("LAB", "TIFF")])
def test_other_colour_models_are_said_to_become_rgb(mode, form):
    read = files.load(saved(PIL.Image.new(mode, (8, 8)), form))
    assert read.picture.shape == (8, 8, 3)
    assert read.notes == (f"{mode}: became RGB",)


def deep_file(form):
    """A grey picture of 10 or 16 bits in a format that Pillow writes 8 bits of."""
    imagecodecs = pytest.importorskip("imagecodecs")
    colours = np.full((16, 16, 3), 700, np.uint16)
    if form == "AVIF":
        return bytes(imagecodecs.avif_encode(colours, bitspersample=10))
    return bytes(imagecodecs.jpeg2k_encode(colours, codecformat=form))


@pytest.mark.parametrize("form", ["AVIF", "j2k", "jp2"])
def test_avif_and_jpeg_2000_of_more_than_eight_bits_are_said_to_become_eight(tmp_path, form):
    (tmp_path / "deep").write_bytes(deep_file(form))
    for source in (tmp_path / "deep", io.BytesIO(deep_file(form))):
        read = files.load(source)
        assert read.picture.shape == (16, 16, 3)
        assert "more than 8 bits of each colour: became 8" in read.notes


@pytest.mark.parametrize("form", ["avif", "jpeg2000"])
def test_avif_and_jpeg_2000_of_eight_bits_lose_none(photo, form):
    read = files.load(io.BytesIO(make_codec(form).encode(photo, 50)))
    assert not any("bits" in note for note in read.notes)
