"""Help that people read: absl parses the flags, argparse draws them, for all doors and the site."""

import argparse
import contextlib
import dataclasses
import functools
import inspect
import shutil
import textwrap
from collections.abc import Iterator

from absl import flags

__all__ = [
    "GROUPS",
    "IN_AND_OUT",
    "NETWORK",
    "RUN",
    "TARGET",
    "Option",
    "draw",
    "group",
    "options",
    "range_of",
    "wrapped",
]

IN_AND_OUT = "Input and output"
TARGET = "Target"
NETWORK = "Network"
RUN = "Run"
#: In the order in which help shows them.
GROUPS = (IN_AND_OUT, TARGET, NETWORK, RUN)

#: Begins the last sentence of a flag's help, where its default is no value.
_DEFAULT = "Default: "
#: Begins the paragraph of a description that help shows below the flags.
_LAST = "Exit codes"
#: Widest line; narrower terminals have narrower lines.
_WIDEST = 100
_INDENT = 28
#: Longest list of choices that is shown after a flag's name.
_LONGEST = 20
#: Placeholders of values, by absl's name of their type.
_PLACEHOLDERS = {
    "comma separated list of strings": "A,B",
    "float": "X",
    "int": "N",
    "size": "BYTES",
    "string": "TEXT",
    "string enum": "NAME",
}
_NUMBERS = (flags.IntegerParser, flags.FloatParser)
#: Said instead of a default where the flag must be given.
_REQUIRED = "required"


@dataclasses.dataclass(frozen=True)
class Option:
    """A flag as people see it.

    Attributes:
        name: without dashes.
        short: its one letter, or empty.
        group: one of `GROUPS`.
        meaning: what it does, in a sentence or more.
        choices: the values it takes, where they are few.
        range: "from 1 to 100" and the like, or empty.
        default: its value if it is not given, in words; "required" if it must be given.
        placeholder: what help shows for its value; empty for a switch.
    """

    name: str
    short: str
    group: str
    meaning: str
    choices: tuple[str, ...]
    range: str
    default: str
    placeholder: str

    @property
    def spelling(self) -> str:
        """How the long form is typed; for a switch that is on, also how it is turned off."""
        if self.placeholder:
            return f"--{self.name}={self.placeholder}"
        return f"--{self.name}" if self.default == "no" else f"--[no]{self.name}"

    @property
    def facts(self) -> str:
        """The values it takes and its default, in brackets."""
        among = self.range
        if self.choices and self.placeholder != "|".join(self.choices):
            among = f"one of {', '.join(self.choices)}"
        without = self.default if self.default == _REQUIRED else f"default: {self.default}"
        return f"[{'; '.join(filter(None, (among, without)))}]"


@contextlib.contextmanager
def group(values: flags.FlagValues, name: str) -> Iterator[None]:
    """Put the flags that are defined inside this context into a group of the help.

    Args:
        values: where they are defined.
        name: one of `GROUPS`.
    """
    before = set(values)
    yield
    for new in set(values) - before:
        # absl has a place for flags that belong together: the key flags of a module.
        values.register_key_flag_for_module(name, values[new])


def options(values: flags.FlagValues) -> list[Option]:
    """Describe flags.

    Args:
        values: all flags of a command, each defined in a `group`.

    Returns:
        By group, those with a short form first, then by name.
    """
    grouped = values.key_flags_by_module_dict()
    found = [_option(flag, name) for name in GROUPS for flag in grouped.get(name, ())]
    return sorted(found, key=lambda each: (GROUPS.index(each.group), not each.short, each.name))


def draw(
    program: str,
    arguments: str,
    description: str,
    values: flags.FlagValues,
    *,
    width: int | None = None,
) -> str:
    """Draw the help of a command.

    Args:
        program: what is typed to start it.
        arguments: what follows the flags, as "PICTURE...".
        description: first line, examples and more, like a docstring; a last paragraph on exit codes
            is shown below the flags.
        values: its flags.
        width: of the lines, in characters; that of the terminal, at most 100, if None.

    Returns:
        Lines of text, the last one without its end.
    """
    width = width or _width()
    first, examples, *paragraphs = inspect.cleandoc(description).split("\n\n")
    last = [text for text in paragraphs if text.startswith(_LAST)]
    usage = " ".join(filter(None, ("Usage:", program, "[FLAGS]", arguments)))
    above = [first, usage, f"Examples:\n{examples}"]
    above += [text for text in paragraphs if text not in last]
    parser = argparse.ArgumentParser(
        usage=argparse.SUPPRESS,
        description="\n\n".join(above),
        epilog="\n\n".join(last),
        add_help=False,
        formatter_class=functools.partial(_Formatter, width=width, max_help_position=_INDENT),
    )
    sections = {name: parser.add_argument_group(name) for name in GROUPS}
    for option in options(values):
        spellings = [option.spelling] if not option.short else [f"-{option.short}", option.spelling]
        # To argparse all are switches whose names happen to hold "=": it would say the value of a
        # short form twice.
        sections[option.group].add_argument(
            *spellings,
            dest=option.name,
            action="store_true",
            help=f"{option.meaning} {option.facts}".replace("%", "%%"),
        )
    return parser.format_help().rstrip()


def wrapped(text: str, *, indent: int = 2) -> list[str]:
    """Cut text into lines of the terminal's width, none of them within a word.

    Args:
        text: prose.
        indent: columns that the caller puts in front of each line.

    Returns:
        The lines, not indented.
    """
    return _wrap(text, _width() - indent)


def range_of(parser: flags.IntegerParser | flags.FloatParser) -> str:
    """Say what numbers a flag takes.

    Args:
        parser: the flag's.

    Returns:
        "from 1 to 100", "from 1", "up to 5", or empty for any.
    """
    low, high = parser.lower_bound, parser.upper_bound
    if low is None:
        return "" if high is None else f"up to {_plain(high)}"
    return f"from {_plain(low)}" + ("" if high is None else f" to {_plain(high)}")


class _Formatter(argparse.HelpFormatter):
    """Wraps prose, keeps indented lines as they are, and breaks no word at a hyphen."""

    def _split_lines(self, text: str, width: int) -> list[str]:
        return _wrap(text, width)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        paragraphs = text.split("\n\n")
        return "\n\n".join(
            paragraph
            if "\n    " in paragraph or paragraph.startswith("    ")
            else "\n".join(self._split_lines(paragraph, width))
            for paragraph in paragraphs
        )


def _width() -> int:
    return min(_WIDEST, shutil.get_terminal_size().columns)


def _wrap(text: str, width: int) -> list[str]:
    return textwrap.wrap(text, width, break_on_hyphens=False, break_long_words=False)


def _option(flag: flags.Flag, group: str) -> Option:
    choices = tuple(getattr(flag.parser, "enum_values", ()))
    # absl puts the choices in front of what a flag means.
    text = " ".join(flag.help.split()).removeprefix(f"<{'|'.join(choices)}>: ")
    meaning, _, default = text.partition(f" {_DEFAULT}")
    if any("must have a value" in each.message for each in flag.validators):
        default = _REQUIRED
    elif flag.boolean and flag.default is not None:
        default = "yes" if flag.default else "no"
    elif flag.default not in (None, "") and not default:
        default = ",".join(flag.default) if isinstance(flag.default, list) else _plain(flag.default)
    parser = flag.parser
    return Option(
        name=flag.name,
        short=flag.short_name or "",
        group=group,
        meaning=meaning,
        choices=choices,
        range=range_of(parser) if isinstance(parser, _NUMBERS) else "",
        default=default.rstrip("."),
        placeholder=_placeholder(flag, choices),
    )


def _placeholder(flag: flags.Flag, choices: tuple[str, ...]) -> str:
    if flag.boolean:
        return ""
    if flag.name.endswith("_dir"):
        return "FOLDER"
    if flag.name == "preset":
        return "PRESET"
    listed = "|".join(choices)
    return listed if 0 < len(listed) <= _LONGEST else _PLACEHOLDERS[flag.flag_type()]


def _plain(value: object) -> str:
    """A value as people write it: 1 for 1.0, and with commas where it is large."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return f"{value:,}" if isinstance(value, int) and value >= 100_000 else str(value)
