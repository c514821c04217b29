"""The twin of `images.files`, held to Pillow."""

import io
import math
import struct

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.graph import picture_files
from comrec_tf.images import limits

FORMS = [
    ("PNG", {}),
    ("JPEG", {"quality": 80}),
    ("JPEG", {"quality": 60, "progressive": True, "subsampling": "4:2:0"}),
    ("GIF", {}),
    ("BMP", {}),
]


def file_of(picture: PIL.Image.Image, form, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return buffer.getvalue()


@pytest.mark.parametrize(("form", "options"), FORMS)
def test_size_and_pixels_are_those_that_pillow_reads(form, options, photo):
    content = file_of(PIL.Image.fromarray(photo[:37, :50]), form, **options)
    assert picture_files.size(tf.constant(content)).numpy().tolist() == [37, 50]
    expected = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB"))
    np.testing.assert_array_equal(picture_files.decode(tf.constant(content)), expected)


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
def test_grey_stays_grey(form, grey_photo):
    content = file_of(PIL.Image.fromarray(grey_photo[:20, :30, 0]), form)
    decoded = picture_files.decode(tf.constant(content))
    assert decoded.shape == (20, 30, 1)
    np.testing.assert_array_equal(decoded[..., 0], PIL.Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("mode", ["LA", "RGBA"])
def test_transparency_lies_over_white(mode, photo):
    picture = PIL.Image.fromarray(photo[:16, :16]).convert(mode)
    picture.putalpha(PIL.Image.linear_gradient("L").resize((16, 16)))
    white = PIL.Image.new("RGBA", (16, 16), "white")
    expected = PIL.Image.alpha_composite(white, picture.convert("RGBA"))
    decoded = picture_files.decode(tf.constant(file_of(picture, "PNG"))).numpy()
    assert decoded.shape[-1] == len(mode) - 1
    difference = decoded.astype(int) - np.asarray(expected)[..., : len(mode) - 1]
    assert np.abs(difference).max() <= 1


def test_rows_from_top_to_bottom_are_a_negative_height_in_bmp():
    content = bytearray(file_of(PIL.Image.new("RGB", (5, 3)), "BMP"))
    content[22:26] = (-3 & 0xFFFFFFFF).to_bytes(4, "little")
    assert picture_files.size(tf.constant(bytes(content))).numpy().tolist() == [3, 5]


@pytest.mark.parametrize(("form", "order"), [("JPEG", ">2H"), ("GIF", "<2H")])
def test_a_file_declares_no_more_than_its_bytes_hold(form, order):
    content = bytearray(file_of(PIL.Image.new("RGB", (16, 16)), form))
    place = content.index(b"\xff\xc0") + 5 if form == "JPEG" else 6
    free, per_byte = limits.DENSITIES[form]
    side = math.isqrt(free + per_byte * len(content))
    content[place : place + 4] = struct.pack(order, side, side)
    assert picture_files.size(tf.constant(bytes(content))).numpy().tolist() == [side, side]
    limits.check_density(side, side, len(content), form)
    content[place : place + 4] = struct.pack(order, side + 1, side + 1)
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"a {form} declares far more pixels"):
        picture_files.size(tf.constant(bytes(content)))
    with pytest.raises(ValueError, match=f"pixels in a {form} file"):
        limits.check_density(side + 1, side + 1, len(content), form)


def test_a_jpeg_of_very_many_scans_is_refused(photo):
    content = file_of(PIL.Image.fromarray(photo), "JPEG", progressive=True)
    last = content[content.rindex(b"\xff\xda") : -2]
    content = content[:-2] + 101 * last + content[-2:]
    for size in (picture_files.size, picture_files.jpeg_size):
        with pytest.raises(tf.errors.InvalidArgumentError, match="at most 100 scans"):
            size(tf.constant(content))
    with pytest.raises(ValueError, match="at most 100 scans"):
        limits.check_content(content)


def test_a_size_is_read_of_the_head_alone():
    head = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\0\0\0\x05"
    assert picture_files.size(tf.constant(head)).numpy().tolist() == [5, 2**31 - 1]


@pytest.mark.parametrize("content", [b"", b"\xff", b"no picture", b"RIFF....WEBP"])
def test_other_formats_are_refused(content):
    with pytest.raises(tf.errors.InvalidArgumentError, match="not a JPEG, PNG, GIF or BMP"):
        picture_files.size(tf.constant(content))
    with pytest.raises(tf.errors.InvalidArgumentError):
        picture_files.decode(tf.constant(content))


def test_a_graph_does_the_same_without_knowing_the_format(photo):
    signature = [tf.TensorSpec([], tf.string)]
    traced = tf.function(picture_files.decode, input_signature=signature)
    for form in ("PNG", "BMP"):
        content = file_of(PIL.Image.fromarray(photo[:9, :7]), form)
        np.testing.assert_array_equal(traced(content), photo[:9, :7])


def test_png_loses_nothing(photo, grey_photo):
    for picture in (photo, grey_photo):
        content = picture_files.png(tf.constant(picture)).numpy()
        shown = np.asarray(PIL.Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(shown.reshape(picture.shape), picture)
