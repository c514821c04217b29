"""The steps in a pipeline of this process; the command around them is tested by itself."""

import dataclasses
import json
import os
import shutil
import sys

import imagecodecs
import numpy as np
import PIL.Image
import pytest

pytest.importorskip("apache_beam")
import apache_beam as beam

from comrec_tf.beam import pipeline, verbs
from comrec_tf.compact_file import container
from comrec_tf.compression.request import Request
from comrec_tf.compression.restoration import Restoration


@pytest.fixture
def request_of(exported):
    def make(quality=40):
        return Request(str(exported / "preset"), None, "quality", quality, 2, True)

    return make


@pytest.fixture
def photos(tmp_path, photo):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name in ("a.png", "deep/b.png"):
        PIL.Image.fromarray(photo[:40, :50]).save(tmp_path / "in" / name)
    (tmp_path / "in" / "notes.txt").write_text("no picture")
    return tmp_path / "in"


@pytest.fixture
def run(tmp_path, request_of):
    """Runs patterns; returns the counters and both collections, by file."""

    def call(*patterns, overwrite=False, verb=None, since=0.0):
        verb = verb or verbs.Compress(request_of())
        steps = pipeline.MakeFiles(
            str(tmp_path / "out"), verb, overwrite=overwrite, threads=1, since=since
        )
        made = beam.Pipeline("DirectRunner")
        for name, lines in (made | beam.Create(list(map(str, patterns))) | steps).items():
            lines | f"Write {name}" >> beam.io.WriteToText(str(tmp_path / "rows" / name))
        result = made.run()
        result.wait_until_finish()
        rows = {}
        for name in ("done", "failed"):
            found = sorted((tmp_path / "rows").glob(f"{name}-*"))
            lines = [line for path in found for line in path.read_text().splitlines()]
            rows[name] = {row["file"]: row for row in map(json.loads, lines)}
        return pipeline.counts_of(result), rows["done"], rows["failed"]

    return call


def test_a_folder_becomes_a_tree_and_a_second_run_finds_it_done(tmp_path, photos, run, request_of):
    counts, done, failed = run(photos)
    assert set(done) == {f"{tmp_path}/out/a.jpg", f"{tmp_path}/out/deep/b.jpg"}
    assert (counts["made"], counts["pixels"], failed) == (2, 2 * 40 * 50, {})
    request = request_of()
    picture = np.asarray(PIL.Image.open(photos / "a.png"))
    expected, _ = request.compress(request.compressor(), picture, None)
    assert (tmp_path / "out" / "a.jpg").read_bytes() == expected
    counts, _, _ = run(photos)
    assert (counts["made"], counts["done_before"]) == (0, 2)
    assert set(counts) == set(pipeline.COUNTERS)


def test_what_is_hidden_below_a_folder_is_no_input_unless_it_is_named(tmp_path, photos, run):
    for place in ("deep/.thumbnails/c.png", ".d.png", ".trash/e.png"):
        (photos / place).parent.mkdir(exist_ok=True)
        shutil.copy(photos / "a.png", photos / place)
    _, done, failed = run(photos, photos / ".trash", photos / "deep" / "**", photos / ".d.png")
    assert failed == {}
    assert set(done) == {f"{tmp_path}/out/{name}.jpg" for name in ("a", "deep/b", "b", "e", ".d")}


def test_a_picture_that_comes_back_exactly_has_no_score_that_json_lacks(tmp_path, run, request_of):
    PIL.Image.new("L", (32, 32), 255).save(tmp_path / "white.png")
    request = dataclasses.replace(request_of(90), metric="psnr")
    _, done, failed = run(tmp_path / "white.png", verb=verbs.Compress(request))
    assert failed == {}
    assert done[f"{tmp_path}/out/white.jpg"]["score"] is None


def test_what_fails_is_told_and_stops_nothing(tmp_path, photos, run):
    (photos / "broken.png").write_bytes(b"\x89PNG cut")
    PIL.Image.open(photos / "a.png").save(photos / "a.bmp")
    counts, done, failed = run(photos, tmp_path / "no*.png")
    assert set(done) == {f"{tmp_path}/out/deep/b.jpg"}
    assert counts["failed"] == len(failed) == 4
    assert "not a picture" in failed[f"{photos}/broken.png"]["error"]
    assert "would become" in failed[f"{photos}/a.bmp"]["error"]
    assert "Received: none" in failed[f"{tmp_path}/no*.png"]["error"]


def test_files_that_are_not_ours_are_left_alone(tmp_path, photos, run):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.jpg").write_bytes(b"a stranger's")
    counts, _, failed = run(photos)
    assert (counts["made"], counts["failed"]) == (1, 1)
    assert "pass --overwrite" in failed[f"{photos}/a.png"]["error"]
    assert (tmp_path / "out" / "a.jpg").read_bytes() == b"a stranger's"
    run(photos, overwrite=True)
    assert container.read((tmp_path / "out" / "a.jpg").read_bytes()).quality == 40


def test_what_is_older_than_the_first_run_into_a_folder_is_not_its_own(
    tmp_path, photos, run, exported
):
    run(photos)
    (tmp_path / "out").rename(tmp_path / "compact")
    stranger = tmp_path / "out" / "a.png"
    stranger.parent.mkdir()
    stranger.write_bytes(b"a stranger's")
    os.utime(tmp_path / "compact" / "a.jpg", (1000, 1000))
    os.utime(stranger, (2000, 2000))  # younger than its input
    verb = verbs.Restore(Restoration(str(exported / "preset")))
    counts, _, failed = run(tmp_path / "compact", verb=verb, since=3000)
    assert (counts["made"], counts["failed"]) == (1, 1)
    assert "older than" in failed[f"{tmp_path}/compact/a.jpg"]["error"]
    assert stranger.read_bytes() == b"a stranger's"
    counts, _, _ = run(tmp_path / "compact", verb=verb, since=3000)
    assert (counts["done_before"], counts["failed"]) == (1, 1)


def test_kept_files_are_known_to_the_next_run_and_others_in_their_place_are_left(
    tmp_path, photo, run
):
    (tmp_path / "in").mkdir()
    for name in ("a.webp", "c.webp"):
        PIL.Image.fromarray(photo).save(tmp_path / "in" / name, quality=1)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "c.webp").write_bytes(b"a stranger's")
    counts, _, _ = run(tmp_path / "in")
    assert (counts["kept"], counts["failed"]) == (1, 1)
    copy = tmp_path / "out" / "a.webp"
    assert copy.read_bytes() == (tmp_path / "in" / "a.webp").read_bytes()
    assert (tmp_path / "out" / "c.webp").read_bytes() == b"a stranger's"
    counts, _, _ = run(tmp_path / "in")
    assert (counts["made"], counts["done_before"], counts["failed"]) == (0, 1, 1)


def test_no_error_stops_other_files_and_nothing_is_replaced_under_an_unforeseen_name(
    tmp_path, grey_photo, exported, run, monkeypatch
):
    (tmp_path / "in").mkdir()
    long = "z" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 4) + ".jpg"
    for name in (long, "x.webp"):  # the latter is a JPEG all the same
        PIL.Image.fromarray(grey_photo[..., 0]).save(tmp_path / "in" / name, "JPEG", quality=99)
    fine = (tmp_path / "in" / long).read_bytes()
    packed = imagecodecs.jpegxl_encode_jpeg(fine, usecontainer=True)
    (tmp_path / "in" / "y.jxl").write_bytes(packed)
    own = tmp_path / "out" / "x.jpg"
    own.parent.mkdir()
    own.write_bytes(b"somebody's own")
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    verb = verbs.Restore(Restoration(str(exported / "preset")))
    counts, done, failed = run(tmp_path / "in", verb=verb)
    assert set(done) == {f"{tmp_path}/out/{long}"}
    assert (tmp_path / "out" / long).read_bytes() == fine
    assert failed[f"{tmp_path}/in/x.webp"]["error"] == (
        f"{own} exists: pass --overwrite to replace it"
    )
    assert failed[f"{tmp_path}/in/y.jxl"]["error"].startswith("ModuleNotFoundError: ")
    assert own.read_bytes() == b"somebody's own"
    own.write_bytes(fine)  # as an earlier run would have left it
    counts, _, _ = run(tmp_path / "in", verb=verb)
    assert (counts["made"], counts["done_before"], counts["failed"]) == (0, 2, 1)
