"""Restore pictures from compact files, and repair ordinary JPEGs.

    comrec restore small -o restored
    comrec restore old.jpg -o better -f jpeg -q 92
    comrec restore - < a.jpg > a.png

Takes files, globs, folders (the tree is kept) and standard input, and writes PNG, or with --format
JPEG or WebP, which take a tenth of the bytes and lose a little. The preset of a compact file is
found by the id in the file, among the presets of the installation and of the environment variable
COMREC_PRESETS; --preset names one that is elsewhere.

Ordinary JPEGs are restored by the full-size pair of --preset; --strength says by how much. One that
needs nothing, or where restoring would do harm, is copied as it is, and the report says why.

With --to_jpeg nothing is restored: JPEG XL files become the JPEGs that they hold, bit for bit.

Exit codes: 0 all files restored or kept, 1 some or all failed or were skipped (they are named, the
others are done), 2 a wrong command line, 130 interrupted (Ctrl-C, SIGTERM, SIGHUP).
"""

import functools
import os
import pathlib
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text, jobs, outcome, plan, restore_flags

if TYPE_CHECKING:
    from comrec_tf.compression.restoration import Restoration, Restored, Source

__all__ = ["COMMAND", "main"]

_COLUMNS: dict[str, tuple[str, Any]] = {
    "file": ("file", "{}"),
    "size": ("pixels", "{}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
    "restored": ("restored", "{}"),
}


def _define(values: flags.FlagValues) -> None:
    plan.define_flags(values)
    restore_flags.define(values)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_bool(
            "to_jpeg",
            False,
            "Take the JPEGs out of JPEG XL files, bit for bit, instead of restoring.",
            flag_values=values,
        )
    flags.register_multi_flags_validator(
        ["format", "to_jpeg"],
        lambda given: given["format"] == "png" or not given["to_jpeg"],
        "expected --to_jpeg without --format: it takes JPEGs out as they are",
        flag_values=values,
    )


def _restore(values: flags.FlagValues, inputs: list[str]) -> int:
    from comrec_tf.compression import restoration

    wanted = restore_flags.read(values)
    planned = plan.make(
        inputs,
        values,
        suffix=restoration.JPEG_ENDINGS[0] if values.to_jpeg else wanted.suffix,
        suffixes=[".jxl"] if values.to_jpeg else vocabulary.COMPACT_SUFFIXES,
        options={"restore": "to_jpeg"} if values.to_jpeg else wanted.outcome,
        outputs_of=functools.partial(_places, to_jpeg=values.to_jpeg),
    )
    if values.dry_run:
        return outcome.show_plan(planned)
    compressor_of = wanted.loader()
    read = functools.partial(_read, wanted=wanted, to_jpeg=values.to_jpeg)
    verb: jobs.Verb[Source, Any] = jobs.Verb(
        name="restoring",
        read=read,
        work=lambda job, source, advance: wanted.restore(
            source, compressor_of(source.header), advance
        ),
        make=functools.partial(_make, wanted=wanted),
    )
    if values.to_jpeg:
        verb = jobs.Verb("taking out", read, _take_out, lambda job, made: made)
    done = jobs.run(planned, verb, overwrite=values.overwrite)
    names = ("pixels", "bytes_before", "bytes_after")
    total = {name: sum(row[name] for row in done.rows) for name in names}
    return outcome.report(
        planned, done, _COLUMNS, total if done.rows else None, as_json=values.json
    )


def _places(source: str, output: str, *, to_jpeg: bool) -> list[str]:
    from comrec_tf.compression.restoration import JPEG_ENDINGS, kept_name

    if to_jpeg or os.path.splitext(source)[1].lower() not in JPEG_ENDINGS:
        return [output]
    return [output, kept_name(source, output)]


def _read(job: plan.Job, *, wanted: "Restoration", to_jpeg: bool) -> "Source":
    from comrec_tf.images import limits

    if job.source == plan.STREAM:
        content = sys.stdin.buffer.read() if sys.stdin else b""
        if not content:
            raise OSError("expected a compact file or a JPEG on standard input. Received: nothing")
    else:
        limits.check_bytes(os.path.getsize(job.source), wanted.max_pixels)
        content = pathlib.Path(job.source).read_bytes()
    return wanted.read_size(content) if to_jpeg else wanted.read(content)


def _take_out(job: plan.Job, source: "Source", advance: Callable[[float], None]) -> jobs.Made:
    from comrec_tf.codecs import jpeg_xl
    from comrec_tf.compact_file import carriers

    content = jpeg_xl.to_jpeg(source.content)
    height, width = carriers.picture_size(content)
    row = {
        "size": f"{width}x{height}",
        "pixels": height * width,
        "bytes_before": len(source.content),
        "bytes_after": len(content),
        "restored": "no: taken out",
    }
    return jobs.Made(content, row)


def _make(job: plan.Job, restored: "Restored", *, wanted: "Restoration") -> jobs.Made:
    from comrec_tf.compression.restoration import kept_name

    content, row = wanted.make(restored)
    output = job.output
    if restored.is_kept and output != plan.STREAM:
        output = kept_name(job.source, job.output)
    return jobs.Made(content, row, output)


COMMAND = frame.Command("restore", __doc__, _define, _restore, arguments="FILE...")

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
