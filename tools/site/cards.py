"""A preset's card as a page: the same entries, for people to read."""

import json
import pathlib
from collections.abc import Iterator
from typing import Any

from comrec_tf.compression.fit import ENTRIES
from comrec_tf.presets import card

_SIZES = {1: "full size", 2: "half size"}
#: Ways of a fit by their key in a card.
_WAYS = {"0": "the codec alone", "1": "full size", "2": "half size"}


def page(folder: pathlib.Path) -> str:
    """Draw a card.

    Args:
        folder: the preset's.

    Returns:
        Markdown: a heading of the second level and what the card says.
    """
    read = card.read(folder)
    training, figures = read.training, dict(read.figures)
    command = figures.pop("command", None)
    parts = [
        f"## {folder.name}",
        read.description,
        _table(["pair", "id", "ComCNN", "RecCNN"], [_pair(pair) for pair in read.pairs]),
        _table(["", ""], [list(row) for row in _facts(read)]),
    ]
    if terms := training.get("data_terms"):
        rows = [[f"`{name}`", str(text)] for name, text in terms.items()]
        parts += ["**Trained on**", _table(["data", "terms"], rows)]
    if figures:
        source = f" (`{command}`)" if command else ""
        rows = [[" ".join(map(_words, path)), str(value)] for path, value in _leaves(figures)]
        parts += [f"**Figures**{source}", _table(["", ""], rows)]
    if read.fit:
        parts += [
            "**What rate control knows of it**: standard deviations of the error of its fit",
            _table(["judged by", "of", *map(_words, ENTRIES)], list(_fit(read.fit))),
        ]
    if runs := training.get("runs"):
        lines = [line for run in runs for line in _run(run)]
        parts += ['??? note "Commands that trained it"', "\n".join(f"    {each}" for each in lines)]
    return "\n\n".join(parts) + "\n"


def _pair(pair: card.Pair) -> list[str]:
    com = "bicubic" if pair.com_lite is None and pair.scale > 1 else _com(pair)
    rec = f"{pair.rec.get('depth')} convolutions of {pair.rec.get('filters')} filters"
    return [_SIZES[pair.scale], f"`{pair.id:08x}`", com, f"{rec}, {pair.rec.get('resolution')}"]


def _com(pair: card.Pair) -> str:
    if pair.com_lite is None:
        return "leaves pictures as they are"
    return f"{pair.com.get('filters')} filters"


def _facts(read: card.Card) -> Iterator[tuple[str, str]]:
    chosen = ", ".join(f"{name} {_value(value)}" for name, value in read.codec.options.items())
    yield "codec", f"`{read.codec.name}`" + (f" ({chosen})" if chosen else "")
    yield "quality where none is asked for", str(read.default_quality)
    content = json.loads((read.folder / card.FILE).read_text())
    if weights := content.get("num_weights"):
        yield "weights", f"{weights:,}"
    for name, entry in (("hours of training", "hours"), ("on", "machine")):
        if (value := read.training.get(entry)) is not None:
            yield name, str(value)


def _leaves(content: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[Any, Any]]:
    for name, value in content.items():
        if isinstance(value, dict):
            yield from _leaves(value, (*path, name))
        else:
            yield (*path, name), value


def _fit(fit: dict[str, Any]) -> Iterator[list[str]]:
    for metric, ways in fit.items():
        for way, entries in ways.items():
            errors = [f"{entries[name][-1]:.3g}" if name in entries else "" for name in ENTRIES]
            yield [metric, _WAYS.get(way, way), *errors]


def _run(run: dict[str, Any]) -> Iterator[str]:
    says = [f"{_SIZES[run['scale']]}"]
    if "from" in run:
        says.append(f"from {run['from']}")
    if "epochs_done" in run:
        says.append(f"{run['epochs_done']} epochs")
    if "val_gain" in run:
        says.append(f"validation gain {run['val_gain']} dB")
    yield from (", ".join(says), "", "```bash", run["command"], "```", "")


def _words(name: str) -> str:
    return name.replace("_", " ")


def _value(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)


def _table(header: list[str], rows: list[list[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', '&#124;') for cell in line)} |" for line in lines
    )
