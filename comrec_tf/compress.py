"""Compress pictures to compact files: standard JPEGs that any viewer opens.

    comrec compress photos -o small
    comrec compress a.png "b/*.jpg" -o small --bits_per_pixel=0.25
    comrec compress - --max_bytes=20k < a.png > a.jpg

Takes files, globs, folders (the tree is kept) and standard input; comrec restore brings the
pictures back. Aim at one of --quality (the default), --ssimulacra2 and --psnr, reached in the
fewest bytes, or --max_bytes and --bits_per_pixel, within which the best picture is made.

With --scale=auto every pair of networks of the preset and the codec without networks are tried on
each picture, and the best by --metric is taken. A JPEG, WebP or AVIF that no way makes smaller is
copied as it is ("kept") unless its metadata is to go (--nometadata), and so is a compact file.

Exit codes: 0 all files compressed or kept, 1 some or all failed or were skipped (they are named,
the others are done), 2 a wrong command line, 3 a limit of bytes cannot be kept for some (they are
named, with what makes them so large), 130 interrupted (Ctrl-C, SIGTERM, SIGHUP).
"""

import functools
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import flags as command_flags
from comrec_tf.commands import frame, help_text, jobs, outcome, plan

if TYPE_CHECKING:
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.compression.input_file import InputFile
    from comrec_tf.compression.request import Request

__all__ = ["COMMAND", "main"]

_COLUMNS: dict[str, tuple[str, Any]] = {
    "file": ("file", "{}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
    "of_before": ("of before", "{:.1%}"),
    "bits_per_pixel": ("bits per pixel", "{:.3f}"),
    "scale": ("scale", "{}"),
    "quality": ("quality", "{}"),
    "score": ("score", "{:.2f}"),
    "psnr": ("PSNR", "{:.2f}"),
    "ssim": ("SSIM", "{:.4f}"),
    "met": ("target", lambda met: "" if met else "missed"),
}


def _define(values: flags.FlagValues) -> None:
    plan.define_flags(values)
    command_flags.define(values)
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool(
            "verify",
            False,
            "Restore each file at once and report its PSNR and SSIM.",
            flag_values=values,
        )


def _compress(values: flags.FlagValues, inputs: list[str]) -> int:
    from comrec_tf.compression import input_file
    from comrec_tf.images import files

    wanted = command_flags.read(values)
    heif = (".heic", ".heif") if files.reads_heif() else ()
    planned = plan.make(
        inputs,
        values,
        suffix=wanted.suffix,
        suffixes=(*vocabulary.PICTURE_SUFFIXES, *heif),
        options={"compress": wanted.outcome},
        is_output=_is_compact,
        outputs_of=input_file.places,
    )
    if values.dry_run:
        return outcome.show_plan(planned)
    done = jobs.Done()
    if planned.jobs:
        compressor = wanted.compressor()
        verb = jobs.Verb(
            name="compressing",
            read=functools.partial(_read, wanted=wanted),
            work=functools.partial(
                _work, wanted=wanted, compressor=compressor, verify=values.verify
            ),
            make=lambda job, made: made,
        )
        done = jobs.run(planned, verb, overwrite=values.overwrite)
    return outcome.report(
        planned,
        done,
        _COLUMNS,
        _total(done.rows),
        remarks=_remarks(done.rows, wanted),
        as_json=values.json,
    )


def _is_compact(path: str) -> bool:
    from comrec_tf.compact_file import carriers
    from comrec_tf.images import files

    try:
        carriers.file_format(files.first_bytes(path))  # most other files are ruled out by this
        return carriers.extract(pathlib.Path(path).read_bytes()) is not None
    except (OSError, ValueError):
        return False


def _read(job: plan.Job, *, wanted: "Request") -> "InputFile":
    from comrec_tf.compression import input_file

    if job.source != plan.STREAM:
        return input_file.read(job.source, wanted)
    content = sys.stdin.buffer.read() if sys.stdin else b""
    if not content:
        raise OSError("expected a picture on standard input. Received: nothing")
    return input_file.read("standard input", wanted, content)


def _work(
    job: plan.Job,
    file: "InputFile",
    advance: Callable[[float], None],
    *,
    wanted: "Request",
    compressor: "Compressor",
    verify: bool,
) -> jobs.Made:
    from comrec_tf.compression import input_file

    content, row = input_file.compress(file, wanted, compressor, advance)
    if row["kept"]:
        output = job.output if job.output == plan.STREAM else input_file.kept_name(file, job.output)
        return jobs.Made(content, row, output)
    if verify and file.read is not None:
        from comrec_tf.images import metrics

        restored = compressor.decode(content)
        row["psnr"] = metrics.psnr(file.read.picture, restored)
        if min(restored.shape[:2]) >= 11:
            row["ssim"] = metrics.ssim(file.read.picture, restored)
    return jobs.Made(content, row)


def _remarks(rows: Sequence[dict[str, Any]], wanted: "Request") -> list[str]:
    made = [row for row in rows if not row["kept"]]
    plain = [row for row in made if row["scale"] == "plain"]
    if 2 * len(plain) <= len(made):
        return []
    aim = "its default quality" if wanted.value is None else f"--{wanted.aim}={wanted.value:g}"
    why = (
        "no pair of networks makes a better picture in so many bytes"
        if wanted.aim in ("max_bytes", "bits_per_pixel")
        else "no pair of networks is as good in fewer bytes"
    )
    number = f"{len(plain)} of {len(made)} files were coded without networks"
    alone = f", which has a pair for scale {wanted.scales[0]} alone" * (len(wanted.scales) == 1)
    return [f"{number}: at {aim} {why} (preset {wanted.preset}{alone})"]


def _total(rows: Sequence[dict[str, Any]]) -> dict[str, Any] | None:
    if not rows:
        return None
    before, after, pixels = (
        sum(row[name] for row in rows) for name in ("bytes_before", "bytes_after", "pixels")
    )
    total: dict[str, Any] = {
        "pixels": pixels,
        "bytes_before": before,
        "bytes_after": after,
        "of_before": after / before,
        "bits_per_pixel": 8 * after / pixels,
    }
    for name in ("score", "psnr", "ssim"):
        known = [row[name] for row in rows if row[name] is not None]
        total[name] = sum(known) / len(known) if known else None
    return total


COMMAND = frame.Command("compress", __doc__, _define, _compress, arguments="PICTURE...")

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
