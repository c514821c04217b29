import csv
import io
import math

import PIL.Image
import pytest

from comrec_tf.evaluation import curves, report


@pytest.fixture
def points(make_point):
    anchor = [make_point("jpeg", "x", n, 0.1 * 2**n, 20 + 3 * n) for n in range(5)]
    return anchor + [make_point("tiny", "x", n, 0.05 * 2**n, 20 + 3 * n) for n in range(5)]


def test_half_the_bytes_at_every_quality_are_half_the_bytes(points):
    table = report.bd_table(points, "jpeg", (0.1, 0.8))
    assert table["jpeg"] == dict.fromkeys(curves.METRICS, pytest.approx(0))
    assert table["tiny"] == dict.fromkeys(curves.METRICS, pytest.approx(-50))


def test_every_range_of_rates_has_its_own_rows(points):
    content = report.bd_csv_bytes(points, "jpeg", [(0.1, 0.5), (0.5, 1.5)]).decode()
    rows = list(csv.DictReader(io.StringIO(content)))
    assert [(row["rates"], row["system"]) for row in rows] == [
        ("0.1-0.5", "jpeg"),
        ("0.1-0.5", "tiny"),
        ("0.5-1.5", "jpeg"),
        ("0.5-1.5", "tiny"),
    ]
    assert float(rows[1]["ssimulacra2"]) == pytest.approx(-50)


def test_what_no_curve_tells_stays_an_empty_cell(points, make_point):
    points = [*points, make_point("far", "x", 1, 9.0, 90), make_point("far", "x", 2, 9.5, 91)]
    rows = {name: cells for name, *cells in report.bd_cells(points, "jpeg", (0.1, 0.5))}
    assert set(rows["far"]) == {""}
    assert rows["tiny"][0] == "-50.0 %"


def test_points_come_back_from_csv(points):
    rows = list(csv.DictReader(io.StringIO(report.csv_bytes(points).decode())))
    assert [row["system"] for row in rows] == 5 * ["jpeg"] + 5 * ["tiny"]
    assert [float(row["psnr"]) for row in rows] == [point.psnr for point in points]
    assert not any(math.isnan(float(row["ms_ssim"])) for row in rows)


def test_a_plot_is_a_picture_and_the_same_one_for_the_same_figures(points):
    pytest.importorskip("matplotlib")
    with PIL.Image.open(io.BytesIO(report.plot_bytes(points, "psnr", ["tiny"]))) as plot:
        assert plot.width > 500
    drawn = [report.plot_bytes(points, "psnr", kind="svg") for _ in range(2)]
    assert b"1970" not in drawn[0]
    assert b"<svg" in drawn[1]
