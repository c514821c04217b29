import math

import numpy as np
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compression.ways import place, quality_at
from comrec_tf.images import metrics


def test_places_rise_with_quality_and_lie_evenly_at_both_ends():
    places = [place(quality) for quality in range(1, 101)]
    assert places == sorted(places)
    assert places[0] == pytest.approx(-places[-1])


def test_the_logarithm_of_bytes_and_psnr_grow_about_evenly_with_the_place(photo):
    codec, points = JpegCodec(), []
    for quality in (10, 20, 40, 60, 80):
        content = codec.encode(photo, quality)
        score = metrics.psnr(photo, codec.decode(content))
        points.append((place(quality), math.log(len(content)), score))
    for values in np.transpose(points)[1:]:
        slopes = np.diff(values) / np.diff(np.transpose(points)[0])
        assert slopes.min() > 0.4 * slopes.max()


@pytest.mark.parametrize("qualities", [range(1, 101), tuple(q / 8 for q in range(8, 801))])
def test_the_quality_at_a_place_is_the_smallest_that_is_no_lower(qualities):
    for quality in (1, 17, 50, 100):
        assert quality_at(qualities, place(quality)) == quality
    above = quality_at(qualities, place(50) + 0.01)
    assert above == min(q for q in qualities if place(q) >= place(50) + 0.01)
    assert quality_at(qualities, 99.0) == 100
