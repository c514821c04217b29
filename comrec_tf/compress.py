"""Compress pictures to compact files: standard JPEGs that any viewer opens.

    python -m comrec_tf.compress a.png b.jpg --output_dir=small --quality=40

writes small/a.jpg and small/b.jpg; python -m comrec_tf.restore brings the pictures back.

Exit codes: 0 all files compressed, 1 some or all failed (their names are printed, the others
are done), 2 a wrong command line.
"""

import functools
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from comrec_tf import batch, command, storage

if TYPE_CHECKING:
    from comrec_tf.compressor import Compressor

__all__ = ["main"]


class _Result(NamedTuple):
    name: str
    num_pixels: int
    bytes_before: int
    bytes_after: int


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
    flags.DEFINE_string(
        "preset", command.DEFAULT_PRESET, "Name of a preset, or its folder.", flag_values=values
    )
    flags.DEFINE_integer(
        "quality",
        None,
        "JPEG quality of the compact picture; the preset's default where not given.",
        lower_bound=1,
        upper_bound=100,
        flag_values=values,
    )


def _compress(values: flags.FlagValues, inputs: list[str]) -> int:
    outputs = batch.planned_outputs(inputs, values.output_dir, ".jpg", overwrite=values.overwrite)
    from comrec_tf.compressor import Compressor

    compressor = Compressor.from_preset(values.preset)
    pathlib.Path(values.output_dir).mkdir(parents=True, exist_ok=True)
    results, failures = batch.for_each_file(
        inputs,
        outputs,
        "compressing",
        functools.partial(_compress_one, compressor=compressor, quality=values.quality),
    )
    if len(results) > 1:
        results.append(
            _Result("total", *(sum(column) for column in list(zip(*results, strict=True))[1:]))
        )
    batch.table(
        ["file", "bytes before", "bytes after", "bits per pixel", "of before"],
        [
            [
                result.name,
                f"{result.bytes_before:,}",
                f"{result.bytes_after:,}",
                f"{8 * result.bytes_after / result.num_pixels:.3f}",
                f"{100 * result.bytes_after / result.bytes_before:.1f} %",
            ]
            for result in results
        ],
    )
    return command.FAILURE if failures else command.SUCCESS


def _compress_one(
    path: str, output: pathlib.Path, *, compressor: "Compressor", quality: int | None
) -> _Result:
    from comrec_tf.images import files

    picture = files.read(path)
    content = compressor.encode(picture, quality)
    storage.write_atomically(output, content)
    num_pixels = picture.shape[0] * picture.shape[1]
    return _Result(str(output), num_pixels, os.path.getsize(path), len(content))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
