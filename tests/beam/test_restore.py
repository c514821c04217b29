import json
import os
import shutil
import time

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("apache_beam")
from comrec_tf.beam import restore
from comrec_tf.compression.compressor import Compressor


@pytest.fixture
def folder(tmp_path, exported, photo, grey_photo):
    """A compact file, a JPEG that is worth restoring, and one that is not."""
    folder = tmp_path / "in"
    (folder / "deep").mkdir(parents=True)
    content = Compressor.from_preset(exported / "preset").encode(photo, 60).content
    (folder / "compact.jpg").write_bytes(content)
    PIL.Image.fromarray(photo).save(folder / "deep" / "old.jpeg", quality=30)
    PIL.Image.fromarray(grey_photo[..., 0]).save(folder / "fine.jpg", quality=99)
    return folder


@pytest.fixture
def run(tmp_path, folder, exported, capsys):
    def call(*more, output="out"):
        options = [f"--preset={exported}/preset", "-o", str(tmp_path / output), "--json", *more]
        code = restore.main(["beam_restore", str(folder), *options])
        captured = capsys.readouterr()
        report = json.loads(captured.out) if captured.out else {"num_files": None}
        return code, report, captured.err

    return call


def counts(report):
    return report["num_files"], report["done_before"]


def test_compact_files_and_ordinary_jpegs_are_restored_as_by_the_command(
    tmp_path, folder, run, exported
):
    compressor = Compressor.from_preset(exported / "preset")
    code, report, _ = run()
    assert code == 0
    expected = {"made": 3, "failed": 0, "over_limit": 0, "missed": 0, "kept": 1, "loads": 1}
    assert counts(report) == (expected, 0)
    shown = np.asarray(PIL.Image.open(tmp_path / "out" / "compact.png"))
    picture = compressor.decode((folder / "compact.jpg").read_bytes())
    np.testing.assert_array_equal(shown, picture)
    shown = np.asarray(PIL.Image.open(tmp_path / "out" / "deep" / "old.png"))
    picture = compressor.restore_jpeg((folder / "deep" / "old.jpeg").read_bytes()).picture
    np.testing.assert_array_equal(shown, picture)
    kept = (tmp_path / "out" / "fine.jpg").read_bytes()
    assert kept == (folder / "fine.jpg").read_bytes()
    assert report["total"]["pixels"] == 2 * 128 * 160 + 120 * 150
    rows = [
        json.loads(line)
        for path in (tmp_path / "out" / "_comrec_tf").glob("*/done-*")
        for line in path.read_text().splitlines()
    ]
    assert {os.path.basename(row["file"]) for row in rows} == {"compact.png", "old.png", "fine.jpg"}


def test_a_second_run_goes_on_and_replaces_nothing_by_itself(tmp_path, folder, run):
    assert run()[0] == 0
    code, report, told = run()
    assert (code, report["num_files"]["made"], report["done_before"]) == (0, 0, 3)
    assert "3 of 3 files are done already" in told
    later = time.time() + 60
    os.utime(folder / "compact.jpg", (later, later))
    shutil.rmtree(tmp_path / "out" / "deep")
    code, report, told = run()
    assert (code, report["num_files"]["made"], report["num_files"]["failed"]) == (1, 1, 1)
    assert "1 of 3 files failed: see" in told
    assert run("--overwrite")[1]["num_files"]["made"] == 3


def test_another_strength_needs_another_folder(run):
    assert run("--strength=0.5")[0] == 0
    code, _, told = run()
    assert code == 1
    assert "was begun with {'strength': 0.5}" in told


def test_other_formats_and_broken_files(tmp_path, folder, run):
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 cut")
    code, report, _ = run("-f", "webp", "-q", "80")
    assert (code, report["num_files"]["made"], report["num_files"]["failed"]) == (1, 3, 1)
    assert PIL.Image.open(tmp_path / "out" / "compact.webp").size == (160, 128)


def test_an_input_is_never_replaced_by_what_is_made_of_it(folder, run):
    before = {path: path.read_bytes() for path in folder.rglob("*.*")}
    code, report, _ = run(output="in")
    # Files in the output folder are not inputs.
    assert (code, report["num_files"]["made"]) == (1, 0)
    assert {path: path.read_bytes() for path in folder.rglob("*.jp*")} == before


def test_wrong_calls_say_what_is_wrong(run):
    assert run("--quality=5")[0] == 2
    assert "expected --format=jpeg or webp" in run("--quality=5")[2]
