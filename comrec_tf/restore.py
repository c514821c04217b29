"""Restore pictures from compact files.

    python -m comrec_tf.restore small/*.jpg --output_dir=restored

writes restored/a.png for small/a.jpg. The preset is found from the file, among the presets of the
installation and of the environment variable COMREC_PRESETS; --preset names one that lies elsewhere.

Exit codes: 0 all files restored, 1 some or all failed (their names are printed, the others
are done), 2 a wrong command line.
"""

import functools
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from absl import flags

from comrec_tf import batch, command, storage

if TYPE_CHECKING:
    from comrec_tf.compressor import Compressor

__all__ = ["main"]


class _Result(NamedTuple):
    name: str
    width: int
    height: int
    bytes_before: int
    bytes_after: int


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return command.run(argv, __doc__, _define, _restore)


def _define(values: flags.FlagValues) -> None:
    batch.define_output_flags(values)
    flags.DEFINE_string(
        "preset",
        "",
        "Name or folder of the preset that made the files, if the search does not find it.",
        flag_values=values,
    )


def _restore(values: flags.FlagValues, inputs: list[str]) -> int:
    outputs = batch.planned_outputs(inputs, values.output_dir, ".png", overwrite=values.overwrite)
    from comrec_tf import presets
    from comrec_tf.compressor import Compressor

    @functools.cache
    def compressor_of(preset_id: int) -> Compressor:
        return Compressor.from_preset(values.preset or presets.find_preset_by_id(preset_id))

    pathlib.Path(values.output_dir).mkdir(parents=True, exist_ok=True)
    results, failures = batch.for_each_file(
        inputs,
        outputs,
        "restoring",
        functools.partial(_restore_one, compressor_of=compressor_of),
    )
    batch.table(
        ["file", "pixels", "bytes before", "bytes after"],
        [
            [
                result.name,
                f"{result.width}x{result.height}",
                f"{result.bytes_before:,}",
                f"{result.bytes_after:,}",
            ]
            for result in results
        ],
    )
    return command.FAILURE if failures else command.SUCCESS


def _restore_one(
    path: str, output: pathlib.Path, *, compressor_of: Callable[[int], "Compressor"]
) -> _Result:
    from comrec_tf.codecs import container
    from comrec_tf.images import files

    compact_file = pathlib.Path(path).read_bytes()
    compressor = compressor_of(container.read(compact_file).preset_id)
    picture = compressor.decode(compact_file)
    content = files.png_bytes(picture)
    storage.write_atomically(output, content)
    height, width = picture.shape[:2]
    return _Result(str(output), width, height, len(compact_file), len(content))


if __name__ == "__main__":
    sys.exit(main(sys.argv))
