import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import catalog
from comrec_tf.compression.jpeg_tables import fit_quality


def luma_table(content):
    return PIL.Image.open(io.BytesIO(content)).quantization[0]


@pytest.mark.parametrize("quality", [1, 10, 32, 50, 75, 90, 96, 100])
def test_the_quality_that_pillow_was_given_is_found(quality):
    buffer = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(buffer, "JPEG", quality=quality)
    table = luma_table(buffer.getvalue())
    fit = fit_quality(table)
    assert (fit.quality, fit.step, fit.error) == (quality, table[0], 0)


@pytest.mark.parametrize(
    ("name", "options"),
    [("mozjpeg", {"tables": 2}), ("mozjpeg", {"tables": 3}), ("jpeg-trellis", {})],
)
@pytest.mark.parametrize("quality", [30, 75, 90])
def test_other_encoders_tables_get_about_the_step_that_networks_were_trained_with(
    name, options, quality
):
    codec = catalog.make_codec(name, **options)
    table = luma_table(codec.encode(np.zeros((8, 8, 1), np.uint8), quality))
    fit = fit_quality(table)
    assert fit.step == pytest.approx(codec.step(quality), rel=0.5)
    assert 0.05 < fit.error < 0.4


def test_the_error_is_the_mean_distance_of_the_logarithms():
    buffer = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(buffer, "JPEG", quality=20)
    table = np.array(luma_table(buffer.getvalue()), float)
    table[1::2] *= 1.05
    table[::2] /= 1.05
    assert fit_quality(table).error == pytest.approx(np.log(1.05), rel=0.05)


@pytest.mark.parametrize("table", [np.zeros(64), np.ones(63), -np.ones((8, 8))])
def test_what_is_no_table_is_an_error(table):
    with pytest.raises(ValueError, match="expected 64 steps from 1 on"):
        fit_quality(table)
