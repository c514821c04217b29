import math

import pytest

from comrec_tf.compression import ssimulacra2
from comrec_tf.evaluation import curves, systems
from comrec_tf.images import metrics


def test_a_point_is_what_the_file_on_disk_would_be(photo):
    system = systems.of_codec("webp")
    (point,) = curves.measure(system, curves.Original("photo", photo), [40])
    content = system.encode(photo, 40)
    restored = system.decode(content, 3)
    assert point.num_bytes == len(content)
    assert point.bits_per_pixel == 8 * len(content) / (128 * 160)
    assert point.psnr == metrics.psnr(photo, restored)
    assert point.ssim == metrics.ssim(photo, restored)
    assert point.ssimulacra2 == pytest.approx(ssimulacra2.ssimulacra2(photo, restored))
    assert math.isnan(point.ms_ssim)  # 128 rows are too few for five scales


def test_every_metric_has_a_column_and_rises_with_the_rate(photo):
    assert set(curves.METRICS) <= set(curves.Point._fields)
    low, high = curves.measure(systems.of_codec("jpeg"), curves.Original("photo", photo), [10, 60])
    for metric in set(curves.METRICS) - {"ms_ssim"}:
        assert getattr(low, metric) < getattr(high, metric)


def test_means_are_over_the_same_pictures_at_each_setting(make_point):
    points = [
        make_point("a", "x", 1, 0.2, 30),
        make_point("a", "y", 1, 0.4, 34),
        make_point("a", "x", 2, 0.9, 40),
    ]
    assert curves.mean_curves(points, "psnr") == {"a": [(pytest.approx(0.3), 32.0)]}


def test_speed_is_that_of_all_files_together(make_point):
    points = [make_point("a", "x", 1, 0.2, 30), make_point("a", "y", 1, 0.4, 34)]
    assert curves.megapixels_per_second(points) == {"a": (2.0, 4.0)}
