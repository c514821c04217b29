import json
import math

import pytest

from comrec_tf.commands import outcome
from comrec_tf.commands.jobs import Done
from comrec_tf.commands.journal import Journal
from comrec_tf.commands.plan import Job, Plan
from comrec_tf.compression.request import TargetMissedError

COLUMNS = {"file": ("file", "{}"), "size": ("bytes", "{:,}")}
JOBS = [Job("a.png", "out/a.jpg"), Job("b.png", "out/b.jpg")]


def row(name, **more):
    return {"file": f"out/{name}.jpg", "source": f"{name}.png", "size": 1000, **more}


def report(plan=None, done=None, **options):
    plan = Plan(JOBS) if plan is None else plan
    done = Done([row("a"), row("b")]) if done is None else done
    return outcome.report(plan, done, COLUMNS, {"size": 2000} if done.rows else None, **options)


def test_a_run_without_anything_to_say_is_a_table_and_code_0(capsys):
    assert report() == 0
    said = capsys.readouterr()
    assert [line.split()[0] for line in said.out.splitlines()] == [
        *("file", "out/a.jpg", "out/b.jpg", "total")
    ]
    assert said.err == ""


@pytest.mark.parametrize("as_json", [False, True])
def test_a_run_that_ends_without_a_row_is_no_crash(capsys, as_json):
    assert report(Plan([], num_done=2), Done(), as_json=as_json) == 0
    said = capsys.readouterr()
    assert said.err == "2 of 2 files are done already\n"
    assert json.loads(said.out)["files"] == [] if as_json else said.out == ""
    assert report(done=Done(failures=[(JOBS[0], ValueError("bad"))]), as_json=as_json) == 1


def test_json_has_no_infinity(capsys):
    done = Done([row("a", psnr=math.inf, scores=[math.nan, 1.5]), row("b", psnr=-math.inf)])
    assert report(done=done, as_json=True) == 0
    said = json.loads(capsys.readouterr().out, parse_constant=pytest.fail)
    assert [one["psnr"] for one in said["files"]] == [None, None]
    assert said["files"][0]["scores"] == [None, 1.5]


def test_failures_are_named_and_counted_and_foreign_errors_by_their_kind(capsys):
    failures = [(JOBS[0], OSError("a.png: broken")), (JOBS[1], RuntimeError("Decode failed"))]
    assert report(done=Done(failures=failures)) == 1
    assert capsys.readouterr().err.splitlines() == [
        "a.png: broken",
        "b.png: RuntimeError: Decode failed",
        "2 of 2 files failed",
    ]
    assert report(done=Done(failures=[(JOBS[0], MemoryError())])) == 1
    assert "a.png: MemoryError\n" in capsys.readouterr().err


def test_what_was_skipped_or_passed_over_is_said(capsys):
    plan = Plan(JOBS, skipped={"c.png": "it clashes"})
    plan.passed_over.update({"x.txt": ".txt", "1.heic": ".heic", "2.heic": ".heic"})
    assert report(plan) == 1
    assert capsys.readouterr().err.splitlines() == [
        'passed over: 2 .heic (the extra "heif" reads them), 1 .txt',
        "c.png: skipped, it clashes",
        "1 of 3 files were skipped",
    ]
    assert report(plan, as_json=True) == 1
    said = json.loads(capsys.readouterr().out)
    assert said["skipped"] == [{"file": "c.png", "reason": "it clashes"}]
    assert said["passed_over"] == {".heic": 2, ".txt": 1}


def test_what_is_said_of_many_pictures_is_said_once(capsys):
    rows = [row(str(number), notes=["XMP dropped"]) for number in range(7)]
    assert report(done=Done([*rows, row("a", notes=["grey now"])]), remarks=["By the way."]) == 0
    assert capsys.readouterr().err.splitlines() == [
        "0.png, 1.png, 2.png and 4 more: XMP dropped",
        "a.png: grey now",
        "By the way.",
    ]


def test_a_limit_that_cannot_be_kept_has_its_own_code(capsys):
    missed = (JOBS[0], TargetMissedError("EXIF takes 20 of 15 bytes"))
    assert report(done=Done([row("b")], [missed])) == 3
    assert "a.png: EXIF takes 20 of 15 bytes" in capsys.readouterr().err
    assert report(done=Done([row("a", exceeds_limit=True)])) == 3
    assert report(done=Done([], [missed, (JOBS[1], ValueError())])) == 1


def test_an_interrupted_run_shows_what_was_finished_and_how_to_go_on(tmp_path, capsys):
    plan = Plan([*JOBS, *JOBS], num_done=1, log=Journal(tmp_path, {}))
    assert report(plan, Done([row("a")], interrupted=True)) == 130
    said = capsys.readouterr()
    assert "out/a.jpg" in said.out
    assert "interrupted: 2 of 5 files are done; repeat with --resume to continue" in said.err


def test_where_standard_output_is_the_result_the_report_goes_elsewhere(capsys):
    stream = Plan([Job("-", "-")])
    for as_json in (False, True):
        assert report(stream, Done([row("a")]), as_json=as_json) == 0
        said = capsys.readouterr()
        assert said.out == ""
        assert "1,000" in said.err or "1000" in said.err


def test_a_plan_that_is_only_shown_says_the_same_of_what_is_left_out(capsys):
    assert outcome.show_plan(Plan(JOBS[:1], skipped={"c\udcff.png": "it clashes"})) == 1
    said = capsys.readouterr()
    assert said.out == "a.png -> out/a.jpg\n"
    assert "c\\udcff.png: skipped, it clashes" in said.err


COUNTS = {"made": 3, "done_before": 2, "failed": 0, "over_limit": 0, "missed": 0, "kept": 1}
COUNTS |= {"loads": 2, "pixels": 1000, "bytes_before": 400, "bytes_after": 100}


def test_counts_are_told_as_the_total_of_a_report(capsys):
    assert outcome.report_counts(COUNTS, "out/reports") == 0
    said = capsys.readouterr()
    assert said.out.split()[-5:] == ["1,000", "400", "100", "25.0%", "0.800"]
    assert said.err.splitlines() == [
        "2 of 5 files are done already",
        "1 of 5 files were kept as they are",
    ]
    assert outcome.report_counts(COUNTS, "out/reports", as_json=True) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["done_before"] == 2
    assert told["num_files"]["loads"] == 2
    assert told["total"] == {
        "pixels": 1000,
        "bytes_before": 400,
        "bytes_after": 100,
        "of_before": 0.25,
        "bits_per_pixel": 0.8,
    }


@pytest.mark.parametrize(("failed", "over_limit", "code"), [(2, 0, 1), (2, 1, 1), (2, 2, 3)])
def test_failures_of_many_files_are_counted_and_a_limit_of_bytes_is_code_3(
    capsys, failed, over_limit, code
):
    counts = {**dict.fromkeys(COUNTS, 0), "failed": failed, "over_limit": over_limit}
    assert outcome.report_counts(counts, "out/reports") == code
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err == "2 of 2 files failed: see out/reports/failed-*.jsonl\n"
