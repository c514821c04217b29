import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.images import files


def encoded(picture: PIL.Image.Image, name: str, **kwargs) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name, **kwargs)
    return buffer.getvalue()


def test_png_of_both_kinds_comes_back_exactly(tmp_path, photo, grey_photo):
    for picture in (photo, grey_photo):
        path = tmp_path / "picture.png"
        path.write_bytes(files.png_bytes(picture))
        np.testing.assert_array_equal(files.read(path), picture)


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
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
    path.write_bytes(files.png_bytes(photo)[:2000])
    with pytest.raises(OSError, match="half.png"):
        files.read(path)


KINDS = {
    "JPEG": {"quality": 90},
    "PNG": {},
    "BMP": {},
    "GIF": {},
    "TIFF": {},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 90},
    "JPEG2000": {},
}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_training_data_of_every_format_look_as_pillow_shows_them(kind, fixture, request):
    picture = request.getfixturevalue(fixture)
    content = encoded(files.to_pil(picture), kind, **KINDS[kind])
    decoded = files.decode(content)
    expected = files.from_pil(PIL.Image.open(io.BytesIO(content)))
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= (2 if kind == "JPEG" else 0)


def test_webp_is_decoded_without_tensorflow_io_too(monkeypatch, photo):
    monkeypatch.setattr(files, "_tensorflow_io", lambda: None)
    content = encoded(PIL.Image.fromarray(photo), "WEBP", lossless=True)
    np.testing.assert_array_equal(files.decode(content), photo)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_training_data_are_turned_as_their_exif_says(kind, photo):
    exif = PIL.Image.Exif()
    exif[0x0112] = 8
    content = encoded(PIL.Image.fromarray(photo), kind, exif=exif)
    assert files.decode(content).shape == (photo.shape[1], photo.shape[0], 3)


def test_training_data_with_transparency_lie_over_white():
    content = encoded(PIL.Image.new("RGBA", (2, 2), (255, 0, 0, 0)), "PNG")
    assert (files.decode(content) == 255).all()


def test_palettes_sixteen_bits_and_cmyk_are_decoded_as_a_person_expects(photo):
    palette = PIL.Image.fromarray(photo).quantize(64)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(files.decode(encoded(palette, "PNG")), expected)
    deep = PIL.Image.fromarray(np.full((2, 2), 65535, np.uint16))
    assert (files.decode(encoded(deep, "PNG")) == 255).all()
    cmyk = PIL.Image.fromarray(photo).convert("CMYK")
    error = files.decode(encoded(cmyk, "JPEG", quality=95)).astype(int) - photo
    assert np.abs(error).mean() < 4


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\xff\xd8\xff\xe0 broken", b"RIFF1234WEBP"]
)
def test_training_data_that_are_no_picture_are_an_error(content):
    with pytest.raises(OSError, match="identify|Truncated"):
        files.decode(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_truncated_training_data_are_an_error(kind, photo):
    content = encoded(PIL.Image.fromarray(photo), kind)
    with pytest.raises(OSError, match="truncated|Invalid"):
        files.decode(content[: len(content) // 2])
