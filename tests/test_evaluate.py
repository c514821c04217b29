import csv
import shutil
import subprocess

import numpy as np
import PIL.Image
import pytest

from comrec_tf import evaluate
from comrec_tf.codecs.pillow import WebpCodec
from comrec_tf.compression.compressor import Compressor
from comrec_tf.graph import compact_file
from comrec_tf.presets import weights


@pytest.fixture
def preset(tmp_path, model):
    weights.save_preset(model, tmp_path / "tiny")
    return tmp_path / "tiny"


def run(*arguments):
    return evaluate.main(["evaluate", *map(str, arguments)])


def test_rows_and_means_are_printed_and_saved(tmp_path, preset, pictures_dir, capsys):
    pictures = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    arguments = [*pictures, f"--preset={preset}", f"--csv={tmp_path}/rows.csv"]
    assert run(*arguments, "--jpeg_qualities=20,40") == 0
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert [row["picture"] for row in rows] == 2 * ["astronaut.png", "camera.png", "mean"]
    assert [float(row["jpeg_quality"]) for row in rows] == 3 * [20.0] + 3 * [40.0]
    for row in rows:
        assert float(row["num_bytes"]) <= float(row["jpeg_bytes"])
    assert capsys.readouterr().out.count("mean") == 2


def test_standard_tables_cost_more_on_both_sides(tmp_path, preset, pictures_dir):
    sizes = []
    for flag in ("--standard_tables", "--nostandard_tables"):
        path = tmp_path / f"rows{flag}.csv"
        arguments = [f"--preset={preset}", f"--csv={path}", "--jpeg_qualities=20", flag]
        assert run(pictures_dir / "astronaut.png", *arguments) == 0
        sizes.append(float(next(csv.DictReader(path.open()))["jpeg_bytes"]))
    assert sizes[0] > 1.05 * sizes[1]


def test_a_quality_that_is_no_number_is_refused(preset, pictures_dir, capsys):
    assert run(pictures_dir, f"--preset={preset}", "--jpeg_qualities=low") == 1
    assert "Received: 'low'" in capsys.readouterr().err


def test_standard_huffman_tables_are_for_jpeg_alone(preset, pictures_dir, capsys):
    arguments = [pictures_dir, f"--preset={preset}", "--standard_tables"]
    assert run(*arguments, "--codec=webp") == 1
    assert "Received: codec=webp" in capsys.readouterr().err


@pytest.mark.slow
def test_the_preset_is_measured_with_another_codec(tmp_path, preset, pictures_dir):
    arguments = [f"--preset={preset}", f"--output_dir={tmp_path}/report", "--codec=webp"]
    assert run(pictures_dir / "small.png", *arguments, "--num_shown=0", "--rates=0.4,1.5") == 0
    points = list(csv.DictReader((tmp_path / "report" / "points.csv").open()))
    found = next(point for point in points if point["system"] == "tiny scale 2")
    picture = np.asarray(PIL.Image.open(pictures_dir / "small.png"))
    compressor = Compressor.from_preset(preset, codec=WebpCodec())
    content = compressor.encode(picture, int(float(found["setting"])), scale=2)
    assert int(found["num_bytes"]) == len(content)


@pytest.fixture
def report(tmp_path, preset, pictures_dir):
    arguments = [f"--preset={preset}", f"--output_dir={tmp_path}/report", "--codecs=jpeg,webp"]
    picture = pictures_dir / "astronaut.png"
    assert run(picture, *arguments, "--num_shown=1", "--shown_rate=1", "--rates=0.4,1.5") == 0
    return tmp_path / "report"


@pytest.mark.slow
def test_a_report_holds_every_file_that_was_made(report, preset, pictures_dir, capsys):
    points = list(csv.DictReader((report / "points.csv").open()))
    assert {point["system"] for point in points} == {"jpeg", "webp", "tiny auto", "tiny scale 2"}
    plain = {point["setting"]: point for point in points if point["system"] == "jpeg"}
    for point in points:
        rate = 8 * int(point["num_bytes"]) / 192**2
        assert float(point["bits_per_pixel"]) == pytest.approx(rate)
        if point["system"] == "tiny auto":  # as good as plain JPEG, in no more bytes
            same = plain[point["setting"]]
            assert float(point["psnr"]) >= float(same["psnr"])
            assert int(point["num_bytes"]) <= int(same["num_bytes"]) + compact_file.SEGMENT_BYTES
    rows = {row["system"]: row for row in csv.DictReader((report / "bd_rate.csv").open())}
    assert float(rows["jpeg"]["psnr"]) == pytest.approx(0)
    assert float(rows["webp"]["psnr"]) < -5
    with PIL.Image.open(report / "psnr.png") as plot:
        assert plot.width > 500
    assert run(pictures_dir, f"--preset={preset}", f"--output_dir={report}") == 1
    assert "index.html exists" in capsys.readouterr().err


@pytest.mark.slow
def test_a_browser_shows_the_page_without_an_error(report, tmp_path):
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if browser is None:
        pytest.skip("no Chromium on the PATH")
    page = report / "index.html"
    assert "http://" not in page.read_text().replace("http://www.w3.org", "").replace(
        "http://purl.org", ""
    ).replace("http://creativecommons.org", "").replace("https://matplotlib.org", "")
    command = [
        browser,
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path}/profile",
        "--virtual-time-budget=5000",
    ]
    seen = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    ).stdout
    assert 'data-ready="yes"' in seen
    assert "data-error" not in seen
    assert seen.count("<option") == 1 + 2 * 5  # a picture, and on both sides all that shows it
    screenshot = tmp_path / "page.png"
    subprocess.run(
        [*command, f"--screenshot={screenshot}", "--window-size=1000,900", page.as_uri()],
        capture_output=True,
        timeout=120,
    )
    with PIL.Image.open(screenshot) as picture:
        colours = len(picture.convert("RGB").getcolors(1_000_000))
    assert colours > 1000  # a photo, not a blank page


def test_luma_alone_codes_colour_as_grey(tmp_path, preset, pictures_dir):
    sizes = []
    for flag in ("--luma", "--noluma"):
        path = tmp_path / f"rows{flag}.csv"
        arguments = [f"--preset={preset}", f"--csv={path}", "--jpeg_qualities=20", flag]
        assert run(pictures_dir / "astronaut.png", *arguments) == 0
        sizes.append(float(next(csv.DictReader(path.open()))["jpeg_bytes"]))
    assert sizes[0] < sizes[1]


@pytest.mark.parametrize("rates", ["0.5", "0.5,0.1", "low,high"])
def test_rates_that_make_no_sense_are_refused(preset, pictures_dir, capsys, rates):
    assert run(pictures_dir, f"--preset={preset}", f"--rates={rates}") == 1
    assert f"Received: {rates}" in capsys.readouterr().err
