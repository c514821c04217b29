import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.data import decoding
from comrec_tf.images import files


def encoded(picture: PIL.Image.Image, name: str, **kwargs) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, name, **kwargs)
    return buffer.getvalue()


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
    decoded = decoding.decode(content)
    expected = files.from_pil(PIL.Image.open(io.BytesIO(content)))
    assert decoded.shape == expected.shape
    assert np.abs(decoded.astype(int) - expected).max() <= (2 if kind == "JPEG" else 0)


def test_webp_is_decoded_without_tensorflow_io_too(monkeypatch, photo):
    monkeypatch.setattr(decoding, "_tensorflow_io", lambda: None)
    content = encoded(PIL.Image.fromarray(photo), "WEBP", lossless=True)
    np.testing.assert_array_equal(decoding.decode(content), photo)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
def test_training_data_are_turned_as_their_exif_says(kind, photo):
    exif = PIL.Image.Exif()
    exif[0x0112] = 8
    content = encoded(PIL.Image.fromarray(photo), kind, exif=exif)
    assert decoding.decode(content).shape == (photo.shape[1], photo.shape[0], 3)


def test_training_data_with_transparency_lie_over_white():
    content = encoded(PIL.Image.new("RGBA", (2, 2), (255, 0, 0, 0)), "PNG")
    assert (decoding.decode(content) == 255).all()


def test_palettes_sixteen_bits_and_cmyk_are_decoded_as_a_person_expects(photo):
    palette = PIL.Image.fromarray(photo).quantize(64)
    expected = np.asarray(palette.convert("RGB"))
    np.testing.assert_array_equal(decoding.decode(encoded(palette, "PNG")), expected)
    deep = PIL.Image.fromarray(np.full((2, 2), 65535, np.uint16))
    assert (decoding.decode(encoded(deep, "PNG")) == 255).all()
    cmyk = PIL.Image.fromarray(photo).convert("CMYK")
    error = decoding.decode(encoded(cmyk, "JPEG", quality=95)).astype(int) - photo
    assert np.abs(error).mean() < 4


@pytest.mark.parametrize(
    "content", [b"", b"no picture", b"\xff\xd8\xff\xe0 broken", b"RIFF1234WEBP"]
)
def test_training_data_that_are_no_picture_are_an_error(content):
    with pytest.raises(OSError, match="^damaged: "):
        decoding.decode(content)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "TIFF"])
def test_truncated_training_data_are_an_error(kind, photo):
    content = encoded(PIL.Image.fromarray(photo), kind)
    with pytest.raises(OSError, match="truncated|Invalid") as raised:
        decoding.decode(content[: len(content) // 2])
    assert "function_node" not in str(raised.value)
