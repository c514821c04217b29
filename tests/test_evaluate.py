import csv
import json
import re
import resource
import shutil
import subprocess
import sys

import PIL.Image
import pytest
import skimage.data

from comrec_tf import evaluate
from comrec_tf.evaluation import comparison, pictures
from comrec_tf.graph import compact_file
from comrec_tf.presets import weights
from tests.makers import make_model


@pytest.fixture
def preset(tmp_path):
    weights.save_preset([make_model(scale=1), make_model(scale=2)], tmp_path / "tiny")
    return tmp_path / "tiny"


def run(*arguments):
    return evaluate.main(["evaluate", *map(str, arguments)])


def test_without_pictures_there_is_nothing_to_judge(tmp_path, capsys):
    assert run(f"--output_dir={tmp_path}") == 2
    assert "expected pictures" in capsys.readouterr().err


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["--output_dir=report", "--rates=0.5"],
        ["--output_dir=report", "--rates=0.5-0.1"],
        ["--output_dir=report", "--rates=low-high"],
        ["--output_dir=report", "--rates="],
        ["--output_dir=report", "--codecs="],
        ["--output_dir=report", "--num_shown=-1"],
        ["--output_dir=report", "--shown_rate=0"],
        ["--output_dir=report", "--jpeg_qualities=5"],
    ],
)
def test_a_command_line_that_makes_no_sense_exits_with_2(pictures_dir, capsys, flags):
    assert run(pictures_dir, *flags) == 2
    assert "Try: python -m comrec_tf.evaluate --help" in capsys.readouterr().err


def test_nothing_is_measured_where_something_is_missing(
    tmp_path, preset, pictures_dir, capsys, monkeypatch
):
    def missing():
        raise ModuleNotFoundError("plots need matplotlib")

    monkeypatch.setattr(comparison, "check_extras", missing)
    monkeypatch.setattr(comparison, "compare", lambda *args, **kwargs: pytest.fail("measured"))
    assert run(pictures_dir, f"--preset={preset}", f"--output_dir={tmp_path}/report") == 1
    assert "plots need matplotlib" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


@pytest.mark.parametrize("name", ["index.html", "points.csv", "bd_rate.csv", "psnr.png"])
def test_a_report_or_a_part_of_one_is_not_replaced_unasked(tmp_path, pictures_dir, capsys, name):
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / name).write_text("mine")
    assert run(pictures_dir, f"--output_dir={tmp_path}/report") == 1
    assert f"{name} exists: --overwrite replaces it" in capsys.readouterr().err
    assert [path.read_text() for path in (tmp_path / "report").iterdir()] == ["mine"]


def test_a_picture_that_is_measured_is_never_replaced(tmp_path, pictures_dir, capsys):
    shutil.copy(pictures_dir / "small.png", tmp_path / "psnr.png")
    before = (tmp_path / "psnr.png").read_bytes()
    assert run(tmp_path / "psnr.png", f"--output_dir={tmp_path}", "--overwrite") == 1
    assert "psnr.png is one of the pictures" in capsys.readouterr().err
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [before]


def test_a_codec_that_is_named_twice_is_refused(tmp_path, preset, pictures_dir, capsys):
    pytest.importorskip("matplotlib")
    flags = [f"--preset={preset}", f"--output_dir={tmp_path}/report", "--codecs=jpeg,jpeg"]
    assert run(pictures_dir, *flags) == 1
    assert "different names. Received: jpeg, jpeg, tiny" in capsys.readouterr().err
    assert not (tmp_path / "report").exists()


@pytest.fixture
def asked(monkeypatch):
    """What the library is asked for, instead of its work."""
    calls = []

    def compare(*args, **kwargs):
        calls.append((args, kwargs))
        return []

    monkeypatch.setattr(comparison, "compare", compare)
    return calls


def test_flags_become_one_call_of_the_library(tmp_path, preset, pictures_dir, asked):
    pytest.importorskip("matplotlib")
    flags = ["--codecs=webp,jpeg", "--rates=0.1-0.5,0.5-1.5", "--luma", "--each_scale"]
    assert run(pictures_dir, f"--preset={preset}", f"--output_dir={tmp_path}/r", *flags) == 0
    ((title, anchor, others, judged, paths, output), options) = asked[0]
    assert title == "tiny on 4 pictures"
    assert anchor.name == "webp"
    assert [system.name for system in others] == ["jpeg"]
    assert [system.name for system in judged] == ["tiny", "tiny scale 1", "tiny scale 2"]
    assert list(paths) == ["astronaut.png", "camera.png", "coffee.png", "small.png"]
    assert output == tmp_path / "r"
    assert options["ranges"] == [(0.1, 0.5), (0.5, 1.5)]
    assert options["luma"]


def test_all_codecs_are_those_that_are_installed(tmp_path, preset, pictures_dir, asked):
    pytest.importorskip("matplotlib")
    flags = [f"--preset={preset}", f"--output_dir={tmp_path}/r", "--codecs=all"]
    assert run(pictures_dir, *flags) == 0
    _, anchor, others, *_ = asked[0][0]
    assert anchor.name == "jpeg"
    assert {"webp", "avif", "jpeg2000"} <= {system.name for system in others}


def test_the_preset_is_measured_with_another_codec(tmp_path, preset, pictures_dir, asked):
    pytest.importorskip("matplotlib")
    flags = [f"--preset={preset}", f"--output_dir={tmp_path}/r", "--codec=webp"]
    assert run(pictures_dir, *flags) == 0
    (judged,) = asked[0][0][3]
    picture = pictures.read(pictures_dir / "astronaut.png")
    assert judged.encode(picture, 40)[8:12] == b"WEBP"


@pytest.fixture
def report(tmp_path, preset, pictures_dir):
    pytest.importorskip("matplotlib")
    arguments = [f"--preset={preset}", f"--output_dir={tmp_path}/report", "--codecs=jpeg,webp"]
    arguments += ["--num_shown=1", "--shown_rate=1", "--rates=0.4-1.5", "--each_scale"]
    assert run(pictures_dir / "astronaut.png", *arguments) == 0
    return tmp_path / "report"


SYSTEMS = {"jpeg", "webp", "tiny", "tiny scale 1", "tiny scale 2"}


@pytest.mark.slow
def test_a_report_holds_every_file_that_was_made(report):
    points = list(csv.DictReader((report / "points.csv").open()))
    assert {point["system"] for point in points} == SYSTEMS
    plain = {point["setting"]: point for point in points if point["system"] == "jpeg"}
    for point in points:
        rate = 8 * int(point["num_bytes"]) / 192**2
        assert float(point["bits_per_pixel"]) == pytest.approx(rate)
        if point["system"] == "tiny":  # as good as plain JPEG, in no more bytes
            same = plain[point["setting"]]
            assert int(point["num_bytes"]) <= int(same["num_bytes"]) + compact_file.ADDED_BYTES
    rows = {row["system"]: row for row in csv.DictReader((report / "bd_rate.csv").open())}
    assert float(rows["jpeg"]["ssimulacra2"]) == pytest.approx(0)
    assert float(rows["webp"]["psnr"]) < -5
    with PIL.Image.open(report / "ssimulacra2.png") as plot:
        assert plot.width > 500


@pytest.mark.slow
def test_the_pictures_of_a_page_have_equal_bytes_within_two_per_cent(report):
    page = (report / "index.html").read_text()
    (pictures,) = re.findall(r"const pictures = (.*);\n", page)
    (systems,) = json.loads(pictures).values()
    assert {"original", "jpeg", "webp", "tiny"} <= set(systems)
    captions = {name: system["caption"] for name, system in systems.items() if name != "original"}
    sizes = {
        name: int(re.search(r": ([\d,]+) bytes", caption)[1].replace(",", ""))
        for name, caption in captions.items()
    }
    for size in sizes.values():
        assert abs(size - sizes["jpeg"]) <= 0.02 * sizes["jpeg"]
    assert all("SSIMULACRA2" in caption for caption in captions.values())


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
    captions = dict(re.findall(r'<span id="(left|right)-caption">([^:<]*):', seen))
    assert captions == {"left": "jpeg", "right": "tiny"}
    screenshot = tmp_path / "page.png"
    subprocess.run(
        [*command, f"--screenshot={screenshot}", "--window-size=1000,900", page.as_uri()],
        capture_output=True,
        timeout=120,
    )
    with PIL.Image.open(screenshot) as picture:
        colors = len(picture.convert("RGB").getcolors(1_000_000))
    assert colors > 1000  # a photo, not a blank page


@pytest.mark.slow
def test_four_small_pictures_beside_three_codecs_take_a_minute_and_say_how_far_they_are(
    tmp_path,
):
    pytest.importorskip("matplotlib")
    for name in ("astronaut", "coffee", "chelsea", "rocket"):
        pixels = getattr(skimage.data, name)()[:256, :256]
        PIL.Image.fromarray(pixels).save(tmp_path / f"{name}.png")
    command = [sys.executable, "-m", "comrec_tf.evaluate", str(tmp_path), "--codecs=jpeg,webp,avif"]
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(
        [*command, f"--output_dir={tmp_path}/report"], capture_output=True, text=True
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert done.returncode == 0, done.stderr
    # Of one core; 47 seconds where this was written, on cores that others kept busy.
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < 90
    assert len(re.findall(r"^measuring: +\d+%, .* left$", done.stderr, re.MULTILINE)) > 2
    assert re.search(r"^comrec +-[\d.]+ %", done.stdout, re.MULTILINE)


@pytest.mark.slow
def test_a_preset_is_judged_without_tensorflow(tmp_path, pictures_dir):
    pytest.importorskip("matplotlib")
    script = (
        "import sys; sys.modules['tensorflow'] = sys.modules['keras'] = None\n"
        "from comrec_tf import evaluate; sys.exit(evaluate.main(sys.argv))"
    )
    arguments = [pictures_dir / "small.png", "--preset=comrec-fast", f"--output_dir={tmp_path}/r"]
    command = [sys.executable, "-c", script, *map(str, arguments), "--num_shown=0"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "r" / "index.html").exists()
