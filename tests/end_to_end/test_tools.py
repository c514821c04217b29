import pathlib
import re
import subprocess
import sys

import PIL.Image
import pytest

ROOT = pathlib.Path(__file__).parents[2]


pytestmark = pytest.mark.slow


def run(tool, *arguments):
    command = [sys.executable, str(ROOT / "tools" / tool), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_quickstarts_job_beats_plain_jpeg_at_the_same_bytes_and_runs_twice(tmp_path):
    for _ in range(2):
        out = run("quickstart.py", f"--output_dir={tmp_path}")
    row = r"^(?:plain JPEG, quality \d+|comrec_tf) +([\d,]+) +[\d.]+ +([\d.]+) dB"
    rows = re.findall(row, out, flags=re.MULTILINE)
    (plain_bytes, plain_psnr), (our_bytes, our_psnr) = rows
    assert int(plain_bytes.replace(",", "")) >= int(our_bytes.replace(",", ""))
    assert float(our_psnr) > float(plain_psnr) + 1.0
    with PIL.Image.open(tmp_path / "side_by_side.png") as sheet:
        assert sheet.width > 900


ROWS = {
    "paper": ("plain JPEG", "ComCNN only", "RecCNN only", "trained apart", "alternated"),
    "design": (
        *("plain JPEG", "alternated", "joint", "bicubic in place of ComCNN"),
        *("a pair for each quality", "alternated, running mean of the weights"),
        *("alternated, flat tables", "alternated, mozjpeg inside"),
    ),
}


@pytest.mark.parametrize("table", ROWS)
def test_the_ablation_makes_its_table_and_makes_it_again_from_its_runs(
    tmp_path, pictures_dir, table
):
    if table == "design":
        pytest.importorskip("pyvips")
    picture = pictures_dir / "camera.png"
    arguments = ["--train_data", pictures_dir, "--valid_data", picture, "--test_data", picture]
    arguments += ["--output_dir", tmp_path, "--epochs", 2, "--steps_per_epoch", 1]
    arguments += ["--jpeg_qualities", 20, "--table", table]
    made = run("ablation.py", *arguments)
    for name in ROWS[table]:
        (row,) = re.findall(rf"^{name} +([\d.]+) +([\d.]+)$", made, flags=re.MULTILINE)
        assert 15 < float(row[0]) < 45
        assert 0.3 < float(row[1]) < 1
    again = run("ablation.py", *arguments)
    count = len(ROWS[table]) + 1
    assert again.splitlines()[-count:] == made.splitlines()[-count:]


def test_the_benchmark_relates_whole_steps_to_bare_ones():
    arguments = ["--batch_sizes", 2, "--patch_size", 16, "--rounds", 1, "--resolution", "compact"]
    out = run("benchmark.py", "training", *arguments)
    times = dict(re.findall(r"^batch +2  (.+?) +([\d.]+) ms", out, flags=re.MULTILINE))
    parts = {"RecCNN alone", "ComCNN alone", "input alone", "stand-in alone"}
    assert set(times) == {"alternating", "joint", *parts}
    bare = float(times["RecCNN alone"]) + float(times["ComCNN alone"])
    for name in ("alternating", "joint"):
        (ratio,) = re.findall(rf"{name} .* ([\d.]+) x the two networks alone", out)
        assert float(ratio) == pytest.approx(float(times[name]) / bare, rel=0.05, abs=0.05)


def test_the_benchmark_times_files_and_what_the_networks_take_of_that():
    arguments = ["--num_pictures", 2, "--size", 96, 130, "--rounds", 1]
    out = run("benchmark.py", "files", *arguments)
    for verb, network in (("compress", "ComCNN"), ("restore", "RecCNN")):
        (speed, time) = re.search(rf"{verb}: ([\d.]+) megapixels/s \((\d+) ms\)", out).groups()
        assert float(speed) == pytest.approx(2 * 96 * 130 / 1e3 / float(time), rel=0.2)
        assert re.search(rf"{network} on tiles +\d+ ms +[\d.]+%", out)
        assert re.search(rf"{network} convolutions +\d+ ms +[\d.]+%", out)
    (speed,) = re.search(r"searched: ([\d.]+) megapixels/s", out).groups()
    assert float(speed) > 0
    assert re.search(r"import tensorflow +[\d.]+ s +1.00 x", out)


def test_the_documentation_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--config-file", str(ROOT / "tools/site/mkdocs.yml"), "--site-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = (tmp_path / "commands.html").read_text()
    assert "--bits_per_pixel" in commands
    assert "@command" not in commands
    assert "multi_worker" in (tmp_path / "training.html").read_text()
    assert "preset id" in (tmp_path / "file_format.html").read_text()


def test_under_load_and_through_a_kill_the_server_loses_nothing(exported):
    arguments = [exported / "tiny", "--seconds", 12, "--side", 64, "--port", 18511]
    out = run("load.py", *arguments, "--kill_after", 3)
    assert re.search(r"encode: [1-9]\d* answered", out)
    assert re.search(r"decode: [1-9]\d* answered", out)
    assert re.search(r"tried again: [1-9]", out)
    assert "wrong: 0\nlost: 0" in out


@pytest.mark.parametrize("arguments", [[], ["kodak"], ["unknown", "a", "b"]])
def test_reproduce_says_what_tables_there_are(arguments):
    command = [str(ROOT / "tools" / "reproduce"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    assert "kodak" in done.stderr
    assert "paper" in done.stderr
