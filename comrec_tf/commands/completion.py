"""Completion of command lines by a shell: scripts made of the commands' own flags."""

import re
import shlex
from collections.abc import Callable, Iterable, Iterator

from absl import flags

from comrec_tf.commands import frame, help_text
from comrec_tf.commands.help_text import Option
from comrec_tf.presets import find

__all__ = ["SHELLS", "command"]

#: Placeholders of values that are numbers, for which no file is offered.
_NUMBERS = ("N", "X", "BYTES")
#: Placeholders of values that may be folders.
_FOLDERS = ("FOLDER", "PRESET")

#: Commands by what is typed.
Commands = Iterable[tuple[str, frame.Command]]

_DESCRIPTION = """Print a script with which a shell completes commands, flags and their values.

    source <(comrec completion bash)                                  # in ~/.bashrc
    source <(comrec completion zsh)                                   # in ~/.zshrc
    comrec completion fish > ~/.config/fish/completions/comrec.fish

The script starts nothing as you type. It offers folders, and those presets that were there when it
was made.

Exit codes: 0 printed, 2 a wrong command line.
"""


def command(commands: Callable[[], Commands]) -> frame.Command:
    """Make the command that prints the scripts.

    Args:
        commands: gives all commands, this one among them.

    Returns:
        The command.
    """

    def work(values: flags.FlagValues, positional: list[str]) -> int:
        if len(positional) != 1 or positional[0] not in SHELLS:
            received = " ".join(positional) or "nothing"
            raise frame.UsageError(f"expected one of {', '.join(SHELLS)}. Received: {received}")
        return frame.show(SHELLS[positional[0]](commands()))

    return frame.Command(
        "completion", _DESCRIPTION, lambda values: None, work, arguments="|".join(SHELLS)
    )


def _bash(commands: Commands) -> str:
    names, values, switches = [], [], []
    for name, each in commands:
        names.append(name)
        options = help_text.options(each.make_flags())
        words = [word for option in options for word in _long_forms(option)]
        words += [f"-{option.short}" for option in options if option.short]
        switches.append(f'    {name}) words="{" ".join(words)}" ;;')
        if operands := _words(each):
            values.append(f'    {name}:{name}) [[ $current == -* ]] || words="{operands}" ;;')
        for option in options:
            choices = " ".join(_choices(option))
            folders = option.placeholder in _FOLDERS
            pattern = "|".join(f"{name}:{form}" for form in _forms(option))
            if option.placeholder in _NUMBERS:
                values.append(f"    {pattern}) compopt +o default; return ;;")
            elif choices or folders:
                values.append(f'    {pattern}) words="{choices}" folders={"-d" * folders} ;;')
    # Bash cuts --name=value into three words.
    return "\n".join(
        [
            "_comrec() {",
            "  local current=${COMP_WORDS[COMP_CWORD]} flag=${COMP_WORDS[COMP_CWORD-1]}",
            '  local words="" folders=""',
            '  if [[ $current == "=" ]]; then current=""',
            '  elif [[ $flag == "=" ]]; then flag=${COMP_WORDS[COMP_CWORD-2]}; fi',
            "  case ${COMP_WORDS[1]}:$flag in",
            *values,
            "  esac",
            "  COMPREPLY=()",
            "  if [[ $COMP_CWORD == 1 ]]; then",
            f'    words="{" ".join([*names, "--help", "--version"])}"',
            "  elif [[ -z $words$folders && $current == -* ]]; then case ${COMP_WORDS[1]} in",
            *switches,
            "  esac; fi",
            "  # All other values are completed by names of files.",
            "  [[ -n $words$folders ]] || return 0",
            '  mapfile -t COMPREPLY < <(compgen $folders -W "$words" -- "$current")',
            "  [[ -z $folders ]] || compopt -o filenames",
            "  [[ ${#COMPREPLY[@]} != 1 || $COMPREPLY != *= ]] || compopt -o nospace",
            "}",
            "complete -o default -F _comrec comrec",
        ]
    )


def _zsh(commands: Commands) -> str:
    names, cases = [], []
    for name, each in commands:
        names.append(f"    {shlex.quote(f'{name}:{_plain(each.summary)}')}")
        options = help_text.options(each.make_flags())
        specs = [spec for option in options for spec in _zsh_specs(option)]
        cases.append(f"    {name}) _arguments \\")
        cases += [f"      {shlex.quote(spec)} \\" for spec in specs]
        words = _words(each)
        operand = f"*:shell:({words})" if words else "*:file:_files"
        cases.append(f"      {shlex.quote(operand)} ;;")
    return "\n".join(
        [
            "#compdef comrec",
            "_comrec() {",
            "  local -a names",
            "  names=(",
            *names,
            "  )",
            "  if (( CURRENT == 2 )); then _describe command names; return; fi",
            "  local name=$words[2]",
            "  shift words; (( CURRENT-- ))",
            "  case $name in",
            *cases,
            "  esac",
            "}",
            'if [[ $funcstack[1] == _comrec ]]; then _comrec "$@"; else compdef _comrec comrec; fi',
        ]
    )


def _zsh_specs(option: Option) -> Iterator[str]:
    says = f"[{_plain(_sentence(option))}]"
    value = ""
    if option.placeholder:
        action = f"({' '.join(choices)})" if (choices := _choices(option)) else "_files"
        if option.placeholder in _NUMBERS:
            action = " "
        if option.placeholder in _FOLDERS:
            folders = "_files -/"
            action = f"{{compadd {' '.join(choices)}; {folders}}}" if choices else folders
        value = f":{option.placeholder.lower()}:{action}"
    for form in _long_forms(option):
        yield f"{form}{says}{value}"
    if option.short:
        yield f"-{option.short}{says}{value}"


def _fish(commands: Commands) -> str:
    lines = ["complete -c comrec -n __fish_use_subcommand -f"]
    for name, each in commands:
        lines.append(
            f"complete -c comrec -n __fish_use_subcommand -a {name} -d {shlex.quote(each.summary)}"
        )
        for option in help_text.options(each.make_flags()):
            choices = " ".join(_choices(option))
            if option.placeholder in _FOLDERS:
                choices = f"{choices} (__fish_complete_directories)".strip()
            value = " -x" if option.placeholder in _NUMBERS else " -r" * bool(option.placeholder)
            value = f" -x -a {shlex.quote(choices)}" if choices else value
            short = f" -s {option.short}" if option.short else ""
            for form in _long_forms(option):
                lines.append(
                    f"complete -c comrec -n '__fish_seen_subcommand_from {name}'{short}"
                    f" -l {form[2:].rstrip('=')}{value} -d {shlex.quote(_sentence(option))}"
                )
                short = ""
        if words := _words(each):
            lines.append(
                f"complete -c comrec -n '__fish_seen_subcommand_from {name}' -f"
                f" -a {shlex.quote(words)}"
            )
    return "\n".join(lines)


SHELLS: dict[str, Callable[[Commands], str]] = {"bash": _bash, "zsh": _zsh, "fish": _fish}


def _words(command: frame.Command) -> str:
    """What may follow the flags, where it is one of a few words."""
    return command.arguments.replace("|", " ") if "|" in command.arguments else ""


def _forms(option: Option) -> list[str]:
    """What a value follows."""
    return [f"--{option.name}", *([f"-{option.short}"] if option.short else [])]


def _long_forms(option: Option) -> list[str]:
    """How a flag is typed; for a switch that is on by default only how to turn it off."""
    if option.placeholder:
        return [f"--{option.name}="]
    forms = {"yes": [f"--no{option.name}"], "no": [f"--{option.name}"]}
    return forms.get(option.default, [f"--{option.name}", f"--no{option.name}"])


def _choices(option: Option) -> list[str]:
    return list(find.list_presets() if option.placeholder == "PRESET" else option.choices)


def _sentence(option: Option) -> str:
    """The first sentence of what a flag means."""
    return re.split(r"[.:;] ", option.meaning)[0].rstrip(".")


def _plain(text: str) -> str:
    """Without the characters that have a meaning in a specification of zsh."""
    return re.sub(r"[\[\]:\\]", " ", text)
