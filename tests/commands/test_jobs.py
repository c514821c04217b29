import threading
import types

import pytest

from comrec_tf.commands import jobs, journal
from comrec_tf.commands.jobs import Job


def plan(*inputs, **flags):
    values = {"output_dir": "out", "overwrite": False, "resume": False, **flags}
    return jobs.plan(
        [str(path) for path in inputs],
        types.SimpleNamespace(**values),
        suffix=".jpg",
        suffixes=(".png", ".tif"),
    )


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "b.TIF", "sub/c.png", "notes.txt", ".hidden.png"):
        (tmp_path / "in" / name).write_bytes(b"")
    return tmp_path


def test_outputs_are_named_by_their_inputs(tree):
    assert plan("in/a.png", "in/b.TIF") == [
        Job("in/a.png", "out/a.jpg"),
        Job("in/b.TIF", "out/b.jpg"),
    ]


def test_a_folder_keeps_its_tree(tree):
    expected = [
        Job("in/a.png", "out/a.jpg"),
        Job("in/b.TIF", "out/b.jpg"),
        Job("in/sub/c.png", "out/sub/c.jpg"),
    ]
    assert plan("in") == expected


def test_globs_are_files(tree):
    assert plan("in/*.png") == [Job("in/a.png", "out/a.jpg")]
    assert plan("in/**/*.png") == [Job("in/a.png", "out/a.jpg"), Job("in/sub/c.png", "out/c.jpg")]


def test_standard_input_goes_to_standard_output(tree):
    assert plan("-", output_dir=None) == [Job("-", "-")]
    for wrong in ({"output_dir": "out"}, {"output_dir": None, "resume": True}):
        with pytest.raises(ValueError, match="expected - alone"):
            plan("-", **wrong)
    with pytest.raises(ValueError, match="expected - alone"):
        plan("-", "in/a.png", output_dir=None)


def test_outputs_never_destroy_anything(tree):
    (tree / "out").mkdir()
    (tree / "out" / "a.jpg").write_bytes(b"")
    with pytest.raises(FileExistsError, match="--overwrite"):
        plan("in/a.png")
    assert plan("in/a.png", overwrite=True) == [Job("in/a.png", "out/a.jpg")]
    (tree / "in" / "b.png").write_bytes(b"")
    (tree / "out" / "a.jpg").unlink()
    with pytest.raises(ValueError, match=r"in/b.TIF and in/b.png, which would both become"):
        plan("in")
    (tree / "in" / "b.jpg").write_bytes(b"")
    with pytest.raises(ValueError, match="is an input"):
        plan("in/b.jpg", output_dir="in", overwrite=True)


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ([], "Received: none"),
        (["missing.png"], "Received: missing.png"),
        (["in/*.gif"], "Received: in/"),
        (["empty"], "empty, where there are none"),
    ],
)
def test_inputs_that_are_not_there_are_named(tree, inputs, message):
    (tree / "empty").mkdir()
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        plan(*inputs)
    with pytest.raises(ValueError, match="--output_dir=FOLDER"):
        plan("in", output_dir=None)


JOBS = [Job(name, name.upper()) for name in "abcdef"]


def run(jobs=JOBS, read=None, work=None, write=None, **kwargs):
    return jobs.run(
        jobs,
        "working",
        read=read or (lambda job: job.source),
        work=work or (lambda job, content: content * 2),
        write=write or (lambda job, content: {"file": content, "pixels": 1}),
        **kwargs,
    )


def test_each_file_goes_through_all_stages_in_order():
    rows, failures = run()
    assert [row["file"] for row in rows] == ["aa", "bb", "cc", "dd", "ee", "ff"]
    assert failures == []


@pytest.mark.parametrize("stage", ["read", "work", "write"])
def test_a_file_that_fails_does_not_stop_the_others(stage, capsys):
    stages = {
        "read": lambda job: job.source,
        "work": lambda job, content: content,
        "write": lambda job, content: {"file": content, "pixels": 1},
    }

    def failing(job, *content):
        if job.source == "b":
            raise ValueError("is odd")
        return stages[stage](job, *content)

    rows, failures = run(**{**stages, stage: failing})
    assert [row["file"] for row in rows] == ["a", "c", "d", "e", "f"]
    assert failures == [{"file": "b", "error": "b: is odd"}]
    assert capsys.readouterr().err == "b: is odd\n1 of 6 files failed\n"


def test_no_more_than_a_few_files_are_held_at_a_time():
    lock, held, most = threading.Lock(), set(), []

    def read(job):
        with lock:
            held.add(job)
            most.append(len(held))
        return job.source

    def write(job, content):
        with lock:
            held.remove(job)
        return {"file": content, "pixels": 1}

    jobs = [Job(str(number), "") for number in range(50)]
    rows, _ = run(jobs, read=read, write=write)
    assert len(rows) == 50
    assert max(most) <= 6


def test_what_the_journal_lists_is_passed_over(tree, capsys):
    jobs = [Job("in/a.png", "out/a.jpg"), Job("in/b.TIF", "out/b.jpg")]
    done = []

    def write(job, content):
        (tree / job.output).write_text(content)
        done.append(job.source)
        return {"file": job.output, "pixels": 1}

    for _ in range(2):
        run(jobs, write=write, log=journal.Journal("out", {}))
    assert sorted(done) == ["in/a.png", "in/b.TIF"]
    assert "2 of 2 files are done already" in capsys.readouterr().err
