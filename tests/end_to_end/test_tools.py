import csv
import html
import io
import json
import pathlib
import re
import subprocess
import sys

import PIL.Image
import pytest

from comrec_tf import __main__ as program
from comrec_tf.presets import card, find

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
    row = r"^(?:plain JPEG, quality \d+|comrec_tf) +([\d,]+) +[\d.]+ +([\d.-]+) +([\d.]+) dB"
    rows = re.findall(row, out, flags=re.MULTILINE)
    (plain_bytes, plain_score, plain_psnr), (our_bytes, our_score, our_psnr) = rows
    assert int(plain_bytes.replace(",", "")) >= int(our_bytes.replace(",", ""))
    assert float(our_psnr) > float(plain_psnr) + 1.0
    assert float(our_score) > float(plain_score) + 20.0
    with PIL.Image.open(tmp_path / "side_by_side.png") as sheet:
        assert sheet.width > 900


ROWS = {
    "paper": ("plain JPEG", "ComCNN only", "RecCNN only", "trained apart", "alternated"),
    "design": (
        *("plain JPEG", "alternated", "joint", "bicubic instead of ComCNN"),
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
    out = run("benchmark_training.py", *arguments)
    times = dict(re.findall(r"^batch +2  (.+?) +([\d.]+) ms", out, flags=re.MULTILINE))
    parts = {"RecCNN alone", "ComCNN alone", "input alone", "differentiable JPEG"}
    assert set(times) == {"alternating", "joint", *parts}
    bare = float(times["RecCNN alone"]) + float(times["ComCNN alone"])
    for name in ("alternating", "joint"):
        (ratio,) = re.findall(rf"{name} .* ([\d.]+) x the two networks alone", out)
        assert float(ratio) == pytest.approx(float(times[name]) / bare, rel=0.05, abs=0.05)


def test_the_benchmark_measures_commands_in_turn_with_another_checkout():
    arguments = ["--num_pictures", 2, "--size", 96, 130, "--rounds", 1, "--against", ROOT]
    out = run("benchmark.py", *arguments)
    header, *lines = out.splitlines()
    assert "ratio of seconds" in header
    rows = {line[: header.index("  seconds")].strip(): line.split()[-6:] for line in lines}
    assert [name for name in rows if "compress" in name] == [
        "compress one photo, scale 2",
        "compress 2 photos, scale 2",
        "compress 2 photos, scale 1",
        "compress 2 photos, all searched",
    ]
    assert sum("restore" in name for name in rows) == 3
    for seconds, speed, memory, other_seconds, other_memory, ratio in rows.values():
        assert float(ratio) == pytest.approx(float(seconds) / float(other_seconds), rel=0.05)
        assert float(speed) > 0
        assert 20 < float(memory) < 4000
        assert float(other_memory) > 20


def test_engines_are_measured_in_turn_and_their_speeds_kept_for_the_figures(tmp_path):
    kept = tmp_path / "speed.json"
    arguments = ["--preset", "comrec-fast", "--engine", "LiteRT", "--rounds=1", "--json", kept]
    out = run("benchmark_engines.py", *arguments)
    content = json.loads(kept.read_text())
    assert content["command"] == (
        "tools/benchmark engines --preset comrec-fast --engine LiteRT --rounds=1"
    )
    assert [(entry["engine"], entry["scale"]) for entry in content["entries"]] == [
        ("LiteRT", 1),
        ("LiteRT", 2),
    ]
    for entry in content["entries"]:
        assert f"{entry['megapixels_per_second']:.3g}" in out
        assert entry["megapixels_per_second"] > 0.01


def test_the_benchmark_names_the_command_that_fails():
    arguments = ["--num_pictures", "1", "--size", "64", "64", "--preset", "nowhere"]
    command = [sys.executable, str(ROOT / "tools" / "benchmark.py"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 1
    assert "comrec_tf.compress" in done.stderr
    assert "Received: 'nowhere'" in done.stderr


def test_the_papers_table_has_every_picture_and_the_mean(tmp_path, pictures_dir):
    pictures = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    rows_file = tmp_path / "rows.csv"
    arguments = [*pictures, "--preset=comrec-psnr", f"--csv={rows_file}", "--jpeg_qualities=20"]
    out = run("paper.py", *arguments)
    rows = list(csv.DictReader(rows_file.open()))
    assert [row["picture"] for row in rows] == ["astronaut.png", "camera.png", "mean"]
    for row in rows:
        assert float(row["num_bytes"]) <= float(row["jpeg_bytes"])
        assert float(row["jpeg_quality"]) == 20
        assert f"{float(row['psnr']):.2f}" in out
    plain = io.BytesIO()
    # Standard Huffman tables and the luma alone: Pillow's own JPEG of the grey picture.
    picture = PIL.Image.open(pictures[1])
    picture.save(plain, "JPEG", quality=20)
    assert float(rows[1]["jpeg_bytes"]) == len(plain.getvalue())


def test_restored_jpegs_are_told_by_quality_and_kind(tmp_path, pictures_dir):
    pictures = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    arguments = [*pictures, "--qualities=10", f"--csv={tmp_path}/rows.csv"]
    out = run("artefacts.py", *arguments)
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert [(row["kind"], row["picture"]) for row in rows] == [
        ("luma", "astronaut.png"),
        ("color", "astronaut.png"),
        ("luma", "camera.png"),
    ]
    for row in rows:
        assert float(row["psnr_after"]) > float(row["psnr_before"])
    assert [line.split()[:2] for line in out.splitlines()[1:]] == [["luma", "10"], ["color", "10"]]


def text_of(page):
    """What a page says, without its tags."""
    return html.unescape(re.sub(r"<[^>]*>", "", page.read_text()))


def test_the_documentation_is_built_without_a_warning(tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--config-file", str(ROOT / "tools/site/mkdocs.yml"), "--site-dir", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    commands = text_of(tmp_path / "commands.html")
    for name in program.COMMANDS:
        assert program.command(name).draw_help(f"comrec {name}", width=80) in commands
    presets = text_of(tmp_path / "presets.html")
    for name, folder in find.list_presets().items():
        found = card.read(folder)
        assert name in presets
        assert found.description in presets
        assert all(f"{pair.id:08x}" in presets for pair in found.pairs)
        assert all(terms in presets for terms in found.training["data_terms"].values())
        assert all(run["command"] in presets for run in found.training["runs"])
    assert "presets.html" in (tmp_path / "index.html").read_text()
    assert "multi_worker" in (tmp_path / "training.html").read_text()
    assert "preset id" in (tmp_path / "file_format.html").read_text()


def test_under_load_strangers_a_kill_and_a_new_version_the_server_loses_nothing(exported):
    command = [sys.executable, "-m", "tools.load", str(exported / "tiny"), "--port=18511"]
    command += ["--seconds=60", "--height=64", "--width=64", "--rest", "--late_share=0.05"]
    command += ["--kills=1", "--rolls=1", "--hostile", "--serve_flag=--noenable_model_warmup"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    out = done.stdout
    assert done.returncode == 0, out + done.stderr
    for name in ("encode over gRPC", "decode over gRPC", "encode over REST", "decode over REST"):
        assert re.search(rf"{name}: [1-9]\d* answered", out)
    assert "killed and started again: 1" in out
    assert "versions rolled: 1" in out
    assert "wrong: 0" in out
    assert "lost: 0" in out
    assert int(re.search(r"log: (\d+) bytes", out)[1]) < 20_000


@pytest.mark.parametrize(
    "arguments", [[], ["kodak"], ["eye", "a"], ["unknown", "a", "b"], ["--third", "eye", "a"]]
)
def test_reproduce_says_what_tables_there_are(arguments):
    command = [str(ROOT / "tools" / "reproduce"), *arguments]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 2
    for table in ("eye", "kodak", "jpeg-xl", "grey", "paper", "artefacts"):
        assert table in done.stderr
