import contextlib
import hashlib
import json
import os
import pathlib
import socket
import subprocess
import sys
import time

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("apache_beam")
import tensorflow as tf

from comrec_tf.beam import compress
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.presets import weights
from tests.makers import make_model

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("beam") / "preset"
    weights.save_preset([make_model(), make_model(scale=1)], folder)
    return folder


@pytest.fixture
def photos(tmp_path, pictures_dir):
    """A tree of two pictures and a file that is none."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    for name, place in (("coffee", "."), ("small", "deep")):
        PIL.Image.open(pictures_dir / f"{name}.png").save(folder / place / f"{name}.png")
    (folder / "notes.txt").write_text("no picture")
    return folder


@pytest.fixture
def run(preset):
    def call(source, output, *more):
        inputs = str(source).split(",")
        arguments = [*inputs, f"--output_dir={output}", f"--preset={preset}", *more]
        return compress.main(["beam_compress", "--scale=2", "--json", *arguments])

    return call


def lines_of(output, name):
    paths = sorted(output.glob(f"_comrec_tf/*/{name}-*.jsonl"))
    return [json.loads(line) for path in paths for line in path.read_text().splitlines()]


def flat(report):
    """Counts and the total of a report, without the rest."""
    report = json.loads(report)
    return {"done_before": report["done_before"], **report["num_files"], **report["total"]}


def counts(capsys):
    return flat(capsys.readouterr().out)


def test_a_tree_of_pictures_becomes_a_tree_of_compact_files(tmp_path, photos, run, preset, capsys):
    output = tmp_path / "out"
    assert run(photos, output) == 0
    compressor = Compressor.from_preset(preset)
    for name in ("coffee", "deep/small"):
        picture = np.asarray(PIL.Image.open(photos / f"{name}.png"))
        content = (output / f"{name}.jpg").read_bytes()
        assert content == compressor.encode(picture, scale=2).content
    done = {row["file"]: row for row in lines_of(output, "done")}
    assert set(done) == {f"{output}/coffee.jpg", f"{output}/deep/small.jpg"}
    for path, row in done.items():
        assert row["sha256"] == hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    counted = counts(capsys)
    assert (counted["made"], counted["failed"], counted["done_before"]) == (2, 0, 0)
    assert counted["pixels"] == 160 * 160 + 30 * 20
    assert counted["bytes_after"] == sum(path.stat().st_size for path in output.rglob("*.jpg"))
    assert not list(output.rglob(".*"))


def test_a_second_run_passes_over_what_is_there_and_newer(tmp_path, photos, run, capsys):
    output = tmp_path / "out"
    assert run(photos, output) == 0
    PIL.Image.open(photos / "coffee.png").save(photos / "new.png")
    later = time.time() + 60
    os.utime(photos / "deep" / "small.png", (later, later))
    capsys.readouterr()
    assert run(photos, output) == 0
    counted = counts(capsys)
    assert (counted["made"], counted["done_before"]) == (2, 1)


def test_brackets_in_a_name_and_a_slash_at_the_end_change_nothing(tmp_path, photos, run, capsys):
    (photos / "coffee.png").rename(photos / "coffee[1].png")
    for done_before in (0, 2):
        assert run(photos, f"{tmp_path}/out/") == 0
        assert counts(capsys)["done_before"] == done_before
    for _ in range(2):  # outputs below the input are not inputs
        tf.io.gfile.makedirs("ram://slash/deep")
        with tf.io.gfile.GFile("ram://slash/deep/small.png", "wb") as file:
            file.write((photos / "deep" / "small.png").read_bytes())
        assert run("ram://slash", "ram://slash/out/") == 0
    assert tf.io.gfile.glob("ram://slash/out/*/*.jpg") == ["ram://slash/out/deep/small.jpg"]
    assert not tf.io.gfile.exists("ram://slash/out/out")


def test_nothing_that_is_not_ours_is_replaced(tmp_path, photos, run, capsys):
    PIL.Image.open(photos / "coffee.png").save(photos / "photo.jpg")
    before = {path: path.read_bytes() for path in photos.rglob("*.*")}
    # Files below the output are not inputs, and another output may hold the input.
    assert run(photos, photos) == 1
    assert "Received: none" in lines_of(photos, "failed")[0]["error"]
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "coffee.jpg").write_bytes(b"a stranger's")
    assert run(photos, tmp_path / "out") == 1
    (failed,) = lines_of(tmp_path / "out", "failed")
    assert "is not a compact file" in failed["error"]
    assert (tmp_path / "out" / "coffee.jpg").read_bytes() == b"a stranger's"
    assert run(f"{photos}/*.jpg", photos.parent / "in2") == 0
    assert run(f"{photos / 'photo.jpg'},{photos}/*.jpg", tmp_path / "twice") == 0
    assert all(path.read_bytes() == content for path, content in before.items())


def test_an_output_that_is_its_own_input_is_refused(tmp_path, photos, run, monkeypatch):
    (tmp_path / "deep").mkdir()
    picture = tmp_path / "deep" / "photo.jpg"
    PIL.Image.open(photos / "coffee.png").save(picture)
    before = picture.read_bytes()
    assert run(f"{tmp_path}/*/photo.jpg", tmp_path, "--overwrite") == 1
    assert picture.read_bytes() == before


def test_failures_go_to_a_file_and_stop_nothing(tmp_path, photos, run, capsys):
    (photos / "broken.png").write_bytes(b"\x89PNG cut off")
    PIL.Image.open(photos / "coffee.png").save(photos / "coffee.bmp")
    output = tmp_path / "out"
    assert run(f"{photos},{tmp_path}/nothing/*.png", output) == 1
    failed = {row["file"]: row["error"] for row in lines_of(output, "failed")}
    assert set(failed) == {
        f"{photos}/broken.png",
        f"{photos}/coffee.bmp",
        f"{photos}/coffee.png",
        f"{tmp_path}/nothing/*.png",
    }
    assert "not a picture" in failed[f"{photos}/broken.png"]
    assert "different names" in failed[f"{photos}/coffee.bmp"]
    assert "Received: none" in failed[f"{tmp_path}/nothing/*.png"]
    assert [path.name for path in output.rglob("*.jpg")] == ["small.jpg"]
    captured = capsys.readouterr()
    assert flat(captured.out)["failed"] == 4
    assert "4 of 5 files failed: see" in captured.err


def test_a_folder_of_another_request_is_refused_unless_overwritten(tmp_path, photos, run, capsys):
    output = tmp_path / "out"
    assert run(photos, output, "--quality=30") == 0
    first = (output / "coffee.jpg").read_bytes()
    assert run(photos, output, "--quality=60") == 1
    assert "'value': 30" in capsys.readouterr().err
    assert (output / "coffee.jpg").read_bytes() == first
    assert run(photos, output, "--quality=60", "--overwrite") == 0
    assert container.read((output / "coffee.jpg").read_bytes()).quality == 60


def test_patterns_and_other_file_systems_are_read_and_written(photos, run, capsys):
    for name in ("coffee.png", "deep/small.png"):
        target = f"ram://photos/{name}"
        tf.io.gfile.makedirs(target.rpartition("/")[0])
        with tf.io.gfile.GFile(target, "wb") as file:
            file.write((photos / name).read_bytes())
    assert run("ram://photos/deep/*.png", "ram://compact") == 0
    assert run("ram://photos", "ram://whole") == 0
    with tf.io.gfile.GFile("ram://compact/small.jpg", "rb") as file:
        assert container.read(file.read()).width == 30
    with tf.io.gfile.GFile("ram://whole/coffee.jpg", "rb") as file:
        assert container.read(file.read()).width == 160
    assert len(tf.io.gfile.glob("ram://whole/_comrec_tf/*/done-*")) == 1


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["--output_dir=b"], 2, "expected files, folders or globs"),
        (["--input=a"], 2, "expected --output_dir"),
        (["--input=a", "--output_dir=b", "--runer=DirectRunner"], 2, "Received: --runer"),
        (["--input=a", "--output_dir=b", "--scale=3"], 2, "scale"),
        (["--input=a", "--output_dir=b", "--psnr=30", "--quality=3"], 2, "expected one of"),
        (["--input=a", "--output_dir=b", "--preset=unknown"], 1, "'unknown'"),
    ],
)
def test_wrong_calls_say_what_is_wrong(arguments, code, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert compress.main(["beam_compress", *arguments]) == code
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def call_in_a_process(preset, photos, output, *options):
    command = [sys.executable, "-m", "comrec_tf.beam.compress", f"--preset={preset}", "--json"]
    command += [f"--input={photos}", f"--output_dir={output}", "--scale=2", *options]
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True, timeout=300)
    return flat(done.stdout)


def test_inputs_stand_where_those_of_compress_do_beside_options_of_beam(
    tmp_path, photos, preset, capsys
):
    words = [f"--input={photos}/coffee.png", "--runner", "DirectRunner", f"{photos}/deep"]
    options = [f"--preset={preset}", "--scale=2", "-o", f"{tmp_path}/out", "--json"]
    assert compress.main(["beam_compress", *words, *options]) == 0
    assert counts(capsys)["made"] == 2
    assert sorted(path.name for path in tmp_path.glob("out/*.jpg")) == ["coffee.jpg", "small.jpg"]


def test_a_limit_of_bytes_that_cannot_be_kept_is_code_3(tmp_path, photos, preset, capsys):
    options = [f"--preset={preset}", "--max_bytes=50", "-o", f"{tmp_path}/out", "--json"]
    assert compress.main(["beam_compress", str(photos), *options]) == 3
    counted = counts(capsys)
    assert (counted["failed"], counted["over_limit"], counted["made"]) == (2, 2, 0)


def test_a_process_loads_its_preset_once(tmp_path, photos, run, capsys):
    for number in range(6):
        PIL.Image.open(photos / "deep" / "small.png").save(photos / f"{number}.png")
    assert run(photos, tmp_path / "out") == 0
    counted = counts(capsys)
    assert (counted["made"], counted["loads"]) == (8, 1)


@pytest.mark.slow
def test_two_worker_processes_share_the_work_and_load_the_preset_once_each(
    tmp_path, photos, preset
):
    for number in range(10):
        PIL.Image.open(photos / "deep" / "small.png").save(photos / f"{number}.png")
    options = ["--direct_num_workers=2", "--direct_running_mode=multi_processing"]
    counted = call_in_a_process(preset, photos, tmp_path / "out", *options)
    assert counted["made"] == 12
    assert counted["loads"] in (1, 2)
    assert (tmp_path / "out" / "deep" / "small.jpg").exists()


@pytest.mark.slow
def test_a_portable_job_service_on_loopback_runs_it(tmp_path, photos, preset):
    with contextlib.closing(socket.create_server(("localhost", 0))) as server:
        port = server.getsockname()[1]
    service = subprocess.Popen(
        [
            *[sys.executable, "-m", "apache_beam.runners.portability.local_job_service_main"],
            *["-p", str(port), "--staging_dir", str(tmp_path / "staging")],
        ],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            with contextlib.suppress(OSError), socket.create_connection(("localhost", port)):
                break
            time.sleep(0.1)
        options = ["--runner=PortableRunner", f"--job_endpoint=localhost:{port}"]
        options.append("--environment_type=LOOPBACK")
        counted = call_in_a_process(preset, photos, tmp_path / "out", *options)
    finally:
        service.kill()
        service.wait()
    assert counted["made"] == 2
    assert (tmp_path / "out" / "coffee.jpg").exists()
