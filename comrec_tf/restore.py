"""Restore pictures from compact files.

    python -m comrec_tf.restore small --output_dir=restored
    python -m comrec_tf.restore - < a.jpg > a.png

Takes files, globs, folders (the tree is kept) and standard input, and writes PNG. The preset is
found from the file, among the presets of the installation and of the environment variable
COMREC_PRESETS; --preset names one that lies elsewhere.

Exit codes: 0 all files restored, 1 some or all failed (their names are printed, the others
are done), 2 a wrong command line, 130 interrupted.
"""

import functools
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from absl import flags

from comrec_tf import storage
from comrec_tf.commands import display, frame, jobs, journal

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compression.compressor import Compressor

__all__ = ["main"]

_SUFFIXES = (".avif", ".j2k", ".jpeg", ".jpg", ".webp")
_COLUMNS = {
    "file": ("file", "{}"),
    "size": ("pixels", "{}"),
    "bytes_before": ("bytes before", "{:,}"),
    "bytes_after": ("bytes after", "{:,}"),
}


class _Result(NamedTuple):
    compact_file: bytes
    picture: "np.ndarray"


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _restore)


def _define(values: flags.FlagValues) -> None:
    jobs.define_output_flags(values)
    frame.define_precision_flag(values)
    flags.DEFINE_string(
        "preset",
        "",
        "Name or folder of the preset that made the files, if the search does not find it.",
        flag_values=values,
    )


def _restore(values: flags.FlagValues, inputs: list[str]) -> int:
    planned = jobs.plan(inputs, values, suffix=".png", suffixes=_SUFFIXES)
    if values.dry_run:
        for job in planned:
            print(f"{job.source} -> {job.output}")
        return frame.SUCCESS

    from comrec_tf.compact_file import container
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.presets import cards

    @functools.cache
    def compressor_of(preset_id: int) -> Compressor:
        if not values.preset and preset_id == container.PLAIN:
            return Compressor.from_preset(frame.DEFAULT_PRESET)  # any will do
        folder = values.preset or cards.find_preset_by_id(preset_id)
        return Compressor.from_preset(folder, values.precision)

    log = None
    if values.resume:
        log = journal.Journal(values.output_dir, {"restore": values.preset})
    rows, failures = jobs.run(
        planned,
        "restoring",
        read=_read,
        work=functools.partial(_work, compressor_of=compressor_of),
        write=_write,
        log=log,
    )
    total = {
        name: sum(row[name] for row in rows) for name in ("pixels", "bytes_before", "bytes_after")
    }
    display.report(
        _COLUMNS,
        rows,
        failures,
        total=total if rows else None,
        as_json=values.json,
        stream=planned[0].output == jobs.STREAM,
    )
    return frame.FAILURE if failures else frame.SUCCESS


def _read(job: jobs.Job) -> bytes:
    if job.source == jobs.STREAM:
        return sys.stdin.buffer.read()
    return pathlib.Path(job.source).read_bytes()


def _work(
    job: jobs.Job, compact_file: bytes, *, compressor_of: Callable[[int], "Compressor"]
) -> _Result:
    from comrec_tf.compact_file import container

    compressor = compressor_of(container.read(compact_file).preset_id)
    return _Result(compact_file, compressor.decode(compact_file))


def _write(job: jobs.Job, result: _Result) -> dict[str, Any]:
    from comrec_tf.compact_file import carriers
    from comrec_tf.images import files

    content = files.png_bytes(result.picture, carriers.extract_metadata(result.compact_file))
    storage.write_output(job.output, content)
    height, width = result.picture.shape[:2]
    return {
        "file": job.output,
        "source": job.source,
        "size": f"{width}x{height}",
        "pixels": height * width,
        "bytes_before": len(result.compact_file),
        "bytes_after": len(content),
    }


if __name__ == "__main__":
    sys.exit(main(sys.argv))
