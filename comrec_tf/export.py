"""Export a preset as a SavedModel for TensorFlow Serving.

    python -m comrec_tf.export --preset=comrec --output_dir=models/comrec --version=1

writes models/comrec/1, of TensorFlow operations alone, with the signatures encode (the default),
decode, decode_jpeg, encode_pixels and decode_pixels; serving/README.md describes them.

Exit codes: 0 exported, 1 an error that the message describes, 2 a wrong command line.
"""

import pathlib
import sys
from collections.abc import Sequence

from absl import flags

from comrec_tf.commands import frame

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _export)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string(
        "preset", frame.DEFAULT_PRESET, "Name of a preset, or its folder.", flag_values=values
    )
    flags.DEFINE_string(
        "output_dir", None, "Folder of the model; versions are folders in it.", flag_values=values
    )
    flags.mark_flag_as_required("output_dir", flag_values=values)
    flags.DEFINE_integer(
        "version", 1, "Version; servers take the largest.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_integer(
        "scale", None, "Which pair encodes; the largest scale if not given.", flag_values=values
    )
    flags.DEFINE_integer(
        "max_pixels",
        100_000_000,
        "Pixels of a picture at most; larger ones are refused.",
        lower_bound=1,
        flag_values=values,
    )


def _export(values: flags.FlagValues, positional: list[str]) -> int:
    if positional:
        raise ValueError(f"expected flags only. Received: {' '.join(positional)}")
    path = pathlib.Path(values.output_dir) / str(values.version)
    if path.exists():
        raise FileExistsError(f"{path} exists: export another --version")
    import tensorflow as tf

    # It tells of names of its own inside the graph.
    from comrec_tf.exporting import signatures

    # It tells of names of its own inside the graph.
    from comrec_tf.presets import cards, weights

    # It tells of names of its own inside the graph.
    tf.get_logger().setLevel("ERROR")
    card = cards.read_card(cards.find_preset(values.preset))
    options = {"default_quality": card["default_quality"]} if "default_quality" in card else {}
    signatures.export_signatures(
        weights.load_pairs(values.preset),
        path,
        scale=values.scale,
        max_pixels=values.max_pixels,
        **options,
    )
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"{path}: {size / 1e6:.1f} MB")
    return frame.SUCCESS


if __name__ == "__main__":
    sys.exit(main(sys.argv))
