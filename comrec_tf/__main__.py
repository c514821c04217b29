"""Smaller JPEGs by two small networks around the codec: all commands under one name.

``comrec``, the console script, and ``python -m comrec_tf`` are this module; each command is
also a module (``python -m comrec_tf.compress``). Only the command that is asked for is
imported.
"""

import difflib
import importlib
import sys
from collections.abc import Iterator, Sequence

import comrec_tf
from comrec_tf.commands import completion, frame, preset_list

__all__ = ["COMMANDS", "command", "main"]

#: Modules by the name of their command, in the order of the help.
COMMANDS = {
    "compress": "comrec_tf.compress",
    "restore": "comrec_tf.restore",
    "presets": preset_list.__name__,
    "evaluate": "comrec_tf.evaluate",
    "train": "comrec_tf.train",
    "export": "comrec_tf.export",
    "serve": "comrec_tf.serve",
    "beam-compress": "comrec_tf.beam.compress",
    "beam-restore": "comrec_tf.beam.restore",
    "completion": completion.__name__,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command that the first word names.

    Args:
        argv: the command line, the program's name first; the process's own if None.

    Returns:
        The exit code: the command's, 2 where there is no such command.
    """
    script, *words = sys.argv if argv is None else argv
    program = "python -m comrec_tf" if script.endswith("__main__.py") else "comrec"
    if not words or words[0] in ("-h", "--help", "help"):
        return frame.show(_help(program)) or (frame.SUCCESS if words else frame.USAGE)
    if words[0] == "--version":
        return frame.show(f"comrec_tf {comrec_tf.__version__}")
    name = words[0].replace("_", "-")
    if name not in COMMANDS:
        print(f"{program}: {_unknown(words[0])}\nTry: {program} --help", file=sys.stderr)
        return frame.USAGE
    return command(name).run(words, f"{program} {name}")


def command(name: str) -> frame.Command:
    """Import a command.

    Args:
        name: one of `COMMANDS`.

    Returns:
        The command.
    """
    if name == "completion":
        return completion.command(_all)
    found: frame.Command = importlib.import_module(COMMANDS[name]).COMMAND
    return found


def _all() -> Iterator[tuple[str, frame.Command]]:
    return ((name, command(name)) for name in COMMANDS)


def _help(program: str) -> str:
    width = max(map(len, COMMANDS))
    lines = [f"  {name.ljust(width)}  {each.summary}" for name, each in _all()]
    return "\n".join(
        [
            "Smaller JPEGs by two small networks around the codec.",
            "",
            f"Usage: {program} COMMAND [FLAGS] ...",
            "",
            *lines,
            "",
            f"{program} COMMAND --help lists its flags, {program} --version prints the version.",
        ]
    )


def _unknown(word: str) -> str:
    near = difflib.get_close_matches(word.replace("_", "-"), COMMANDS, n=1, cutoff=0.0)
    return f"expected {', '.join(COMMANDS)}. Received: {word}; did you mean {near[0]}?"


if __name__ == "__main__":
    sys.exit(main())
