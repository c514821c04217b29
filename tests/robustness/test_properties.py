"""What holds for every picture, tried on generated pictures."""

import functools

import hypothesis
import numpy as np
import PIL.Image
import pytest
from hypothesis import strategies as st

from comrec_tf.codecs import catalog
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.images import files, metrics
from tests.makers import compressor_of, make_model

pytestmark = pytest.mark.slow


@functools.cache
def compressor(codec="jpeg"):
    models = [make_model(scale=1), make_model(scale=2)]
    return compressor_of(models, catalog.make_codec(codec))


@st.composite
def pictures(draw, largest=300):
    """Noise, gradients, flat colours and stripes, of any size."""
    height, width = draw(st.integers(1, largest)), draw(st.integers(1, largest))
    channels = draw(st.sampled_from([1, 3]))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["noise", "gradient", "flat", "stripes"]))
    if kind == "noise":
        return random.integers(0, 256, (height, width, channels), np.uint8)
    if kind == "flat":
        return np.full((height, width, channels), random.integers(0, 256, channels), np.uint8)
    rows, columns = np.mgrid[:height, :width]
    angle = random.uniform(0, np.pi)
    ramp = rows * np.sin(angle) + columns * np.cos(angle)
    if kind == "stripes":
        ramp = 255 * (np.floor(ramp / random.uniform(0.7, 20)) % 2)
    ramp = np.clip(ramp[..., None] * random.uniform(0.2, 1, channels), 0, 255)
    return ramp.astype(np.uint8)


@hypothesis.settings(max_examples=150, deadline=None)
@hypothesis.given(pictures(), st.integers(1, 100), st.sampled_from([1, 2]))
def test_every_picture_comes_back_with_its_shape(picture, quality, scale):
    content = compressor().encode(picture, quality, scale).content
    header = container.read(content)
    assert (header.height, header.width, header.grey) == (
        *picture.shape[:2],
        picture.shape[-1] == 1,
    )
    restored = compressor().decode(content)
    assert restored.shape == picture.shape
    assert restored.dtype == np.uint8


@hypothesis.settings(max_examples=30, deadline=None)
@hypothesis.given(
    pictures(largest=80), st.integers(1, 100), st.sampled_from(["webp", "avif", "jpeg2000"])
)
def test_so_it_does_with_every_codec(picture, quality, codec):
    content = compressor(codec).encode(picture, quality, 2).content
    assert compressor(codec).decode(content).shape == picture.shape


@functools.cache
def released():
    return Compressor.from_preset("comrec")


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("quality", [8, 30, 70])
def test_the_released_preset_is_closer_than_bicubic_of_the_same_file(
    scale, quality, photo, grey_photo
):
    gains = []
    for picture in (photo, grey_photo, photo[:77, :99]):
        content = released().encode(picture, quality, scale).content
        size = picture.shape[1::-1]
        shown = files.from_pil(_open(content).resize(size, PIL.Image.BICUBIC))
        restored = released().decode(content)
        gains.append(metrics.psnr(picture, restored) - metrics.psnr(picture, shown))
    assert np.mean(gains) > 0


def _open(content):
    import io

    return PIL.Image.open(io.BytesIO(content))


@hypothesis.settings(max_examples=60, deadline=None)
@hypothesis.given(
    st.sampled_from(["1", "L", "P", "RGB", "RGBA", "LA", "CMYK", "YCbCr", "HSV", "F", "I;16"]),
    st.integers(1, 40),
    st.integers(1, 40),
)
def test_pillow_pictures_of_every_mode_are_taken(mode, width, height):
    picture = PIL.Image.new(mode, (width, height))
    content = compressor().encode(picture, 50).content
    assert compressor().decode(content).shape[:2] == (height, width)
