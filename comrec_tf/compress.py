"""Compress pictures to compact files: standard JPEGs that any viewer opens.

    comrec compress photos -o small
    comrec compress a.png "b/*.jpg" -o small --bits_per_pixel=0.25
    comrec compress - --max_bytes=20k < a.png > a.jpg

Takes files, globs, folders (the tree is kept) and standard input; comrec restore brings the
pictures back. Aim at one of --quality (the default), --ssimulacra2 and --psnr, reached in the
fewest bytes, or --max_bytes and --bits_per_pixel, within which the best picture is made.

With --scale=auto every pair of networks of the preset and the codec without networks are tried on
each picture, and the best by --metric is taken. A JPEG, WebP or AVIF that no way makes smaller is
copied as it is ("kept").

Exit codes: 0 all files compressed or kept, 1 some or all failed or were skipped (they are named,
the others are done), 2 a wrong command line, 3 a limit of bytes cannot be kept for some (they are
named, with what makes them so large), 130 interrupted.
"""

import dataclasses
import functools
import io
import os
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
    from comrec_tf.compression.request import Request
    from comrec_tf.images.files import PictureFile

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
#: Formats, by their names in Pillow, that are worth keeping as they are; with the endings of each.
_KEPT = {
    "JPEG": (".jpg", ".jpeg"),
    "MPO": (".jpg", ".jpeg"),
    "WEBP": (".webp",),
    "AVIF": (".avif",),
}


@dataclasses.dataclass(frozen=True)
class _Source:
    """A picture's file, or a compact file, which holds no picture to compress."""

    num_bytes: int
    num_pixels: int
    read: "PictureFile | None"
    #: All bytes of a file that may be kept as it is; empty otherwise.
    content: bytes
    #: Endings of such a file, the usual one first.
    endings: tuple[str, ...] = ()


def _define(values: flags.FlagValues) -> None:
    plan.define_flags(values)
    command_flags.define(values)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_bool(
            "allow_larger",
            False,
            "Compress a JPEG, WebP or AVIF even where the result is no smaller.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "first_frame",
            False,
            "Of animations, and of files of several pages, compress the first picture alone; they "
            "are refused otherwise.",
            flag_values=values,
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool(
            "verify",
            False,
            "Restore each file at once and report its PSNR and SSIM.",
            flag_values=values,
        )


def _compress(values: flags.FlagValues, inputs: list[str]) -> int:
    from comrec_tf.images import files

    wanted = command_flags.read(values)
    heif = (".heic", ".heif") if files.reads_heif() else ()
    planned = plan.make(
        inputs,
        values,
        suffix=wanted.suffix,
        suffixes=(*vocabulary.PICTURE_SUFFIXES, *heif),
        options={"compress": wanted.outcome, "allow_larger": values.allow_larger},
        is_output=_is_compact,
        kept=[
            ending
            for endings in _KEPT.values()
            if wanted.suffix not in endings
            for ending in endings
        ],
    )
    if values.dry_run:
        return outcome.show_plan(planned)
    done = jobs.Done()
    if planned.jobs:
        compressor = wanted.compressor()
        verb = jobs.Verb(
            name="compressing",
            read=functools.partial(_read, values=values),
            work=functools.partial(_work, wanted=wanted, compressor=compressor, values=values),
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


def _read(job: plan.Job, *, values: flags.FlagValues) -> _Source:
    from comrec_tf.compact_file import carriers, container
    from comrec_tf.images import files, limits

    is_stream = job.source == plan.STREAM
    content = sys.stdin.buffer.read() if is_stream else b""
    if is_stream and not content:
        raise OSError("expected a picture on standard input. Received: nothing")
    num_bytes = len(content) if is_stream else os.path.getsize(job.source)
    limits.check_bytes(num_bytes, values.max_pixels)
    start = content[:12] if is_stream else files.first_bytes(job.source)
    try:
        form = carriers.file_format(start)
    except ValueError:
        form = ""
    if form:
        content = content or pathlib.Path(job.source).read_bytes()
        if carriers.extract(content) is not None:
            header = container.read(content)
            endings = _KEPT.get(form.upper(), (os.path.splitext(job.source)[1],))
            return _Source(num_bytes, header.height * header.width, None, content, endings)
    read = files.load(
        io.BytesIO(content) if is_stream else job.source,
        max_pixels=values.max_pixels,
        first_frame=values.first_frame,
    )
    endings = _KEPT.get(read.format, ())
    return _Source(num_bytes, read.num_pixels, read, content if endings else b"", endings)


def _work(
    job: plan.Job,
    source: _Source,
    advance: Callable[[float], None],
    *,
    wanted: "Request",
    compressor: "Compressor",
    values: flags.FlagValues,
) -> jobs.Made:
    if source.read is None:
        return _keep(job, source, "is a compact file already: copied as it is")
    read = source.read
    content, row = wanted.compress(compressor, read.picture, read.metadata, advance)
    # A copy would carry metadata that the user does not want.
    bare = wanted.metadata or not any(vars(read.metadata).values())
    within = source.num_bytes <= wanted.limit(source.num_pixels)
    if (
        source.content
        and not values.allow_larger
        and bare
        and within
        and len(content) >= source.num_bytes
    ):
        return _keep(job, source, "no way makes it smaller: kept as it is")
    wanted.check(row, read.metadata)
    notes = list(read.notes)
    if len(content) >= source.num_bytes and not source.content:
        notes.append("became larger: the original file is smaller, and exact")
    row |= {
        "bytes_before": source.num_bytes,
        "of_before": len(content) / source.num_bytes,
        "ssim": None,
        "kept": False,
        "exceeds_limit": not row["met"] and len(content) > wanted.limit(source.num_pixels),
        "notes": notes,
    }
    if values.verify:
        from comrec_tf.images import metrics

        restored = compressor.decode(content)
        row["psnr"] = metrics.psnr(read.picture, restored)
        if min(restored.shape[:2]) >= 11:
            row["ssim"] = metrics.ssim(read.picture, restored)
    return jobs.Made(content, row)


def _keep(job: plan.Job, source: _Source, note: str) -> jobs.Made:
    """The input's own bytes, under an ending that fits them."""
    stem, ending = os.path.splitext(job.output)
    output = job.output
    if job.output != plan.STREAM and ending.lower() not in source.endings:
        output = stem + source.endings[0]
    row = {
        "pixels": source.num_pixels,
        "bytes_before": source.num_bytes,
        "bytes_after": source.num_bytes,
        "of_before": 1.0,
        "bits_per_pixel": 8 * source.num_bytes / source.num_pixels,
        "scale": "kept",
        "quality": None,
        "score": None,
        "metric": None,
        "psnr": None,
        "ssim": None,
        "met": True,
        "kept": True,
        "exceeds_limit": False,
        "notes": [note],
    }
    return jobs.Made(source.content, row, output)


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
