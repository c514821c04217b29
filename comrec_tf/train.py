"""Train a pair of networks on your own pictures.

    comrec train --train_data=photos --valid_data=more_photos -o run
    comrec train --train_data=photos --valid_data=more_photos -o run --resume

The output folder gets two presets, best/ and last/, which compress and restore take as
--preset=run/best; checkpoints/, from which --resume continues; history.csv, and tensorboard/.

Exit codes: 0 trained, 1 an error that the message describes, 2 a wrong command line,
130 interrupted.
"""

import dataclasses
import sys
import typing
from typing import Any

from absl import flags

from comrec_tf.commands import frame, help_text
from comrec_tf.training.config import NETWORKS, TrainingConfig

__all__ = ["COMMAND", "main"]


def _define(values: flags.FlagValues) -> None:
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_string(
            "output_dir", None, "Folder for all results.", short_name="o", flag_values=values
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool(
            "resume",
            False,
            "Go on where an earlier run ended: from its newest checkpoint, with the same flags. "
            "Only --epochs, learning rates above 0, --clip_norm, --precision and --strategy may be "
            "others; the rates are from there on those of a run that was begun so.",
            flag_values=values,
        )
    flags.mark_flag_as_required("output_dir", flag_values=values)
    for field in dataclasses.fields(TrainingConfig):
        with help_text.group(values, field.metadata["group"]):
            _define_field(values, field)


def _define_field(values: flags.FlagValues, field: "dataclasses.Field[Any]") -> None:
    meaning, name, default = field.metadata["help"], field.name, field.default
    if default is dataclasses.MISSING:
        flags.DEFINE_list(name, None, meaning, flag_values=values)
        flags.mark_flag_as_required(name, flag_values=values)
        return
    if name in NETWORKS:
        usual = NETWORKS[name]
        usual = ("no", "yes")[usual] if isinstance(usual, bool) else usual
        meaning += f" Default: the preset's with --preset, {usual} without."
    kind, low, high = _kind(field), field.metadata["low"], field.metadata["high"]
    if choices := field.metadata["choices"]:
        default = default if default is None else str(default)
        flags.DEFINE_enum(name, default, [str(one) for one in choices], meaning, flag_values=values)
    elif kind is bool:
        flags.DEFINE_bool(name, default, meaning, flag_values=values)
    elif kind is int:
        flags.DEFINE_integer(name, default, meaning, low, high, flag_values=values)
    elif kind is float:
        flags.DEFINE_float(name, default, meaning, low, high, flag_values=values)
    else:
        flags.DEFINE_string(name, default, meaning, flag_values=values)


def _kind(field: "dataclasses.Field[Any]") -> type:
    """The type of a field's values, where they are not None."""
    kind: type
    (kind, *_) = typing.get_args(field.type) or (field.type,)
    return kind


def _train(values: flags.FlagValues, positional: list[str]) -> int:
    chosen: dict[str, Any] = {}
    for field in dataclasses.fields(TrainingConfig):
        value = values[field.name].value
        is_number = field.metadata["choices"] and value is not None
        chosen[field.name] = _kind(field)(value) if is_number else value
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


COMMAND = frame.Command("train", __doc__, _define, _train)

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
