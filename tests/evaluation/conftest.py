"""Points that were never measured, and compressors of pairs small enough for tests."""

import pytest

from comrec_tf.evaluation import curves
from tests.makers import compressor_of, make_model


@pytest.fixture
def make_point():
    """A point of a system, a picture, a setting, a rate, and one value for every metric."""

    def make(system, picture, setting, rate, value):
        values = dict.fromkeys(curves.METRICS, value)
        return curves.Point(
            system=system,
            picture=picture,
            setting=setting,
            num_bytes=1,
            bits_per_pixel=rate,
            encode_seconds=0.5,
            decode_seconds=0.25,
            num_pixels=10**6,
            **values,
        )

    return make


@pytest.fixture
def compressor():
    """Pairs at both scales around plain JPEG."""
    return compressor_of([make_model(scale=1), make_model(scale=2)])
