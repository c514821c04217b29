"""The house as a drawing: its floors, and the rooms on the road that a file travels.

Everything is read from the contracts of import-linter in setup.cfg: the floors are the layers of
the contract "rooms", the road is what the contract "road" keeps from TensorFlow. A room with only
some modules on the road is drawn on both sides, with the names of these modules.
"""

import ast
import configparser
import html
import pathlib
from typing import NamedTuple

ROOT = pathlib.Path(__file__).parents[1]
_PACKAGE = "comrec_tf"

_WIDTH, _LANE, _MARGIN = 640, 296, 16
_BOX_HEIGHT, _GAP, _FLOOR_GAP = 34, 8, 14
_COLOURS = {"road": "#dceedd", "made": "#f7dfcf"}


_STYLE = """
text { font: 15px system-ui, sans-serif; fill: #222; }
.title { font-weight: bold; }
.small { font-size: 12.5px; }
.name { text-anchor: middle; }
.part { text-anchor: middle; font-size: 11px; fill: #444; }
"""


class Box(NamedTuple):
    """A room on one side.

    Attributes:
        name: of the room.
        part: which of its modules, where not all lie on this side.
        says: the first line of its docstring.
    """

    name: str
    part: str
    says: str


class Floor(NamedTuple):
    """The rooms of one layer: those on the road, and those that may import TensorFlow."""

    road: list[Box]
    made: list[Box]


class House(NamedTuple):
    """What the contracts say.

    Attributes:
        floors: from top to bottom.
        carries: packages that the road needs.
        forbidden: packages that it must not import.
    """

    floors: list[Floor]
    carries: list[str]
    forbidden: list[str]


def read(root: pathlib.Path = ROOT) -> House:
    """Read the contracts of a checkout."""
    settings = configparser.ConfigParser()
    settings.read(root / "setup.cfg")
    road = _lines(settings["importlinter:contract:road"]["source_modules"])
    layers = _lines(settings["importlinter:contract:rooms"]["layers"])
    floors = []
    for layer in layers:
        names = [name.strip() for name in layer.split("|")]
        sides = [_sides(root, name, road) for name in names]
        floors.append(Floor([a for a, _ in sides if a], [b for _, b in sides if b]))
    requires = _lines(settings["options"]["install_requires"])
    return House(
        floors,
        [name.split(">")[0] for name in requires],
        _lines(settings["importlinter:contract:road"]["forbidden_modules"]),
    )


def draw(house: House) -> str:
    """Draw a house as SVG; the same for the same contracts."""
    drawn, y = [], 70
    last_made = max(index for index, floor in enumerate(house.floors) if floor.made)
    for index, floor in enumerate(house.floors):
        left = _boxes(floor.road, _MARGIN, y, "road")
        right = _boxes(floor.made, _MARGIN + _LANE + _MARGIN, y, "made")
        drawn += left.elements + right.elements
        if index == last_made + 1:
            drawn.append(
                _text(_MARGIN + _LANE + _MARGIN + 2, y + 22, "small", "on the rooms at the left")
            )
        y = max(left.bottom, right.bottom) + _FLOOR_GAP
    grounds, y = y + 10, y + 56
    lanes = []
    for index, (kind, title, subtitle, packages) in enumerate(
        [
            ("road", "the road of a file", "without TensorFlow", house.carries),
            ("made", "where networks are made", "trained, exported, served", house.forbidden),
        ]
    ):
        x = _MARGIN + index * (_LANE + _MARGIN)
        lanes += [
            _rect(x - 6, 12, _LANE + 8, y - 12, f'fill="{_COLOURS[kind]}" fill-opacity="0.45"'),
            _text(x + 2, 34, "title", title),
            _text(x + 2, 53, "small", subtitle),
        ]
        for row, line in enumerate(_wrapped(f"on {', '.join(packages)}", 44)):
            lanes.append(_text(x + 2, grounds + 16 * row, "small", line))
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {y + 32}" role="img">',
            "<title>The rooms of comrec_tf, floor by floor, on two roads</title>",
            f"<style>{_STYLE}</style>",
            f'<rect width="{_WIDTH}" height="{y + 32}" rx="12" fill="#fff"/>',
            *lanes,
            *drawn,
            _text(_MARGIN, y + 20, "small", "A room imports only rooms that lie below it."),
            "</svg>\n",
        ]
    )


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return f'<rect x="{x}" y="{y}" width="{width}" height="{height}" rx="6" {look}/>'


def _text(x: float, y: float, kind: str, text: str) -> str:
    return f'<text x="{x:g}" y="{y:g}" class="{kind}">{html.escape(text)}</text>'


class _Drawn(NamedTuple):
    elements: list[str]
    bottom: int


def _boxes(boxes: list[Box], left: int, top: int, kind: str) -> _Drawn:
    """Set boxes in lines that fit the lane."""
    elements, x, y = [], left, top
    for box in boxes:
        width = max(9 * len(box.name), 6 * len(box.part)) + 20
        if x + width > left + _LANE - 4 and x > left:
            x, y = left, y + _BOX_HEIGHT + _GAP
        middle, base = x + width / 2, y + (16 if box.part else 22)
        elements += [
            f"<g><title>{html.escape(box.says)}</title>",
            _rect(x, y, width, _BOX_HEIGHT, f'fill="{_COLOURS[kind]}" stroke="#777"'),
            _text(middle, base, "name", box.name),
            *([_text(middle, y + 29, "part", box.part)] if box.part else []),
            "</g>",
        ]
        x += width + _GAP
    return _Drawn(elements, y + _BOX_HEIGHT if boxes else top)


def _sides(root: pathlib.Path, name: str, road: list[str]) -> tuple[Box | None, Box | None]:
    """A room's boxes: on the road, and beside it."""
    folder = root / _PACKAGE / name
    init = folder / "__init__.py"
    file = init if init.exists() else folder.with_suffix(".py")
    says = (ast.get_docstring(ast.parse(file.read_text())) or "").splitlines()[0]
    whole = f"{_PACKAGE}.{name}"
    if whole in road:
        return Box(name, "", says), None
    on_it = sorted(each.rpartition(".")[2] for each in road if each.startswith(f"{whole}."))
    if not on_it:
        return None, Box(name, "", says)
    others = {path.stem for path in folder.glob("*.py")} - {"__init__", *on_it}
    return Box(name, ", ".join(on_it), says), Box(name, ", ".join(sorted(others)), says)


def _lines(text: str) -> list[str]:
    return [line.strip() for line in text.splitlines() if line.strip() and line.strip()[0] != "#"]


def _wrapped(text: str, width: int) -> list[str]:
    lines = [""]
    for word in text.split():
        if len(lines[-1]) + len(word) > width:
            lines.append("")
        lines[-1] += f"{word} "
    return [line.strip() for line in lines]
