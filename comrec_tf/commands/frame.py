"""The frame of every door: its own flags, help, errors as messages, exit codes."""

import dataclasses
import io
import itertools
import logging
import math
import os
import re
import sys
import traceback
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import display, help_text
from comrec_tf.engines import threads

__all__ = [
    "FAILURE",
    "INTERRUPTED",
    "MISSED",
    "SUCCESS",
    "USAGE",
    "Command",
    "UsageError",
    "define_engine_flags",
    "define_preset_flag",
    "origin",
    "show",
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
#: A short form and what is glued to it; -qualty=40 is rather a long name, misspelt.
_GLUED = re.compile(r"-([A-Za-z])(?!\w*=)(.+)", re.DOTALL)
_REQUIRED = re.compile(r"Flag (--\w+) must have a value other than None\.")


_log = logging.getLogger(__name__)


class UsageError(ValueError):
    """A wrong command line, found out only once the work has begun."""


@dataclasses.dataclass(frozen=True)
class Command:
    """A command: what it is called, says about itself, takes and does.

    Attributes:
        name: of its module, say "compress".
        description: what ``--help`` says around the flags; lists of commands show its first line.
        define: defines its flags, each in a `help_text.group`, on the given values.
        work: does the work; gets the flag values and the positional arguments, returns the
            exit code. A `UsageError`, `OSError`, `ValueError`, `FloatingPointError` or
            `ModuleNotFoundError` (an extra that is not installed) ends it with a message.
        arguments: what follows the flags, say "PICTURE..."; empty if nothing may.
        pass_unknown: whether flags that `define` does not know are handed to `work` among the
            positional arguments; an error otherwise.
    """

    name: str
    description: str
    define: Callable[[flags.FlagValues], None]
    work: Callable[[flags.FlagValues, list[str]], int]
    arguments: str = ""
    pass_unknown: bool = False

    @property
    def summary(self) -> str:
        """What it does, in a line."""
        return self.description.strip().partition("\n")[0].rstrip(".")

    @property
    def module(self) -> str:
        """How it is started by its module."""
        return f"python -m comrec_tf.{self.name}"

    def make_flags(self) -> flags.FlagValues:
        """Define its flags in a new `FlagValues`.

        Importing a command therefore defines nothing, and a test may run a command many times.

        Returns:
            The flags, not parsed.
        """
        values = flags.FlagValues()
        self.define(values)
        with help_text.group(values, help_text.RUN):
            flags.DEFINE_bool("help", False, "Show this help.", short_name="h", flag_values=values)
            flags.DEFINE_bool(
                "verbose",
                False,
                "Say more: each file as it is written, messages of libraries, and where in the "
                "code an error arose.",
                short_name="v",
                flag_values=values,
            )
        for name in values:
            _explain(values[name])
        if "output_dir" in values:
            # An empty one is a shell's variable that is not set; the working folder is ".".
            flags.register_validator(
                "output_dir",
                lambda folder: folder != "",
                "expected a folder. Received: nothing",
                flag_values=values,
            )
        return values

    def draw_help(self, program: str | None = None, *, width: int | None = None) -> str:
        """Draw its help.

        Args:
            program: what is typed to start it; `module` if None.
            width: see `help_text.draw`.

        Returns:
            The text.
        """
        values, program = self.make_flags(), program or self.module
        return help_text.draw(program, self.arguments, self.description, values, width=width)

    def run(self, argv: Sequence[str], program: str | None = None) -> int:
        """Parse the command line and do the work.

        Args:
            argv: the command line; its first word, the program, is ignored.
            program: what was typed to start it; `module` if None.

        Returns:
            The exit code: `SUCCESS`, `FAILURE`, `USAGE` for a wrong command line,
            `INTERRUPTED`, or whatever else `work` returned.
        """
        program = program or self.module
        values = self.make_flags()
        words = [*argv[:1], *_separated(argv[1:], values)]
        for stream in (sys.stdout, sys.stderr):
            # The terminal's encoding may lack characters of a file's name.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")

        def usage(message: str) -> int:
            print(f"{program}: {_clean(message)}\nTry: {program} --help", file=sys.stderr)
            return USAGE

        try:
            positional = values(words, known_only=self.pass_unknown)[1:]
        except flags.Error as error:
            # Whoever asks for --help need not pass the required flags.
            if not {"-h", "--help"} & set(words[1:]):
                return usage(_in_our_words(error))
        if {"-h", "--help"} & set(words[1:]):
            return show(self.draw_help(program))
        if positional and not self.arguments:
            return usage(f"expected flags only. Received: {' '.join(positional)}")
        if "engine" in values:  # whatever computes networks: known before any file is touched
            try:
                threads.count()
            except ValueError as error:
                return usage(str(error))
        _set_log_levels(values.verbose)
        try:
            with warnings.catch_warnings():
                # Pillow warns of large pictures and damaged EXIF; our own messages say so already.
                warnings.filterwarnings("ignore", module=r"PIL\.")
                code = self.work(values, positional)
            with display.printing(sys.stdout):
                return code
        except UsageError as error:
            return usage(str(error))
        except ModuleNotFoundError as error:
            message = str(vocabulary.explained(error, program))
            _log.debug("%s", origin(error))
        except (OSError, ValueError, FloatingPointError) as error:
            message = f"{program}: {_clean(str(error))}"
            _log.debug("%s", origin(error))
        except KeyboardInterrupt:
            print(f"{program}: interrupted", file=sys.stderr)
            return INTERRUPTED
        print(message, file=sys.stderr)
        return FAILURE


def show(text: str) -> int:
    """Print all that was asked for.

    Args:
        text: lines.

    Returns:
        `SUCCESS`, even if a reader such as `head` stops before the end; `FAILURE`, with a message,
        if standard output cannot be written.
    """
    try:
        with display.printing(sys.stdout):
            print(text)
    except OSError as error:
        print(f"standard output: {error}", file=sys.stderr)
        return FAILURE
    return SUCCESS


def origin(error: BaseException) -> str:
    """Say where an error arose, for people who look into it (``--verbose``).

    Args:
        error: the error.

    Returns:
        Its traceback, safe to print.
    """
    return _clean("".join(traceback.format_exception(error)))


def define_preset_flag(values: flags.FlagValues, more: str = "") -> None:
    """Define `--preset`.

    Args:
        values: where to define it.
        more: what a command adds to its help.
    """
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_string(
            "preset",
            vocabulary.DEFAULT_PRESET,
            f"Name of a preset, or its folder; `comrec presets` lists them. {more}",
            flag_values=values,
        )


def define_engine_flags(values: flags.FlagValues) -> None:
    """Define what computes the networks.

    Args:
        values: where to.
    """
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_enum(
            "engine",
            "litert",
            list(vocabulary.ENGINES),
            "What computes the networks: litert starts at once and needs nothing more; openvino "
            "(extra openvino) is faster on CPUs with AVX-512; tensorflow (extra tf) is for GPUs.",
            flag_values=values,
        )
        flags.DEFINE_enum(
            "precision",
            None,
            ["auto", *vocabulary.PRECISIONS],
            "Arithmetic of RecCNN with --engine=tensorflow. auto takes mixed_bfloat16 where the "
            "CPU has instructions for it; pixels differ from those of float32 by a grey level or "
            "two. Default: float32.",
            flag_values=values,
        )
    flags.register_multi_flags_validator(
        ["engine", "precision"],
        lambda given: given["precision"] is None or given["engine"] == "tensorflow",
        "expected --engine=tensorflow with --precision",
        flag_values=values,
    )


def _separated(words: Iterable[str], values: flags.FlagValues) -> Iterator[str]:
    """Part short forms from what is glued to them, as in -q40 and -nv: absl knows no such words."""
    rest = iter(words)
    for word in rest:
        parts = _parts(word, values)
        yield from parts
        if word == "--":
            yield from rest
        name = parts[-1].lstrip("-")
        if name != parts[-1] and name in values and not values[name].boolean:
            yield from itertools.islice(rest, 1)  # its value, whatever that looks like


def _parts(word: str, values: flags.FlagValues) -> list[str]:
    glued, name = _GLUED.fullmatch(word), word[1:].partition("=")[0]
    if not glued or glued[1] not in values or {name, name.removeprefix("no")} & set(values):
        return [word]
    if values[glued[1]].boolean:
        return [f"-{glued[1]}", *_parts(f"-{glued[2]}", values)]
    return [f"-{glued[1]}={glued[2]}"]


def _set_log_levels(verbose: bool) -> None:
    """Set how much is logged, by us and by others."""
    # Most users have no use for TensorFlow's messages at its start.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "0" if verbose else "3")
    logging.basicConfig(level=logging.WARNING, format="%(message)s", stream=sys.stderr)
    logging.getLogger("comrec_tf").setLevel(logging.DEBUG if verbose else logging.INFO)
    for foreign in ("absl", "tensorflow"):
        logging.getLogger(foreign).setLevel(logging.INFO if verbose else logging.ERROR)


def _clean(message: str) -> str:
    """A message as people read it: nothing of TensorFlow's graphs, nothing that moves a cursor."""
    return "\n".join(display.printable(line) for line in _NODES.sub("", message).splitlines())


def _in_our_words(error: flags.Error) -> str:
    """What absl says about a command line, as our own errors say it."""
    lines = [_FLAGS.sub("", line) for line in str(error).splitlines()]
    return "\n".join(_REQUIRED.sub(r"expected \1. Received: nothing", line) for line in lines)


def _explain(flag: flags.Flag) -> None:
    """Let a flag say what it expects in our words instead of absl's and Python's."""
    parser = flag.parser
    if isinstance(parser, flags.EnumParser):
        expected = f"one of {', '.join(parser.enum_values)}"
        again: tuple[Any, ...] = (parser.enum_values, parser.case_sensitive)
    elif isinstance(parser, flags.IntegerParser | flags.FloatParser):
        kind = "a whole number" if isinstance(parser, flags.IntegerParser) else "a number"
        expected = " ".join(filter(None, (kind, help_text.range_of(parser))))
        again = (parser.lower_bound, parser.upper_bound)
    else:
        return

    class Parser(type(parser)):  # type: ignore[misc]
        def parse(self, argument: Any) -> Any:
            try:
                value = super().parse(argument)
                if isinstance(value, str) or math.isfinite(value):
                    return value
                raise ValueError
            except (TypeError, ValueError):
                raise ValueError(f"expected {expected}. Received: {argument}") from None

    flag.parser = Parser(*again)
