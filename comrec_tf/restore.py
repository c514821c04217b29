"""Restore pictures from compact files, and what JPEG broke of ordinary JPEGs.

    comrec restore small -o restored
    comrec restore old.jpg -o better -f jpeg -q 92
    comrec restore - < a.jpg > a.png

Takes files, globs, folders (the tree is kept) and standard input, and writes PNG, or with --format
JPEG or WebP, which take a tenth of the bytes and lose a little. The preset of a compact file is
found from the file, among the presets of the installation and of the environment variable
COMREC_PRESETS; --preset names one that lies elsewhere.

Ordinary JPEGs are restored by the full-size pair of --preset; --strength says by how much. One that
needs nothing, or where restoring would do harm, is copied as it is, and the report says why.

With --to_jpeg nothing is restored: JPEG XL files become the JPEGs that they hold, bit for bit.

Exit codes: 0 all files restored or kept, 1 some or all failed or were skipped (they are named, the
others are done), 2 a wrong command line, 130 interrupted.
"""

import dataclasses
import functools
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import flags as command_flags
from comrec_tf.commands import frame, help_text, jobs, outcome, plan

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compact_file.container import Header
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.compression.jpeg_restoration import RestoredJpeg
    from comrec_tf.images.metadata import Metadata

__all__ = ["COMMAND", "main"]

_COLUMNS: dict[str, tuple[str, Any]] = {
    "file": ("file", "{}"),
    "size": ("pixels", "{}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
    "restored": ("restored", "{}"),
}
#: Endings of the formats of --format.
_ENDINGS = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}
#: Of restored pictures as JPEG or WebP.
_QUALITY = 90
#: Endings of JPEGs, which may be copied as they are.
_JPEG_ENDINGS = (".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class _Source:
    content: bytes
    #: Of a compact file; None of an ordinary JPEG, and where nothing is restored.
    header: "Header | None"
    num_pixels: int


class _Restored(NamedTuple):
    content: bytes
    picture: "np.ndarray"
    metadata: "Metadata"
    #: Of an ordinary JPEG; None of a compact file.
    ordinary: "RestoredJpeg | None" = None


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return COMMAND.run(argv)


def _define(values: flags.FlagValues) -> None:
    plan.define_flags(values)
    frame.define_engine_flags(values)
    command_flags.define_max_pixels(values)
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_string(
            "preset",
            "",
            "Name of the preset that made the files, or its folder, if the search does not find "
            "it; for ordinary JPEGs the preset to take. Default: the preset that each file names; "
            f"for ordinary JPEGs {vocabulary.DEFAULT_PRESET}.",
            flag_values=values,
        )
        flags.DEFINE_float(
            "strength",
            1.0,
            "How much of the restoration ordinary JPEGs get.",
            lower_bound=0.0,
            upper_bound=1.0,
            flag_values=values,
        )
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_enum(
            "format",
            "png",
            list(_ENDINGS),
            "Format of the restored pictures.",
            short_name="f",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "to_jpeg",
            False,
            "Take the JPEGs out of JPEG XL files, bit for bit, in place of restoring.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "ignore_checksum",
            False,
            "Restore what is left of damaged files.",
            flag_values=values,
        )
    with help_text.group(values, help_text.TARGET):
        flags.DEFINE_integer(
            "quality",
            None,
            f"Quality of the files of --format=jpeg and webp. Default: {_QUALITY}.",
            lower_bound=1,
            upper_bound=100,
            short_name="q",
            flag_values=values,
        )
    flags.register_multi_flags_validator(
        ["format", "to_jpeg"],
        lambda given: given["format"] == "png" or not given["to_jpeg"],
        "expected --to_jpeg without --format: it takes JPEGs out as they are",
        flag_values=values,
    )
    flags.register_multi_flags_validator(
        ["format", "quality"],
        lambda given: given["quality"] is None or given["format"] != "png",
        "expected --format=jpeg or webp beside --quality: PNG loses nothing",
        flag_values=values,
    )


def _restore(values: flags.FlagValues, inputs: list[str]) -> int:
    quality = _QUALITY if values.quality is None else values.quality
    options = {
        "restore": values.preset,
        "format": [values.format, None if values.format == "png" else quality],
        "strength": values.strength,
    }
    planned = plan.make(
        inputs,
        values,
        suffix=_JPEG_ENDINGS[0] if values.to_jpeg else _ENDINGS[values.format],
        suffixes=[".jxl"] if values.to_jpeg else vocabulary.COMPACT_SUFFIXES,
        options={"restore": "to_jpeg"} if values.to_jpeg else options,
        kept=() if values.to_jpeg else _JPEG_ENDINGS,
    )
    if values.dry_run:
        return outcome.show_plan(planned)
    read = functools.partial(_read, max_pixels=values.max_pixels, to_jpeg=values.to_jpeg)
    work = functools.partial(
        _work,
        compressor_of=_loader(values),
        strength=values.strength,
        ignore_checksum=values.ignore_checksum,
    )
    make = functools.partial(_make, form=values.format, quality=quality)
    verb: jobs.Verb[_Source, Any] = jobs.Verb("restoring", read, work, make)
    if values.to_jpeg:
        verb = jobs.Verb("taking out", read, _take_out, lambda job, made: made)
    done = jobs.run(planned, verb, overwrite=values.overwrite)
    names = ("pixels", "bytes_before", "bytes_after")
    total = {name: sum(row[name] for row in done.rows) for name in names}
    return outcome.report(
        planned, done, _COLUMNS, total if done.rows else None, as_json=values.json
    )


def _loader(values: flags.FlagValues) -> Callable[["Header | None"], "Compressor"]:
    """What gives the compressor of a file, and loads each preset once."""
    from comrec_tf.codecs.jpeg import JpegCodec
    from comrec_tf.compact_file import container
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.presets import find

    @functools.cache
    def load(folder: str) -> Compressor:
        return Compressor.from_preset(
            folder,
            engine=values.engine,
            precision=values.precision,
            max_pixels=values.max_pixels,
        )

    def compressor_of(header: "Header | None") -> Compressor:
        if header is None:
            return load(values.preset or vocabulary.DEFAULT_PRESET)
        if header.preset_id == container.PLAIN:  # the picture itself, for which no network is run
            return Compressor([], JpegCodec(), max_pixels=values.max_pixels)
        return load(values.preset or os.fspath(find.find_preset_by_id(header.preset_id)))

    return compressor_of


def _read(job: plan.Job, *, max_pixels: int, to_jpeg: bool) -> _Source:
    from comrec_tf.codecs import jpeg_xl
    from comrec_tf.compact_file import carriers, container
    from comrec_tf.images import limits

    if job.source == plan.STREAM:
        content = sys.stdin.buffer.read()
        if not content:
            raise OSError("expected a compact file or a JPEG on standard input. Received: nothing")
    else:
        limits.check_bytes(os.path.getsize(job.source), max_pixels)
        content = pathlib.Path(job.source).read_bytes()
    form = carriers.file_format(content)
    if to_jpeg or (form in ("jpeg", "jpeg-xl") and carriers.extract(content) is None):
        height, width = carriers.picture_size(content)
        limits.check_pixels(width, height, max_pixels)
        if form == "jpeg-xl" and not to_jpeg:  # a JPEG that somebody packed
            content = jpeg_xl.unpack(content)
        return _Source(content, None, height * width)
    header = container.read(content)
    limits.check_pixels(header.width, header.height, max_pixels)
    return _Source(content, header, header.height * header.width)


def _take_out(job: plan.Job, source: _Source, advance: Callable[[float], None]) -> jobs.Made:
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


def _work(
    job: plan.Job,
    source: _Source,
    advance: Callable[[float], None],
    *,
    compressor_of: Callable[["Header | None"], "Compressor"],
    strength: float,
    ignore_checksum: bool,
) -> _Restored:
    from comrec_tf.compact_file import carriers, container

    compressor = compressor_of(source.header)
    if source.header is None:
        done = compressor.restore_jpeg(source.content, strength=strength, progress=advance)
        return _Restored(source.content, done.picture, done.metadata, done)
    try:
        picture = compressor.decode(
            source.content, ignore_checksum=ignore_checksum, progress=advance
        )
    except container.DamagedError as error:
        raise ValueError(f"{error}; --ignore_checksum restores what is left") from error
    return _Restored(source.content, picture, carriers.extract_metadata(source.content))


def _make(job: plan.Job, restored: _Restored, *, form: str, quality: int) -> jobs.Made:
    from comrec_tf.images import files

    height, width = restored.picture.shape[:2]
    row: dict[str, Any] = {
        "size": f"{width}x{height}",
        "pixels": height * width,
        "bytes_before": len(restored.content),
        "kind": "compact" if restored.ordinary is None else "ordinary",
        "restored": "compact file",
    }
    output = job.output
    if (ordinary := restored.ordinary) is not None:
        row |= _row(ordinary)
        if not ordinary.restored and output != plan.STREAM:
            ending = os.path.splitext(job.source)[1]
            ending = ending if ending.lower() in _JPEG_ENDINGS else _JPEG_ENDINGS[0]
            output = os.path.splitext(job.output)[0] + ending
    if ordinary is not None and not ordinary.restored:
        content = restored.content
    else:
        content = files.encode(restored.picture, restored.metadata, form, quality)
    return jobs.Made(content, row | {"bytes_after": len(content)}, output)


def _row(done: "RestoredJpeg") -> dict[str, Any]:
    """What the report says of an ordinary JPEG."""
    says = f"ordinary, about quality {done.fit.quality}"
    if not done.restored:
        says = f"no: {done.reason}"
    elif done.reason:
        says += f", {done.reason}"
    return {
        "restored": says,
        "quality": done.fit.quality,
        "fit_error": round(done.fit.error, 3),
        "told_quality": done.quality,
        "subsampling": done.subsampling,
        "notes": list(done.notes) if done.restored else [],
    }


COMMAND = frame.Command("restore", __doc__, _define, _restore, arguments="FILE...")

if __name__ == "__main__":
    sys.exit(main(sys.argv))
