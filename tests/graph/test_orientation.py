import io
import struct

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import tensorflow as tf

from comrec_tf.graph import orientation


def file_of(form, value=None, exif=None) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (6, 9, 3), np.uint8)
    buffer = io.BytesIO()
    given = PIL.Image.Exif()
    if value is not None:
        given[0x0112] = value
        given[0x010E] = "a description in front of it"
        given[0x0131] = "software behind it"
    PIL.Image.fromarray(pixels).save(buffer, form, exif=exif or given.tobytes())
    return buffer.getvalue()


@pytest.fixture(scope="module")
def read():
    return tf.function(orientation.read, input_signature=[tf.TensorSpec([], tf.string)])


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("value", range(1, 9))
def test_a_picture_is_turned_as_pillow_turns_it(read, form, value):
    content = file_of(form, value)
    assert int(read(content)) == value
    picture = PIL.Image.open(io.BytesIO(content))
    expected = np.asarray(PIL.ImageOps.exif_transpose(picture))
    turned = orientation.upright(tf.constant(np.asarray(picture)), tf.constant(value))
    np.testing.assert_array_equal(turned, expected)


def test_both_byte_orders_are_read(read):
    for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
        entry = struct.pack(f"{order}HHIHH", 0x0112, 3, 1, 6, 0)
        tiff = mark + struct.pack(f"{order}IH", 8, 1) + entry + b"\0\0\0\0"
        assert int(read(file_of("JPEG", exif=b"Exif\0\0" + tiff))) == 6


@pytest.mark.parametrize("value", [None, 0, 9, 60_000])
def test_nothing_and_nonsense_mean_upright(read, value):
    for form in ("PNG", "JPEG"):
        assert int(read(file_of(form, value))) == 1
    for form in ("GIF", "BMP"):
        assert int(read(file_of(form))) == 1


def test_damaged_files_of_all_kinds_are_read_without_failing(read):
    random = np.random.default_rng(0)
    for form in ("JPEG", "PNG"):
        whole = file_of(form, 6)
        for cut in range(0, len(whole), 7):
            assert 1 <= int(read(whole[:cut])) <= 8
        for _ in range(100):
            content = bytearray(whole)
            for place in random.integers(0, min(len(content), 200), 3):
                content[place] = random.integers(0, 256)
            assert 1 <= int(read(bytes(content))) <= 8


def test_a_file_of_segments_alone_is_given_up_soon(read):
    """A million of them would take minutes."""
    behind = file_of("JPEG", 6)[2:]
    assert int(read(b"\xff\xd8" + 100 * b"\xff\xe3\0\2" + behind)) == 6
    assert int(read(b"\xff\xd8" + 1_000_000 * b"\xff\xe3\0\2" + behind)) == 1
