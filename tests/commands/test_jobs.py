import concurrent.futures
import dataclasses
import os
import pathlib
import signal
import threading

import pytest

from comrec_tf.commands import jobs, journal
from comrec_tf.commands.plan import Job, Plan


@dataclasses.dataclass
class Source:
    name: str
    num_pixels: int = 1


def verb(**stages):
    default = {
        "read": lambda job: Source(job.source),
        "work": lambda job, source, advance: source.name * 2,
        "make": lambda job, name: jobs.Made(name.encode(), {"pixels": 1, "name": name}),
    }
    return jobs.Verb(name="working", **{**default, **stages})


@pytest.fixture
def files(tmp_path, monkeypatch):
    """Six files, and the jobs that they are."""
    monkeypatch.chdir(tmp_path)
    for name in "abcdef":
        (tmp_path / name).write_bytes(b"")
    return [Job(name, f"out/{name.upper()}") for name in "abcdef"]


def run(due, overwrite=False, log=None, resume=False, **stages):
    return jobs.run(Plan(due, log=log, resume=resume), verb(**stages), overwrite=overwrite)


def test_each_file_goes_through_all_stages_in_order_and_is_written(files):
    done = run(files)
    assert [row["name"] for row in done.rows] == ["aa", "bb", "cc", "dd", "ee", "ff"]
    assert [row["file"] for row in done.rows] == [job.output for job in files]
    assert done.failures == []
    assert pathlib.Path("out/C").read_bytes() == b"cc"


def test_outputs_have_the_time_of_their_inputs(files):
    os.utime("b", ns=(5, 1_234_567_890))
    run(files)
    assert os.stat("out/B").st_mtime_ns == 1_234_567_890


def test_an_input_that_changes_while_it_is_read_fails(files):
    def read(job):
        if job.source == "b":
            os.utime("b", ns=(5, 1_234_567_890))
        return Source(job.source)

    done = run(files, read=read)
    assert [str(error) for _, error in done.failures] == ["b was changed while it was read"]
    assert not os.path.exists("out/B")


@pytest.mark.parametrize("resume", [True, False])
def test_an_input_that_changes_while_it_is_worked_on_is_due_again(files, resume):
    os.utime("b", ns=(5, 1_234_567_890))

    def work(job, source, advance):
        if job.source == "b":
            os.utime("b", ns=(5, 2_000_000_000))
        if job.source == "f":
            raise KeyboardInterrupt
        return "made of what was read"

    run(files, log=journal.Journal("out", {}), resume=resume, work=work)
    assert os.stat("out/B").st_mtime_ns == 1_234_567_890
    log = journal.Journal("out", {})
    assert [log.is_done(job.source, job.output) for job in files] == [
        *(True, False, True, True, True, False)
    ]


@pytest.mark.parametrize(
    "error", [ValueError("is odd"), RuntimeError("of a decoder"), MemoryError()]
)
@pytest.mark.parametrize("stage", ["read", "work", "make"])
def test_a_file_that_fails_in_any_way_does_not_stop_the_others(files, stage, error):
    whole = vars(verb())[stage]

    def failing(job, *content):
        if job.source == "b":
            raise error
        return whole(job, *content)

    done = run(files, **{stage: failing})
    assert [row["source"] for row in done.rows] == ["a", "c", "d", "e", "f"]
    assert done.failures == [(files[1], error)]
    assert sorted(os.listdir("out")) == ["A", "C", "D", "E", "F"]


def test_no_more_than_a_few_files_are_held_at_a_time(tmp_path):
    lock, held, most = threading.Lock(), set(), []

    def read(job):
        with lock:
            held.add(job)
            most.append(len(held))
        return Source(job.source)

    def make(job, content):
        with lock:
            held.remove(job)
        return jobs.Made(b"", {"pixels": 1})

    (tmp_path / "in").write_bytes(b"")
    due = [Job(str(tmp_path / "in"), str(tmp_path / str(number))) for number in range(50)]
    assert len(run(due, read=read, make=make).rows) == 50
    assert max(most) <= 6


def test_what_is_done_is_in_the_journal_before_it_is_in_its_place(files, monkeypatch):
    log = journal.Journal("out", {})
    link = os.link

    def check(source, target):
        assert os.path.basename(target) in pathlib.Path(f"out/{journal.NAME}").read_text()
        link(source, target)

    monkeypatch.setattr("os.link", check)
    assert len(run(files, log=log, resume=True).rows) == 6
    again = journal.Journal("out", {})
    assert all(again.is_done(job.source, job.output) for job in files)


def interrupted(files, **options):
    def work(job, source, advance):
        if job.source == "d":
            raise KeyboardInterrupt
        return source.name * 2

    return run(files, log=journal.Journal("out", {}), work=work, **options)


@pytest.mark.parametrize("resume", [True, False])
def test_an_interrupt_keeps_what_is_finished_and_the_journal_knows_all_of_it(files, resume):
    done = interrupted(files, resume=resume)
    assert done.interrupted
    assert [row["source"] for row in done.rows] == ["a", "b", "c"]
    log = journal.Journal("out", {})
    assert [log.is_done(job.source, job.output) for job in files] == [True] * 3 + [False] * 3
    assert sorted(name for name in os.listdir("out") if name != journal.NAME) == ["A", "B", "C"]


@pytest.mark.usefixtures("signals_end_processes")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_to_end_is_an_interrupt(files, number):
    def work(job, source, advance):
        if job.source == "d":
            os.kill(os.getpid(), number)
            pytest.fail("the signal was not taken")
        return source.name

    done = run(files, log=journal.Journal("out", {}), work=work)
    assert done.interrupted
    assert [row["source"] for row in done.rows] == ["a", "b", "c"]
    log = journal.Journal("out", {})
    assert [log.is_done(job.source, job.output) for job in files] == [True] * 3 + [False] * 3


def test_an_output_that_is_waited_for_when_the_interrupt_comes_is_not_lost(files, monkeypatch):
    wait = concurrent.futures.Future.result
    interrupts = []

    def result(self, *given):
        value = wait(self, *given)
        if isinstance(value, dict) and not interrupts:
            interrupts.append(value)
            raise KeyboardInterrupt
        return value

    monkeypatch.setattr(concurrent.futures.Future, "result", result)
    done = run(files, log=journal.Journal("out", {}))
    assert done.interrupted
    assert [row["file"] for row in done.rows] == [
        f"out/{name}" for name in sorted(os.listdir("out")) if name != journal.NAME
    ]


def test_a_run_that_nobody_interrupts_or_resumes_leaves_no_journal(files):
    run(files, log=journal.Journal("out", {}))
    assert not os.path.exists(f"out/{journal.NAME}")


def test_a_copy_under_another_ending_replaces_nothing(files):
    os.mkdir("out")
    with open("out/B.webp", "wb") as file:
        file.write(b"a person's own")

    def make(job, name):
        return jobs.Made(b"kept", {"pixels": 1}, f"{job.output}.webp")

    done = run(files, make=make)
    assert [job.source for job, _ in done.failures] == ["b"]
    assert pathlib.Path("out/B.webp").read_bytes() == b"a person's own"
    assert pathlib.Path("out/C.webp").read_bytes() == b"kept"


def test_a_file_that_appears_during_the_run_is_replaced_only_if_asked(files):
    def appears(job, source, advance):
        os.makedirs("out", exist_ok=True)
        if job.source == "b":
            pathlib.Path("out/B").write_bytes(b"a person's own")
        return "new"

    done = run(files, work=appears)
    assert [(job.source, str(error)) for job, error in done.failures] == [
        ("b", "out/B exists: pass --overwrite to replace it")
    ]
    assert pathlib.Path("out/B").read_bytes() == b"a person's own"
    assert run(files, work=appears, overwrite=True).failures == []
    assert pathlib.Path("out/B").read_bytes() == b"new"


def test_what_an_earlier_run_made_is_replaced_when_it_is_resumed(files):
    run(files, log=journal.Journal("out", {"quality": 1}), resume=True)
    again = journal.Journal("out", {"quality": 2})
    done = run(files, log=again, resume=True, work=lambda job, source, advance: "new")
    assert done.failures == []
    assert pathlib.Path("out/B").read_bytes() == b"new"


def test_no_input_is_replaced_wherever_outputs_go_in_the_end(files):
    for name in "abc":
        pathlib.Path(name).write_bytes(name.encode())
    places = {"a": "b", "b": "./b", "c": "c"}  # the last is a copy where it belongs

    def make(job, name):
        content = b"c" if job.source == "c" else b"another"
        return jobs.Made(content, {"pixels": 1}, places.get(job.source, ""))

    plan = Plan(files, inputs=frozenset(os.path.realpath(job.source) for job in files))
    done = jobs.run(plan, verb(make=make), overwrite=True)
    assert [str(error).split(":")[0] for _, error in done.failures] == [
        "its output, b, is an input",
        "its output, ./b, is an input",
    ]
    assert [row["file"] for row in done.rows] == ["c", "out/D", "out/E", "out/F"]
    assert [pathlib.Path(name).read_bytes() for name in "abc"] == [b"a", b"b", b"c"]


def test_what_killed_runs_left_is_removed(files):
    os.mkdir("out")
    left = "out/.0123456789abcdef.comrec_tf"
    open(left, "wb").close()
    os.utime(left, (1, 1))
    run(files)
    assert not os.path.exists(left)
