import os
import types

import pytest

from comrec_tf.commands import frame, journal, plan
from comrec_tf.commands.plan import Job


def usual(source, output):
    return [output]


def make(*inputs, is_output=lambda path: False, places=usual, **flags):
    values = {
        "input": [],
        "output_dir": "out",
        "overwrite": False,
        "resume": False,
        "on_clash": "skip",
        "dry_run": False,
        **flags,
    }
    return plan.make(
        [str(path) for path in inputs],
        types.SimpleNamespace(**values),
        suffix=".jpg",
        suffixes=(".png", ".tif", ".jpg"),
        options={},
        is_output=is_output,
        outputs_of=places,
    )


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "b.TIF", "sub/c.png", "notes.txt", ".hidden.png"):
        (tmp_path / "in" / name).write_bytes(b"")
    return tmp_path


ALL = [
    Job("in/a.png", "out/a.jpg"),
    Job("in/b.TIF", "out/b.jpg"),
    Job("in/sub/c.png", "out/sub/c.jpg"),
]


def test_outputs_are_named_by_their_inputs_and_a_file_named_twice_is_one(tree):
    assert make("in/a.png", "in/b.TIF", "in/a.png", "in").jobs == ALL


def test_inputs_of_the_flag_come_before_those_that_follow_the_flags(tree):
    assert make("in/b.TIF", "in", input=["in/a.png"]).jobs == ALL


def test_a_folder_keeps_its_tree_and_what_is_no_picture_is_counted(tree):
    planned = make("in", "in")
    assert planned.jobs == ALL
    assert planned.num_passed_over == {".txt": 1}
    assert not (tree / "out").exists()


def test_a_folder_that_cannot_be_read_is_no_clash(tree, unreadable):
    unreadable("in/sub")
    planned = make("in", on_clash="error")
    assert planned.jobs == ALL[:2]
    assert planned.skipped == {"in/sub": "Permission denied"}


def test_globs_are_files(tree):
    assert make("in/*.png").jobs == ALL[:1]
    assert make("in/**/*.png").jobs == [ALL[0], Job("in/sub/c.png", "out/c.jpg")]


def test_standard_input_goes_to_standard_output(tree):
    assert make("-", output_dir=None).jobs == [Job("-", "-")]
    for wrong in ({"output_dir": "out"}, {"output_dir": None, "resume": True}):
        with pytest.raises(frame.UsageError, match="expected - alone"):
            make("-", **wrong)
    with pytest.raises(frame.UsageError, match="expected - alone"):
        make("-", "in/a.png", output_dir=None)


def test_outputs_that_exist_are_named_and_skipped_and_the_others_go_on(tree):
    (tree / "out").mkdir()
    (tree / "out" / "a.jpg").write_bytes(b"")
    planned = make("in")
    assert planned.jobs == ALL[1:]
    assert planned.skipped == {
        "in/a.png": "out/a.jpg exists: pass --overwrite to replace it",
    }
    assert make("in", overwrite=True).jobs == ALL
    assert make("in", on_clash="number").jobs[0] == Job("in/a.png", "out/a-2.jpg")
    with pytest.raises(FileExistsError, match=r"in/a.png: out/a.jpg exists"):
        make("in", on_clash="error")


def test_inputs_of_one_name_are_skipped_or_numbered(tree):
    for name in ("b.jpg", "b.png", "b-2.png"):
        (tree / "in" / name).write_bytes(b"")
    planned = make("in", overwrite=True)
    assert planned.jobs == [ALL[0], Job("in/b-2.png", "out/b-2.jpg"), ALL[2]]
    assert set(planned.skipped) == {"in/b.TIF", "in/b.jpg", "in/b.png"}
    assert "would become one file, out/b.jpg" in planned.skipped["in/b.png"]
    numbered = {job.source: job.output for job in make("in", on_clash="number").jobs}
    assert numbered["in/b-2.png"] == "out/b-2.jpg"
    assert sorted(numbered[f"in/b.{ending}"] for ending in ("TIF", "jpg", "png")) == [
        "out/b-3.jpg",
        "out/b-4.jpg",
        "out/b.jpg",
    ]


def test_no_input_is_ever_an_output(tree):
    (tree / "in" / "a.jpg").write_bytes(b"")
    for flags in ({}, {"overwrite": True}, {"resume": True, "overwrite": True}):
        planned = make("in/a.jpg", output_dir="in", **flags)
        assert planned.jobs == []
        assert "is an input" in planned.skipped["in/a.jpg"]
    assert make("in/a.png", "in/b.TIF", output_dir="in", overwrite=True).jobs == [
        Job("in/a.png", "in/a.jpg"),
        Job("in/b.TIF", "in/b.jpg"),
    ]


def test_a_plan_knows_its_inputs_by_every_path_and_outputs_of_earlier_runs_are_none(tree):
    (tree / "in" / "b.jpg").write_bytes(b"made by us")
    (tree / "link").symlink_to("in")
    planned = make("in", output_dir="in", is_output=lambda path: path.endswith("b.jpg"))
    assert planned.is_input("in/a.png")
    assert planned.is_input(f"{tree}/link/sub/../a.png")
    assert not planned.is_input("in/b.jpg")
    assert not planned.is_input("in/notes.txt")


def test_a_place_that_a_copy_would_take_counts_as_an_output(tree):
    (tree / "in" / "w.webp").write_bytes(b"")
    (tree / "out").mkdir()
    (tree / "out" / "w.webp").write_bytes(b"")

    def places(source, output):
        return [output, output.replace(".jpg", ".webp")]

    assert "out/w.webp exists" in make("in/w.webp", places=places).skipped["in/w.webp"]
    assert make("in/w.webp", places=places, on_clash="number").jobs[0].output == "out/w-2.jpg"
    at_home = make("in/w.webp", places=places, output_dir="in")
    assert at_home.jobs == [Job("in/w.webp", "in/w.jpg")]
    assert make("in/w.webp").jobs == [Job("in/w.webp", "out/w.jpg")]


def test_outputs_of_an_earlier_run_are_never_inputs_of_the_next(tree):
    (tree / "in" / "small" / "deep").mkdir(parents=True)
    (tree / "in" / "small" / "deep" / "a.jpg").write_bytes(b"")
    assert [job.source for job in make("in", output_dir="in/small").jobs] == [
        job.source for job in ALL
    ]
    # Where inputs and outputs share a folder, only what the files hold can tell.
    (tree / "in" / "a.jpg").write_bytes(b"made by us")
    planned = make("in", output_dir="in", is_output=lambda path: path.endswith("a.jpg"))
    assert planned.num_passed_over["output of an earlier run"] == 2
    assert planned.skipped == {"in/a.png": "in/a.jpg exists: pass --overwrite to replace it"}


def test_a_command_without_inputs_or_output_is_a_wrong_one(tree):
    with pytest.raises(frame.UsageError, match="Received: nothing"):
        make()
    with pytest.raises(frame.UsageError, match="--output_dir=FOLDER"):
        make("in", output_dir=None)


def test_an_output_folder_that_cannot_be_written_is_found_at_once(tree):
    (tree / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        make("in", output_dir="file/out")
    assert make("in", output_dir="file/out", dry_run=True).jobs


def test_resuming_passes_over_what_is_done_and_replaces_nothing_else(tree):
    log = journal.Journal("out", {})
    (tree / "out").mkdir()
    for name in ("a", "b"):
        (tree / "out" / f"{name}.jpg").write_bytes(name.encode())
    log.record("in/a.png", "out/a.jpg", b"a", os.stat("in/a.png"))
    log.flush()
    planned = make("in", resume=True)
    assert planned.num_done == 1
    assert planned.jobs == ALL[2:]
    assert "out/b.jpg exists" in planned.skipped["in/b.TIF"]
    # With --overwrite what the journal does not know is made again, and what is done stays.
    assert make("in", resume=True, overwrite=True).jobs == ALL[1:]
    # What the journal knows may be made again, unless somebody has changed it since.
    os.utime("in/a.png", (1, 1))
    assert make("in/a.png", resume=True).jobs == ALL[:1]
    (tree / "out" / "a.jpg").write_bytes(b"a person's own")
    assert "exists" in make("in/a.png", resume=True).skipped["in/a.png"]


def test_numbers_stay_when_a_numbered_run_is_resumed(tree):
    (tree / "in" / "a.tif").write_bytes(b"")
    first = make("in/a.png", "in/a.tif", on_clash="number", resume=True)
    (tree / "out").mkdir()
    for job in first.jobs:
        first.log.record(job.source, job.output, job.source.encode(), os.stat(job.source))
        (tree / job.output).write_bytes(job.source.encode())
    first.log.flush()
    os.utime("in/a.tif", (1, 1))
    again = make("in/a.tif", on_clash="number", resume=True)
    assert again.jobs == [Job("in/a.tif", "out/a-2.jpg")]
