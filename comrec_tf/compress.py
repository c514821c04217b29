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

from comrec_tf import batch, command, display, journal, storage

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compressor import Compressor
    from comrec_tf.images.metadata import Metadata
    from comrec_tf.rate_control import Target

__all__ = ["main"]

_SUFFIXES = (
    ".avif .bmp .gif .j2k .jp2 .jpeg .jpg .png .ppm .tif .tiff .webp".split()  # noqa: SIM905
)
_TARGETS = ("quality", "psnr", "max_bytes", "bits_per_pixel")
_CODECS = {
    "jpeg": ".jpg",
    "mozjpeg": ".jpg",
    "jpegli": ".jpg",
    "webp": ".webp",
    "avif": ".avif",
    "jpeg2000": ".j2k",
}

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
    return command.run(argv, __doc__, _define, _compress)


def _define(values: flags.FlagValues) -> None:
    batch.define_output_flags(values)
    command.define_precision_flag(values)
    flags.DEFINE_string(
        "preset", command.DEFAULT_PRESET, "Name of a preset, or its folder.", flag_values=values
    )
    flags.DEFINE_enum(
        "codec",
        None,
        list(_CODECS),
        "The codec inside; the one that the preset was trained with where not given.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "quality",
        None,
        "Quality to aim at; the preset's default where nothing is aimed at.",
        lower_bound=1,
        upper_bound=100,
        flag_values=values,
    )
    flags.DEFINE_float("psnr", None, "dB to reach.", lower_bound=0, flag_values=values)
    flags.DEFINE_integer(
        "max_bytes", None, "Bytes of a file at most.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_float(
        "bits_per_pixel", None, "Bits per pixel at most.", lower_bound=0, flag_values=values
    )
    flags.DEFINE_enum(
        "scale",
        "auto",
        ["auto", "1", "2"],
        "How many times smaller the compact picture is, or auto for the best of all and of the "
        "codec without networks.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "verify",
        False,
        "Restore each file at once and report its PSNR and SSIM.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "metadata", True, "Keep EXIF and the colour profile in the file.", flag_values=values
    )


def _compress(values: flags.FlagValues, inputs: list[str]) -> int:
    aims = [name for name in _TARGETS if values[name].value is not None]
    if len(aims) > 1:
        raise ValueError(f"expected one of --{', --'.join(_TARGETS)}. Received: {len(aims)}")
    jobs = batch.plan(inputs, values, suffix=_CODECS[values.codec or "jpeg"], suffixes=_SUFFIXES)
    if values.dry_run:
        for job in jobs:
            print(f"{job.source} -> {job.output}")
        return command.SUCCESS

    from comrec_tf.codecs import catalog
    from comrec_tf.compressor import Compressor
    from comrec_tf.rate_control import Target

    options = {"codec": catalog.make_codec(values.codec)} if values.codec else {}
    compressor = Compressor.from_preset(values.preset, values.precision, **options)
    if compressor.codec.suffix != _CODECS[values.codec or "jpeg"]:
        # Only the preset knows its codec, and reading it takes TensorFlow.
        jobs = batch.plan(inputs, values, suffix=compressor.codec.suffix, suffixes=_SUFFIXES)
    aim = aims[0] if aims else "quality"
    value: Any = values[aim].value if aims else compressor.default_quality
    log = None
    if values.resume:
        chosen = [values.preset, values.codec, aim, value, values.scale, values.metadata]
        log = journal.Journal(values.output_dir, {"compress": chosen})
    rows, failures = batch.run(
        jobs,
        "compressing",
        read=functools.partial(_read, keep_metadata=values.metadata),
        work=functools.partial(
            _work,
            compressor=compressor,
            target=Target(aim, value),
            scale=None if values.scale == "auto" else int(values.scale),
            verify=values.verify,
        ),
        write=_write,
        log=log,
    )
    display.report(
        _COLUMNS,
        rows,
        failures,
        total=_total(rows) if rows else None,
        as_json=values.json,
        stream=jobs[0].output == batch.STREAM,
    )
    return command.FAILURE if failures else command.SUCCESS


def _read(job: batch.Job, *, keep_metadata: bool) -> _Source:
    from comrec_tf.images import files, metadata

    if job.source == batch.STREAM:
        content = sys.stdin.buffer.read()
        num_bytes, (picture, found) = len(content), files.read_with_metadata(io.BytesIO(content))
    else:
        num_bytes, (picture, found) = (
            os.path.getsize(job.source),
            files.read_with_metadata(job.source),
        )
    return _Source(num_bytes, picture, found if keep_metadata else metadata.Metadata())


def _work(
    job: batch.Job,
    source: _Source,
    *,
    compressor: "Compressor",
    target: "Target",
    scale: int | None,
    verify: bool,
) -> _Result:
    from comrec_tf import metrics
    from comrec_tf.codecs import container

    psnr = ssim = None
    met = True
    if scale is not None and target.kind == "quality":
        content = compressor.encode(
            source.picture, int(target.value), scale=scale, metadata=source.metadata
        )
    else:
        choice = compressor.encode_to(
            source.picture,
            target,
            None if scale is None else [scale],
            plain=scale is None,
            metadata=source.metadata,
        )
        content, psnr, met = choice.content, choice.psnr, choice.met
    if verify:
        restored = compressor.decode(content)
        psnr = metrics.psnr(source.picture, restored)
        ssim = metrics.ssim(source.picture, restored) if min(restored.shape[:2]) >= 11 else None
    header = container.read(content)
    num_pixels = header.height * header.width
    row = {
        "file": job.output,
        "source": job.source,
        "pixels": num_pixels,
        "bytes_before": source.num_bytes,
        "bytes_after": len(content),
        "of_before": len(content) / source.num_bytes,
        "bits_per_pixel": 8 * len(content) / num_pixels,
        "scale": "plain" if header.preset_id == container.PLAIN else header.scale,
        "quality": header.quality,
        "psnr": psnr,
        "ssim": ssim,
        "met": None if met else "missed",
    }
    return _Result(content, row)


def _write(job: batch.Job, result: _Result) -> dict[str, Any]:
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
