"""The frame of every door: flags of its own, help, errors as messages, exit codes."""

import logging
import os
import sys
from collections.abc import Callable, Sequence

from absl import flags

__all__ = [
    "DEFAULT_PRESET",
    "FAILURE",
    "SUCCESS",
    "USAGE",
    "define_precision_flag",
    "run",
    "whole_number",
]

#: The preset that commands take where none is named.
DEFAULT_PRESET = "comrec"

SUCCESS = 0
FAILURE = 1
USAGE = 2


def run(
    argv: Sequence[str],
    description: str,
    define: Callable[[flags.FlagValues], None],
    work: Callable[[flags.FlagValues, list[str]], int],
    *,
    pass_unknown: bool = False,
) -> int:
    """Parse the command line and do the work.

    Each call has flag values of its own, so that importing a command defines nothing and a test
    may call it as often as it likes.

    Args:
        argv: the command line, the program's name first.
        description: what ``--help`` says above the flags.
        define: defines the command's flags on the given values.
        work: does the work; gets the flag values and the positional arguments, returns the
            exit code. What it raises of `OSError`, `ValueError`, `FloatingPointError` and
            `ModuleNotFoundError` (an extra that is not installed) ends it with a message.
        pass_unknown: whether flags that `define` does not know are handed to `work` among the
            positional arguments; an error otherwise.

    Returns:
        The exit code: `SUCCESS`, `FAILURE`, or `USAGE` for a command line that makes no sense.
    """
    values = flags.FlagValues()
    flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
    define(values)
    program = "python -m comrec_tf." + argv[0].rsplit("/", 1)[-1].removesuffix(".py")
    try:
        positional = values(list(argv), known_only=pass_unknown)[1:]
    except flags.Error as error:
        # Flags may be wanting just because --help is all that was asked.
        if not {"-h", "--help"} & set(argv[1:]):
            print(f"{program}: {error}\nTry: {program} --help", file=sys.stderr)
            return USAGE
    if {"-h", "--help"} & set(argv[1:]):
        print(f"{description.strip()}\n\nFlags:\n{_help(values)}")
        return SUCCESS
    # What TensorFlow says as it starts is of no use here; who wants to see it sets this to 0.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("comrec_tf").setLevel(logging.INFO)
    try:
        return work(values, positional)
    except (OSError, ValueError, FloatingPointError, ModuleNotFoundError) as error:
        print(f"{program}: {error}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return 130


def define_precision_flag(values: flags.FlagValues) -> None:
    """Define with which precision pictures are restored.

    Args:
        values: where to.
    """
    flags.DEFINE_enum(
        "precision",
        "auto",
        ["auto", "float32", "mixed_bfloat16", "mixed_float16"],
        "Arithmetic of RecCNN. auto takes mixed_bfloat16 where the CPU has instructions for it: "
        "twice as fast, and pixels differ from those of float32 by a grey level or two.",
        flag_values=values,
    )


def whole_number(text: str, name: str) -> int:
    """Read a whole number of a flag.

    Args:
        text: what was typed.
        name: the flag.

    Returns:
        The number.

    Raises:
        ValueError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise ValueError(f"--{name} expects whole numbers. Received: {text!r}") from None


def _help(values: flags.FlagValues) -> str:
    """All flags; absl's own help groups them by the files that define them."""
    lines = []
    for name in sorted({values[name].name for name in values}):
        flag = values[name]
        switch = f"--[no]{name}" if flag.boolean else f"--{name}"
        default = "" if flag.default is None else f" (default: {flag.default_as_str})"
        lines.append(
            flags.text_wrap(
                f"{switch}: {flag.help}{default}", indent="      ", firstline_indent="  "
            )
        )
    return "\n".join(lines)
