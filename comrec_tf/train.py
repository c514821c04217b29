"""Train a pair of networks on your own pictures.

    python -m comrec_tf.train --train_data=photos --valid_data=more_photos --output_dir=run

The output folder gets two presets, best/ and last/, which compress and restore take as
--preset=run/best; checkpoints/, from which --resume goes on; history.csv, and tensorboard/.

Exit codes: 0 trained, 1 an error that the message describes, 2 a wrong command line,
130 interrupted.
"""

import dataclasses
import sys
import typing
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags

from comrec_tf.commands import frame
from comrec_tf.training.config import NETWORKS, TrainingConfig

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _train)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("output_dir", None, "Folder for all results.", flag_values=values)
    flags.DEFINE_bool("resume", False, "Go on from the newest checkpoint.", flag_values=values)
    flags.mark_flag_as_required("output_dir", flag_values=values)
    kinds: dict[type, Callable[..., Any]] = {
        bool: flags.DEFINE_bool,
        int: flags.DEFINE_integer,
        float: flags.DEFINE_float,
        str: flags.DEFINE_string,
    }
    for field in dataclasses.fields(TrainingConfig):
        description = field.metadata["help"]
        if field.default is dataclasses.MISSING:
            flags.DEFINE_list(field.name, None, description, flag_values=values)
            flags.mark_flag_as_required(field.name, flag_values=values)
            continue
        if field.name in NETWORKS:
            usual = NETWORKS[field.name]
            usual = ("no", "yes")[usual] if isinstance(usual, bool) else usual
            description += f" The preset's with --preset, {usual} without."
        (kind, *_) = typing.get_args(field.type) or (field.type,)
        kinds[kind](field.name, field.default, description, flag_values=values)


def _train(values: flags.FlagValues, positional: list[str]) -> int:
    if positional:
        raise frame.UsageError(f"expected flags only. Received: {' '.join(positional)}")
    fields = [field.name for field in dataclasses.fields(TrainingConfig)]
    chosen: dict[str, Any] = {name: values[name].value for name in fields}
    try:
        config = TrainingConfig(**chosen)
    except ValueError as error:
        raise frame.UsageError(str(error)) from None
    # TensorFlow takes seconds to import: only once the command line has proved right.
    from comrec_tf.training.run import train

    best = train(
        config,
        values.output_dir,
        resume=values.resume,
        verbose="auto" if sys.stdout.isatty() else 2,
    )
    print(f"best preset: {best}")
    return frame.SUCCESS


if __name__ == "__main__":
    sys.exit(main(sys.argv))
