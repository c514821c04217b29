import numpy as np
import PIL.Image
import PIL.ImageDraw
import PIL.ImageFont
import pytest
import skimage.data

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.compression import chroma
from comrec_tf.compression.target import Target
from tests.makers import compressor_of, make_model


@pytest.fixture(scope="module")
def text():
    """Green text on white as a screen shows it, uint8 (96, 256, 3)."""
    picture = PIL.Image.new("RGB", (256, 96), "white")
    draw = PIL.ImageDraw.Draw(picture)
    for top in range(2, 90, 12):
        draw.text((4, top), "green text must not turn olive 0123456789", fill="#008000")
    return np.asarray(picture)


def colour_error(picture, restored):
    """Mean error of green over red and blue where the text is."""
    written = picture[..., 0] < 100
    red, green, blue = (restored[written].astype(float) - picture[written]).T
    return np.abs(green - (red + blue) / 2).mean()


def test_photos_keep_halved_chroma_and_coloured_text_does_not(text, photo, grey_photo):
    assert chroma.needs_full(text)
    page = np.full((600, 800, 3), 255, np.uint8)
    page[20:116, 40:296] = text
    assert chroma.needs_full(page)
    for picture in (photo, skimage.data.astronaut(), skimage.data.coffee(), grey_photo):
        assert not chroma.needs_full(picture)


def test_green_text_does_not_turn_olive(text):
    compressor = compressor_of([make_model(scale=1), make_model(scale=2)])
    asked = Target("quality", compressor.default_quality)
    errors = {}
    for name in ("auto", "420", "444"):
        file = compressor.encode_to(text, asked, chroma=name)
        errors[name] = colour_error(text, compressor.decode(file.content))
    assert errors["auto"] == errors["444"] < 0.75 * errors["420"]


def test_a_codec_is_left_alone_but_for_what_is_asked(text, photo):
    codec = JpegCodec()
    assert chroma.sampled(codec, "auto", photo) is codec
    assert chroma.sampled(codec, "420", text) is codec
    full = chroma.sampled(codec, "auto", text)
    assert full.options() == {**codec.options(), "chroma_subsampling": "4:4:4"}
    assert chroma.sampled(full, "auto", photo) is full


def test_codecs_without_a_choice_are_left_alone_or_refused(text):
    codec = WebpCodec()
    assert chroma.sampled(codec, "auto", text) is codec
    with pytest.raises(ValueError, match="webp samples chroma its own way. Received: chroma=444"):
        chroma.sampled(codec, "444", text)
    with pytest.raises(ValueError, match="auto, 420, 444. Received: 422"):
        chroma.sampled(codec, "422", text)


@pytest.mark.parametrize("size", [(1, 1), (1, 40), (40, 1), (3, 3)])
def test_tiny_pictures_are_looked_at(size):
    picture = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    chroma.needs_full(picture)
    assert chroma.needs_full(picture[..., :1]) is False
