"""Compress pictures to compact files: standard JPEGs that any viewer opens.

    python -m comrec_tf.compress photos --output_dir=small
    python -m comrec_tf.compress a.png "b/*.jpg" --output_dir=small --bits_per_pixel=0.25
    python -m comrec_tf.compress - --max_bytes=20000 < a.png > a.jpg

Takes files, globs, folders (the tree is kept) and standard input; python -m comrec_tf.restore
brings the pictures back. What to aim at is one of

    --quality=Q         as good (PSNR) as the plain codec at quality Q, in the fewest bytes;
                        with --scale=1 or 2 the quality of the compact picture itself: the fastest
    --psnr=P            at least P dB, in the fewest bytes
    --max_bytes=N       the best picture in at most N bytes for each file
    --bits_per_pixel=B  the best picture in at most B bits for each pixel of the original

With --scale=auto every pair of networks of the preset and the codec without networks are tried on
each picture, and the best is taken: no file is worse than the codec alone would make it.

Exit codes: 0 all files compressed, 1 some or all failed (their names are printed, the others
are done), 2 a wrong command line, 130 interrupted.
"""

import functools
import io
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags

from comrec_tf import storage
from comrec_tf.commands import display, frame, jobs, journal
from comrec_tf.commands import flags as command_flags
from comrec_tf.compression import request

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.images.metadata import Metadata

__all__ = ["main"]

_COLUMNS = {
    "file": ("file", "{}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
    "of_before": ("of before", "{:.1%}"),
    "bits_per_pixel": ("bits per pixel", "{:.3f}"),
    "scale": ("scale", "{}"),
    "quality": ("quality", "{}"),
    "psnr": ("PSNR", "{:.2f}"),
    "ssim": ("SSIM", "{:.4f}"),
    "met": ("target", "{}"),
}


class _Source(NamedTuple):
    num_bytes: int
    picture: "np.ndarray"
    metadata: "Metadata"


class _Result(NamedTuple):
    content: bytes
    row: dict[str, Any]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _compress)


def _define(values: flags.FlagValues) -> None:
    jobs.define_output_flags(values)
    command_flags.define(values)
    flags.DEFINE_bool(
        "verify",
        False,
        "Restore each file at once and report its PSNR and SSIM.",
        flag_values=values,
    )


def _compress(values: flags.FlagValues, inputs: list[str]) -> int:
    wanted = command_flags.read(values)
    planned = jobs.plan(inputs, values, suffix=wanted.suffix, suffixes=request.SUFFIXES)
    if values.dry_run:
        for job in planned:
            print(f"{job.source} -> {job.output}")
        return frame.SUCCESS

    compressor = wanted.compressor()
    log = None
    if values.resume:
        log = journal.Journal(values.output_dir, {"compress": wanted.outcome})
    rows, failures = jobs.run(
        planned,
        "compressing",
        read=_read,
        work=functools.partial(_work, wanted=wanted, compressor=compressor, verify=values.verify),
        write=_write,
        log=log,
    )
    display.report(
        _COLUMNS,
        rows,
        failures,
        total=_total(rows) if rows else None,
        as_json=values.json,
        stream=planned[0].output == jobs.STREAM,
    )
    return frame.FAILURE if failures else frame.SUCCESS


def _read(job: jobs.Job) -> _Source:
    from comrec_tf.images import files

    if job.source == jobs.STREAM:
        content = sys.stdin.buffer.read()
        return _Source(len(content), *files.read_with_metadata(io.BytesIO(content)))
    return _Source(os.path.getsize(job.source), *files.read_with_metadata(job.source))


def _work(
    job: jobs.Job,
    source: _Source,
    *,
    wanted: request.Request,
    compressor: "Compressor",
    verify: bool,
) -> _Result:
    from comrec_tf import metrics

    content, row = wanted.compress(compressor, source.picture, source.metadata)
    row |= {
        "file": job.output,
        "source": job.source,
        "bytes_before": source.num_bytes,
        "of_before": len(content) / source.num_bytes,
        "ssim": None,
    }
    if verify:
        restored = compressor.decode(content)
        row["psnr"] = metrics.psnr(source.picture, restored)
        if min(restored.shape[:2]) >= 11:
            row["ssim"] = metrics.ssim(source.picture, restored)
    return _Result(content, row)


def _write(job: jobs.Job, result: _Result) -> dict[str, Any]:
    storage.write_output(job.output, result.content)
    return result.row


def _total(rows: list[dict[str, Any]]) -> dict[str, Any]:
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
    for name in ("psnr", "ssim"):
        known = [row[name] for row in rows if row[name] is not None]
        total[name] = sum(known) / len(known) if known else None
    return total


if __name__ == "__main__":
    sys.exit(main(sys.argv))
