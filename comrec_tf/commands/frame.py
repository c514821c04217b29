"""The frame of every door: flags of its own, help, errors as messages, exit codes."""

import io
import logging
import math
import os
import re
import sys
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import display

__all__ = [
    "FAILURE",
    "INTERRUPTED",
    "MISSED",
    "SUCCESS",
    "USAGE",
    "UsageError",
    "define_engine_flags",
    "run",
    "whole_number",
]

SUCCESS = 0
FAILURE = 1
USAGE = 2
#: A limit of bytes could not be kept.
MISSED = 3
INTERRUPTED = 130

#: What TensorFlow puts into its messages about its own graphs.
_NODES = re.compile(r"\{\{[^}]*\}\}\s*|\s*\[Op:\w+\](?: name:\s*)?")
#: What absl puts in front of a message: "flag " before a value that cannot be read, and the flags
#: with their values before what a validator says.
_FLAGS = re.compile(r"^flags .*?: (?=expected)|^flag --\w+=None: |^flag (?=--)")
_REQUIRED = re.compile(r"Flag (--\w+) must have a value other than None\.")


class UsageError(ValueError):
    """The command line makes no sense, which only the work itself could find out."""


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
            exit code. What it raises of `UsageError`, `OSError`, `ValueError`,
            `FloatingPointError` and `ModuleNotFoundError` (an extra that is not installed) ends it
            with a message.
        pass_unknown: whether flags that `define` does not know are handed to `work` among the
            positional arguments; an error otherwise.

    Returns:
        The exit code: `SUCCESS`, `FAILURE`, `USAGE` for a command line that makes no sense,
        `INTERRUPTED`, or what else `work` returned.
    """
    values = flags.FlagValues()
    flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
    define(values)
    for name in values:
        _explain_numbers(values[name])
    program = "python -m comrec_tf." + argv[0].rsplit("/", 1)[-1].removesuffix(".py")
    for stream in (sys.stdout, sys.stderr):
        # A file's name may be no text of the terminal's encoding.
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")

    def usage(message: str) -> int:
        print(f"{program}: {_clean(message)}\nTry: {program} --help", file=sys.stderr)
        return USAGE

    try:
        positional = values(list(argv), known_only=pass_unknown)[1:]
    except flags.Error as error:
        # Required flags may be missing just because --help is all that was asked.
        if not {"-h", "--help"} & set(argv[1:]):
            return usage(_in_our_words(error))
    if {"-h", "--help"} & set(argv[1:]):
        try:
            print(f"{description.strip()}\n\nFlags:\n{_help(values)}", flush=True)
        except BrokenPipeError:  # as of `--help | head`
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return SUCCESS
    # TensorFlow's messages as it starts do not help here; set this to 0 to see them.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("comrec_tf").setLevel(logging.INFO)
    for foreign in ("absl", "tensorflow"):
        logging.getLogger(foreign).setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            # What Pillow warns of, large pictures and damaged EXIF, is told in our own words.
            warnings.filterwarnings("ignore", module=r"PIL\.")
            return work(values, positional)
    except UsageError as error:
        return usage(str(error))
    except ModuleNotFoundError as error:
        print(vocabulary.explained(error, program), file=sys.stderr)
        return FAILURE
    except (OSError, ValueError, FloatingPointError) as error:
        print(f"{program}: {_clean(str(error))}", file=sys.stderr)
        return FAILURE
    except KeyboardInterrupt:
        print(f"{program}: interrupted", file=sys.stderr)
        return INTERRUPTED


def define_engine_flags(values: flags.FlagValues) -> None:
    """Define what computes the networks.

    Args:
        values: where to.
    """
    flags.DEFINE_enum(
        "engine",
        "litert",
        list(vocabulary.ENGINES),
        "What computes the networks: litert starts at once and needs nothing more; tensorflow "
        "(extra tf) is for GPUs.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "precision",
        None,
        ["auto", *vocabulary.PRECISIONS],
        "Arithmetic of RecCNN with --engine=tensorflow. auto takes mixed_bfloat16 where the CPU "
        "has instructions for it; pixels differ from those of float32 by a grey level or two.",
        flag_values=values,
    )
    flags.register_multi_flags_validator(
        ["engine", "precision"],
        lambda given: given["precision"] is None or given["engine"] == "tensorflow",
        "expected --engine=tensorflow with --precision",
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
        UsageError: it is none.
    """
    try:
        return int(text)
    except ValueError:
        raise UsageError(f"--{name} expects whole numbers. Received: {text!r}") from None


def _clean(message: str) -> str:
    """A message as people read it: nothing of TensorFlow's graphs, nothing that moves a cursor."""
    return "\n".join(display.printable(line) for line in _NODES.sub("", message).splitlines())


def _in_our_words(error: flags.Error) -> str:
    """What absl says of a command line, without its way to put it."""
    lines = [_FLAGS.sub("", line) for line in str(error).splitlines()]
    return "\n".join(_REQUIRED.sub(r"expected \1. Received: nothing", line) for line in lines)


def _explain_numbers(flag: flags.Flag) -> None:
    """Let a flag that is a number say what it expects, in place of what Python's `int` says."""
    parser = flag.parser
    if not isinstance(parser, flags.IntegerParser | flags.FloatParser):
        return
    expected = _range(parser)

    class Parser(type(parser)):  # type: ignore[misc]
        def parse(self, argument: Any) -> Any:
            try:
                value = super().parse(argument)
                if math.isfinite(value):
                    return value
                raise ValueError
            except (TypeError, ValueError):
                raise ValueError(f"expected {expected}. Received: {argument}") from None

    flag.parser = Parser(parser.lower_bound, parser.upper_bound)


def _range(parser: flags.IntegerParser | flags.FloatParser) -> str:
    kind = "a whole number" if isinstance(parser, flags.IntegerParser) else "a number"
    low, high = parser.lower_bound, parser.upper_bound
    if low is None:
        return kind if high is None else f"{kind} up to {high}"
    return f"{kind} from {low}" + ("" if high is None else f" to {high}")


def _help(values: flags.FlagValues) -> str:
    """All flags; absl's own help groups them by the files that define them."""
    lines = []
    for name in sorted({values[name].name for name in values}):
        flag = values[name]
        switch = f"--[no]{name}" if flag.boolean else f"--{name}"
        says = [flag.help]
        if isinstance(flag.parser, flags.IntegerParser | flags.FloatParser):
            says.append(f"Expects {_range(flag.parser)}.")
        default = ",".join(flag.default) if isinstance(flag.default, list) else flag.default
        if flag.boolean:
            default = "yes" if default else None
        if default not in (None, ""):
            says.append(f"Default: {default}.")
        lines.append(
            flags.text_wrap(f"{switch}: {' '.join(says)}", indent="      ", firstline_indent="  ")
        )
    return "\n".join(lines)
