"""List the presets that can be used by name.

    comrec presets
    comrec presets --json

Looks where every command does: in the folders of the environment variable COMREC_PRESETS, and in
those of the installation. Your own presets are named by their folders.

Exit codes: 0 listed, 1 a card is damaged (it is named, the others are listed), 2 a wrong command
line.
"""

import json
import logging
from typing import Any

from absl import flags

from comrec_tf.commands import display, frame, help_text
from comrec_tf.presets import card, find

__all__ = ["COMMAND"]

_log = logging.getLogger(__name__)


def _define(values: flags.FlagValues) -> None:
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool("json", False, "Print the report as JSON.", flag_values=values)


def _list(values: flags.FlagValues, positional: list[str]) -> int:
    cards, damaged = {}, False
    for name, folder in find.list_presets().items():
        try:
            cards[name] = card.read(folder)
        except (OSError, ValueError) as error:
            damaged = True
            _log.error("a preset was passed over: %s", display.printable(str(error)))
    rows = [_row(name, found) for name, found in cards.items()]
    if values.json:
        code = frame.show(json.dumps({"presets": rows}, indent=2))
    else:
        code = frame.show("\n\n".join(map(_in_words, rows)) or "no presets")
    return frame.FAILURE if damaged else code


def _row(name: str, found: card.Card) -> dict[str, Any]:
    return {
        "name": name,
        "description": found.description,
        "pairs": [{"scale": pair.scale, "id": f"{pair.id:08x}"} for pair in found.pairs],
        "codec": found.codec.name,
        "default_quality": found.default_quality,
        "folder": str(found.folder),
    }


def _in_words(row: dict[str, Any]) -> str:
    pairs = ", ".join(f"{_SIZES[pair['scale']]} (id {pair['id']})" for pair in row["pairs"])
    facts = {"pairs": pairs, "codec": row["codec"], "folder": row["folder"]}
    lines = help_text.wrapped(display.printable(row["description"]))
    lines += [f"{fact + ':':8}{display.printable(value)}" for fact, value in facts.items()]
    return "\n  ".join([display.printable(row["name"]), *lines])


#: A pair by its scale.
_SIZES = {1: "full size", 2: "half size"}

COMMAND = frame.Command("presets", __doc__, _define, _list)
