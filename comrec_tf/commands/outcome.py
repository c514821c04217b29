"""Outcome: what a command says at its end, and the exit code."""

import collections
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from comrec_tf.commands import display, frame
from comrec_tf.commands.jobs import Done
from comrec_tf.commands.plan import Plan
from comrec_tf.compression.request import TargetMissedError
from comrec_tf.process import json_text

__all__ = ["report", "report_counts", "show_plan"]

#: Columns of a total without its files.
_COUNTED: dict[str, tuple[str, Any]] = {
    "made": ("files", "{:,}"),
    "pixels": ("pixels", "{:,}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
    "of_before": ("of before", "{:.1%}"),
    "bits_per_pixel": ("bits per pixel", "{:.3f}"),
}
#: How many files a message about many of them names.
_NAMED = 3


def show_plan(plan: Plan) -> int:
    """Print what would be made of what.

    Args:
        plan: the plan, which is not carried out.

    Returns:
        The exit code.
    """
    with display.printing(sys.stdout):
        for job in plan.jobs:
            print(f"{display.printable(job.source)} -> {display.printable(job.output)}")
    _say(_of_plan(plan))
    return frame.FAILURE if plan.skipped else frame.SUCCESS


def report(
    plan: Plan,
    done: Done,
    columns: dict[str, tuple[str, Any]],
    total: dict[str, Any] | None,
    *,
    remarks: Sequence[str] = (),
    as_json: bool = False,
) -> int:
    """Print what was done, and what was not.

    Args:
        plan: what was to be done.
        done: what became of it. Rows may have "notes", what was not kept of each picture, and
            "met", whether its target was reached.
        columns: as in `display.rows`.
        total: one more row, for several files; None for no such row.
        remarks: lines of the command's own.
        as_json: whether as JSON, with all keys of the rows, instead of a table. Infinity, say the
            PSNR of equal pictures, is null there: JSON has no such number.

    Returns:
        The exit code: 0, `frame.FAILURE`, `frame.MISSED` where all that went wrong is limits that
        could not be kept, or `frame.INTERRUPTED`.
    """
    failures = [_failure(job.source, error) for job, error in done.failures]
    file = sys.stderr if plan.is_stream else sys.stdout
    if as_json:
        content = {
            "files": done.rows,
            "failures": failures,
            "skipped": [{"file": name, "reason": why} for name, why in plan.skipped.items()],
            "passed_over": plan.num_passed_over,
            "done_before": plan.num_done,
            "remarks": list(remarks),
            "interrupted": done.interrupted,
            "total": total,
        }
        with display.printing(file):
            print(json_text.dumps(content, indent=2), file=file)
    elif done.rows:
        with display.printing(file):
            display.rows(columns, done.rows, total, file=file)
    lines = [*_notes(done.rows), *remarks, *_of_plan(plan)]
    lines += [failure["error"] for failure in failures]
    number = len(plan.jobs) + len(plan.skipped) + plan.num_done
    if failures:
        lines.append(f"{len(failures)} of {number} files failed")
    if done.interrupted:
        finished = plan.num_done + len(done.rows)
        lines.append(
            f"interrupted: {finished} of {number} files are done; repeat with --resume to continue"
            if plan.log is not None
            else "interrupted"
        )
    _say(lines)
    return _exit_code(plan, done)


def report_counts(counts: Mapping[str, int], reports: str, *, as_json: bool = False) -> int:
    """Print what was done with more files than are named: the total of `report`, and counts.

    Args:
        counts: "made", "done_before", "failed", of these "over_limit" of bytes, "missed", "kept",
            "loads" of presets, and of the files made "pixels", "bytes_before", "bytes_after".
        reports: folder where each file has a line.
        as_json: whether as JSON, with the keys that `report` has where they mean the same.

    Returns:
        The exit code; see `report`.
    """
    total = {name: counts[name] for name in ("pixels", "bytes_before", "bytes_after")}
    made, failed = counts["made"], counts["failed"]
    shares: dict[str, float | None] = {"of_before": None, "bits_per_pixel": None}
    if made:
        shares["of_before"] = counts["bytes_after"] / counts["bytes_before"]
        shares["bits_per_pixel"] = 8 * counts["bytes_after"] / counts["pixels"]
    number = made + counts["done_before"] + failed
    if as_json:
        names = ("made", "failed", "over_limit", "missed", "kept", "loads")
        content = {
            "num_files": {name: counts[name] for name in names},
            "done_before": counts["done_before"],
            "reports": reports,
            "total": {**total, **shares},
        }
        with display.printing(sys.stdout):
            print(json_text.dumps(content, indent=2))
    elif made:
        with display.printing(sys.stdout):
            display.rows(_COUNTED, [{"made": made, **total, **shares}])
    lines = []
    if counts["done_before"]:
        lines.append(f"{counts['done_before']} of {number} files are done already")
    if counts["kept"]:
        lines.append(f"{counts['kept']} of {number} files were kept as they are")
    if counts["missed"]:
        lines.append(f"{counts['missed']} of {number} files missed their target")
    if failed:
        lines.append(f"{failed} of {number} files failed: see {reports}/failed-*.jsonl")
    _say(lines)
    if failed > counts["over_limit"]:
        return frame.FAILURE
    return frame.MISSED if failed else frame.SUCCESS


def _exit_code(plan: Plan, done: Done) -> int:
    if done.interrupted:
        return frame.INTERRUPTED
    missed = [isinstance(error, TargetMissedError) for _, error in done.failures]
    if plan.skipped or not all(missed):
        return frame.FAILURE
    if missed or any(row.get("exceeds_limit") for row in done.rows):
        return frame.MISSED
    return frame.SUCCESS


def _failure(source: str, error: Exception) -> dict[str, str]:
    text = str(error)
    if not isinstance(error, OSError | ValueError):
        text = f"{type(error).__name__}: {text}".rstrip(": ")
    return {"file": source, "error": text if source in text else f"{source}: {text}"}


def _of_plan(plan: Plan) -> Iterable[str]:
    if plan.num_done:
        number = plan.num_done + len(plan.jobs) + len(plan.skipped)
        yield f"{plan.num_done} of {number} files are done already"
    if plan.passed_over:
        counts = ", ".join(
            f"{count} {kind}{_hint(kind)}" for kind, count in plan.num_passed_over.items()
        )
        yield f"passed over: {counts}"
    for name, why in plan.skipped.items():
        yield f"{name}: skipped, {why}"
    if plan.skipped:
        number = plan.num_done + len(plan.jobs) + len(plan.skipped)
        yield f"{len(plan.skipped)} of {number} files were skipped"


def _hint(kind: str) -> str:
    return ' (the extra "heif" reads them)' if kind in (".heic", ".heif") else ""


def _notes(rows: Iterable[dict[str, Any]]) -> Iterable[str]:
    """The notes on pictures, each once with the files that it is about."""
    files: dict[str, list[str]] = collections.defaultdict(list)
    for row in rows:
        for note in row.get("notes", ()):
            files[note].append(row["source"])
    for note, names in files.items():
        more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
        yield f"{', '.join(names[:_NAMED])}{more}: {note}"


def _say(lines: Iterable[str]) -> None:
    with display.printing(sys.stderr):
        for line in lines:
            print(display.printable(line), file=sys.stderr)
