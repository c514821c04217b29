import io
import os

import numpy as np
import PIL.ExifTags
import PIL.features
import PIL.Image
import PIL.ImageOps
import pytest

from comrec_tf.images import files


def test_png_of_both_kinds_comes_back_exactly(tmp_path, photo, grey_photo):
    for picture in (photo, grey_photo):
        path = tmp_path / "picture.png"
        path.write_bytes(files.encode(picture))
        np.testing.assert_array_equal(files.read(path), picture)


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Orientation] = 6  # turn by 90 degrees clockwise to show
    path = tmp_path / "turned.png"
    PIL.Image.fromarray(photo).save(path, exif=exif)
    np.testing.assert_array_equal(files.read(path), np.rot90(photo, -1))


def test_transparency_lies_over_white():
    picture = PIL.Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    picture.putpixel((1, 0), (255, 0, 0, 255))
    np.testing.assert_array_equal(files.from_pil(picture), [[[255, 255, 255], [255, 0, 0]]])


def test_sixteen_bit_grey_is_scaled(tmp_path):
    path = tmp_path / "deep.png"
    PIL.Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16)).save(path)
    np.testing.assert_array_equal(files.read(path)[..., 0], [[0, 100, 255]])


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV"])
def test_other_colour_models_become_rgb(mode):
    assert files.from_pil(PIL.Image.new(mode, (3, 2))).shape == (2, 3, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_stay_grey(mode):
    assert files.from_pil(PIL.Image.new(mode, (3, 2))).shape == (2, 3, 1)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_files_that_are_no_picture_are_named_in_the_error(tmp_path, content):
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(OSError, match="odd.png"):
        files.read(path)


def test_a_truncated_picture_is_an_error(tmp_path, photo):
    path = tmp_path / "half.png"
    path.write_bytes(files.encode(photo)[:2000])
    with pytest.raises(OSError, match="half.png"):
        files.read(path)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])  # Pillow turns the latter by itself
@pytest.mark.parametrize("orientation", range(1, 9))
def test_every_orientation_is_shown_as_pillow_shows_it(photo, orientation, form):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Orientation] = orientation
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, form, exif=exif)
    upright = PIL.Image.fromarray(photo)
    upright.getexif()[PIL.ExifTags.Base.Orientation] = orientation
    expected = np.asarray(PIL.ImageOps.exif_transpose(upright))
    np.testing.assert_array_equal(files.load(buffer).picture, expected)


def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(photo, monkeypatch):
    content = io.BytesIO(files.encode(photo))
    monkeypatch.setattr(PIL.Image.Image, "convert", lambda *_: pytest.fail("it was decoded"))
    with pytest.raises(OSError, match=r"at most 20,479 pixels \(max_pixels\). Received: 160x128"):
        files.load(content, max_pixels=20_479)


@pytest.mark.parametrize(
    "error",
    [
        RuntimeError("Failed to decode image"),
        PIL.Image.DecompressionBombError("too large"),
        TypeError("an integer is required"),
        MemoryError(),
        SyntaxError("broken"),
        IndexError(),
    ],
)
def test_whatever_a_decoder_raises_is_an_error_that_names_the_file(
    tmp_path, photo, error, monkeypatch
):
    path = tmp_path / "odd.png"
    path.write_bytes(files.encode(photo))

    def fail(*_):
        raise error

    monkeypatch.setattr(PIL.Image.Image, "getexif", lambda self: {})
    monkeypatch.setattr("PIL.PngImagePlugin.PngImageFile.load", fail)
    with pytest.raises(OSError, match="odd.png: "):
        files.load(path)


def test_a_truncated_jpeg_2000_is_refused(photo):
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG2000", quality_layers=[20, 5, 0])
    content = buffer.getvalue()
    assert files.load(io.BytesIO(content)).picture.shape == photo.shape
    for end in (len(content) - 1, len(content) * 2 // 3, len(content) // 3):
        with pytest.raises(OSError, match="cut short|broken"):
            files.load(io.BytesIO(content[:end]))


def test_a_truncated_avif_is_an_error(photo):
    if not PIL.features.check("avif"):
        pytest.skip("Pillow without AVIF")
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "AVIF")
    with pytest.raises(OSError, match="the bytes that were read: "):
        files.load(io.BytesIO(buffer.getvalue()[:-200]))


def test_sixteen_bits_of_colour_are_said_to_become_eight(tmp_path):
    # Pillow writes no such PNG: one pixel, by hand.
    import struct
    import zlib

    def chunk(kind, content):
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    content = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 16, 2, 0, 0, 0))
    content += chunk(b"IDAT", zlib.compress(b"\0" + bytes([255, 0] * 3))) + chunk(b"IEND", b"")
    read = files.load(io.BytesIO(content))
    assert read.picture.tolist() == [[[255, 255, 255]]]
    assert read.notes == ("more than 8 bits of each colour: became 8",)


def test_a_phones_photo_of_two_pictures_is_no_animation(photo):
    buffer = io.BytesIO()
    first, second = PIL.Image.fromarray(photo), PIL.Image.fromarray(photo[::2, ::2].copy())
    first.save(buffer, "MPO", save_all=True, append_images=[second])
    read = files.load(buffer, first_frame=False)
    assert read.picture.shape == photo.shape
    assert read.notes == ("the first of 2 pictures in it was taken",)


@pytest.mark.parametrize("form", ["jpeg", "webp"])
def test_other_formats_are_written_for_those_who_only_look(photo, grey_photo, form):
    for picture in (photo, grey_photo):
        content = files.encode(picture, form=form, quality=95)
        with PIL.Image.open(io.BytesIO(content)) as shown:
            assert shown.format == form.upper()
        assert np.abs(files.read(io.BytesIO(content)).astype(int) - picture).mean() < 4
    with pytest.raises(OSError, match="cannot be written as webp"):
        files.encode(np.zeros((1, 20_000, 3), np.uint8), form="webp")


def test_the_first_bytes_of_a_file_are_read_alone(tmp_path):
    (tmp_path / "large").write_bytes(b"0123456789abcdef")
    os.truncate(tmp_path / "large", 10**12)
    assert files.first_bytes(tmp_path / "large") == b"0123456789ab"


@pytest.mark.parametrize("orientation", range(9))
def test_turning_by_the_orientation_that_was_taken_out_is_what_reading_does(orientation):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    for mode in ("RGB", "L"):
        picture = PIL.Image.fromarray(pixels).convert(mode)
        picture.getexif()[PIL.ExifTags.Base.Orientation] = orientation
        upright = files.from_pil(picture)
        taken = files.take_orientation(picture)
        assert taken == (orientation or 1)
        np.testing.assert_array_equal(files.turn(files.from_pil(picture), taken), upright)
