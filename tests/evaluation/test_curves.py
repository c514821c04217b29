import math
import re

import pytest

from comrec_tf import metrics
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import curves, report, systems
from comrec_tf.graph import compact_file
from tests.conftest import make_model


def test_a_point_is_what_the_file_on_disk_would_be(photo):
    system = systems.of_codec("webp")
    (point,) = curves.measure(system, "photo", photo, [40])
    content = system.encode(photo, 40)
    restored = system.decode(content, photo.shape)
    assert point.num_bytes == len(content)
    assert point.bits_per_pixel == 8 * len(content) / (128 * 160)
    assert point.psnr == metrics.psnr(photo, restored)
    assert point.ssim == metrics.ssim(photo, restored)
    assert math.isnan(point.ms_ssim)  # 128 rows are too few for five scales


@pytest.mark.parametrize("name", systems.CODECS)
def test_every_codec_can_be_compared_with_grey_and_colour(name, photo, grey_photo):
    if name == "jpegxl":
        pytest.importorskip("imagecodecs")
    system = systems.of_codec(name)
    for picture in (photo, grey_photo):
        points = curves.measure(system, "photo", picture, system.settings[::4])
        assert [point.num_bytes for point in points] == sorted(p.num_bytes for p in points)
        assert points[-1].psnr > 27


def test_a_preset_gives_a_curve_for_each_scale_and_one_for_rate_control(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)])
    auto, one, two = systems.of_preset("tiny", compressor)
    assert [auto.name, one.name, two.name] == ["tiny auto", "tiny scale 1", "tiny scale 2"]
    assert container.read(two.encode(photo, 40)).scale == 2
    settings = [10, 40]
    plain = curves.measure(systems.of_codec("jpeg"), "photo", photo, settings)
    for same, point in zip(plain, curves.measure(auto, "photo", photo, settings), strict=True):
        assert point.psnr >= same.psnr  # as good as plain JPEG, in no more bytes but the header's
        assert point.num_bytes <= same.num_bytes + compact_file.SEGMENT_BYTES


def point(system, picture, setting, rate, psnr):
    return curves.Point(system, picture, setting, 1, rate, psnr, psnr, 1, 1, 1, 0.5, 0.25, 10**6)


def test_means_are_over_the_same_pictures_at_each_setting():
    points = [point("a", "x", 1, 0.2, 30), point("a", "y", 1, 0.4, 34), point("a", "x", 2, 0.9, 40)]
    assert curves.mean_curves(points, "psnr") == {"a": [(pytest.approx(0.3), 32.0)]}


def test_speed_is_that_of_all_files_together():
    points = [point("a", "x", 1, 0.2, 30), point("a", "y", 1, 0.4, 34)]
    assert curves.megapixels_per_second(points) == {"a": (2.0, 4.0)}


def test_the_best_file_of_at_most_a_rate_is_shown():
    points = [
        point("a", "x", 1, 0.1, 28),
        point("a", "x", 2, 0.2, 31),
        point("a", "x", 3, 0.3, 33),
        point("b", "x", 1, 0.25, 30),
        point("a", "y", 1, 0.1, 50),
    ]
    assert report.same_bytes(points, "x", 0.21) == {"a": points[1]}


def test_a_page_survives_names_that_are_code(photo):
    name = "</script><b>&\"'"
    points = [point("a", name, setting, 0.1 * setting, 20 + setting) for setting in (1, 2, 3)]
    shown = [report.Shown(name, "original", name, photo)]
    page = report.page_bytes(name, points, "a", (0.1, 0.3), shown).decode()
    assert page.count("</script>") == 1
    assert "<b>" not in page
    assert not re.search("@[A-Z]+@", page)
