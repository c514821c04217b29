"""Held to the NumPy twin, on pictures of all kinds that it tells apart."""

import io

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
import skimage.data
import tensorflow as tf

from comrec_tf.compression import jpeg_damage as twin
from comrec_tf.exporting import jpeg_damage

ASTRONAUT = skimage.data.astronaut()[:203, 100:310]
CAMERA = skimage.data.camera()[100:300, 150:350]


def text():
    picture = PIL.Image.new("RGB", (200, 160), "white")
    draw = PIL.ImageDraw.Draw(picture)
    for line in range(10):
        draw.text((4, 2 + 16 * line), f"{line}: the quick brown fox jumps", fill="black")
    return np.asarray(picture)


def saved(picture, quality):
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture).save(buffer, "JPEG", quality=quality)
    return np.asarray(PIL.Image.open(buffer))


PICTURES = {
    "photo": saved(ASTRONAUT, 60),
    "grey photo": saved(CAMERA, 90),
    "compressed twice": saved(saved(ASTRONAUT, 20), 85),
    "compressed twice, grey": saved(saved(CAMERA, 12), 60),
    "text": saved(text(), 50),
    "dithered": np.asarray(PIL.Image.fromarray(CAMERA).convert("1").convert("L")),
    "flat": np.full((64, 64, 3), 90, np.uint8),
    "less than a block": ASTRONAUT[:7, :40],
    "one block": ASTRONAUT[:8, :8],
    "more blocks than are looked at": np.tile(ASTRONAUT, (4, 4, 1)),
}


@pytest.fixture(scope="module")
def earlier_quality():
    specs = [tf.TensorSpec([None, 64]), tf.TensorSpec([64], tf.int32), tf.TensorSpec([], tf.int32)]
    return tf.function(jpeg_damage.earlier_quality, input_signature=specs)


@pytest.mark.parametrize("kind", PICTURES)
def test_all_that_is_measured_is_what_numpy_measures(kind, earlier_quality):
    picture = np.atleast_3d(PICTURES[kind])
    expected = twin.luma_coefficients(picture)
    coefficients = jpeg_damage.luma_coefficients(tf.constant(picture))
    assert coefficients.shape == expected.shape
    np.testing.assert_allclose(coefficients, expected, atol=2e-3)
    assert bool(jpeg_damage.is_pattern(coefficients)) == twin.is_pattern(expected)
    assert bool(jpeg_damage.is_drawn(coefficients)) == twin.is_drawn(expected)
    for quality in (1, 60, 85):
        table = np.maximum(1, np.rint(twin.quantization.standard_tables(quality)[0].ravel()))
        found = earlier_quality(coefficients, tf.constant(table, tf.int32), tf.constant(quality))
        assert int(found) == (twin.earlier_quality(expected, table, quality) or 0)


def test_the_pictures_are_of_all_kinds():
    """What is held to the twin above must not be one answer throughout."""
    measured = {kind: twin.luma_coefficients(np.atleast_3d(p)) for kind, p in PICTURES.items()}
    assert [kind for kind, c in measured.items() if twin.is_pattern(c)] == ["dithered"]
    assert "text" in [kind for kind, c in measured.items() if twin.is_drawn(c)]
    table = twin.quantization.standard_tables(85)[0].ravel()
    assert twin.earlier_quality(measured["compressed twice"], table, 85) == 20
