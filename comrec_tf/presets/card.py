"""The card of a preset: what it is, how it was trained, and which networks it has.

A preset is a folder with ``card.json``, the weights (``weights.npz``) and each network in the form
that needs no TensorFlow (``.tflite``). Reading the card needs the standard library only.
"""

import dataclasses
import hashlib
import json
import os
import pathlib
from collections.abc import Callable
from typing import Any

from comrec_tf import vocabulary

__all__ = [
    "FILE",
    "VERSION",
    "Card",
    "CodecChoice",
    "Lite",
    "Pair",
    "entry_of",
    "pair_of",
    "parse",
    "read",
    "read_lite",
]

#: Name of the file.
FILE = "card.json"
#: Version of its layout.
VERSION = 3

#: The largest networks that a card may ask for, so that a hostile card cannot cost much memory or
#: time.
_LARGEST = {"depth": 200, "filters": 1024, "channels": 3, "scale": 2}


@dataclasses.dataclass(frozen=True)
class CodecChoice:
    """The codec that a preset was trained around.

    Attributes:
        name: one of `vocabulary.CODEC_SUFFIXES`.
        options: arguments of the codec's class.
    """

    name: str
    options: dict[str, Any]


@dataclasses.dataclass(frozen=True)
class Lite:
    """A network as a file that runs without TensorFlow.

    Attributes:
        file: its name, in the card's folder.
        sha256: of its bytes, in hex.
        radius: how many pixels of its input around a pixel an output pixel depends on.
        multiple: height and width of its input must be multiples of this.
    """

    file: str
    sha256: str
    radius: int
    multiple: int


@dataclasses.dataclass(frozen=True)
class Pair:
    """A pair of networks.

    Attributes:
        scale: how many times smaller its compact picture is, 1 or 2.
        id: checksum of its structure and weights, which its files carry.
        com: arguments of `ComCNN`.
        rec: arguments of `RecCNN`.
        com_lite: ComCNN as a file; None where it leaves pictures as they are.
        rec_lite: RecCNN as a file.
    """

    scale: int
    id: int
    com: dict[str, Any]
    rec: dict[str, Any]
    com_lite: Lite | None
    rec_lite: Lite


@dataclasses.dataclass(frozen=True)
class Card:
    """What `card.json` says.

    Attributes:
        folder: the preset's folder.
        pairs: the pairs of networks, of different scales.
        codec: what they were trained around.
        description: one or two sentences.
        default_quality: the quality that is aimed at if the user asks for nothing, 1 to 100.
        training: how the weights were made.
        figures: what the networks reach.
        fit: what was fitted for rate control, see `compression.fit`; may be empty.
    """

    folder: pathlib.Path
    pairs: tuple[Pair, ...]
    codec: CodecChoice
    description: str = ""
    default_quality: int = 50
    training: dict[str, Any] = dataclasses.field(default_factory=dict)
    figures: dict[str, Any] = dataclasses.field(default_factory=dict)
    fit: dict[str, Any] = dataclasses.field(default_factory=dict)

    @property
    def suffix(self) -> str:
        """Ending of the compact files, say ".jpg"."""
        return vocabulary.CODEC_SUFFIXES[self.codec.name]


def read(folder: str | os.PathLike[str]) -> Card:
    """Read a preset's card.

    Args:
        folder: the preset's folder.

    Returns:
        The card.

    Raises:
        FileNotFoundError: there is no card.
        ValueError: it is damaged or of another version; the message names the file and the entry.
    """
    path = pathlib.Path(folder) / FILE
    try:
        content = json.loads(path.read_text())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    return parse(content, path.parent)


def parse(content: Any, folder: pathlib.Path) -> Card:
    """Check the content of a card.

    Args:
        content: the parsed JSON.
        folder: the preset's folder.

    Returns:
        The card.

    Raises:
        ValueError: an entry is missing or is not what it must be.
    """
    entry = _Entry(content, str(folder / FILE))
    version = entry.value("card_version", int)
    if version != VERSION:
        raise ValueError(
            f"{folder / FILE} must be of card_version {VERSION}; another comrec_tf may read it. "
            f"Received: {version}"
        )
    codec = entry.inside("codec")
    pairs = tuple(_pair(one) for one in entry.list("pairs"))
    if len({pair.scale for pair in pairs}) < len(pairs):
        raise ValueError(f"{folder / FILE}: pairs must have different scales")
    names = tuple(vocabulary.CODEC_SUFFIXES)
    return Card(
        folder=folder,
        pairs=pairs,
        codec=CodecChoice(
            codec.value("name", str, lambda name: name in names, f"one of {', '.join(names)}"),
            codec.value("options", dict),
        ),
        description=entry.value("description", str, default=""),
        default_quality=entry.value(
            "default_quality", int, lambda quality: 1 <= quality <= 100, "from 1 to 100", 50
        ),
        training=entry.value("training", dict, default={}),
        figures=entry.value("figures", dict, default={}),
        fit=entry.value("fit", dict, default={}),
    )


def pair_of(preset: Card, scale: int) -> Pair:
    """Find a pair of a preset.

    Args:
        preset: its card.
        scale: of the pair.

    Returns:
        The pair.

    Raises:
        ValueError: the preset has none of that scale.
    """
    for pair in preset.pairs:
        if pair.scale == scale:
            return pair
    scales = " and ".join(str(pair.scale) for pair in preset.pairs)
    raise ValueError(
        f"the preset {preset.folder} has a pair of networks for scale {scales} alone; "
        f"comrec_tf.join_presets adds that of another preset. Received: scale={scale}"
    )


def entry_of(pair: Pair) -> dict[str, Any]:
    """Write a pair as `parse` reads it.

    Args:
        pair: the pair.

    Returns:
        An entry of "pairs", for JSON.
    """
    lite = {"com": pair.com_lite, "rec": pair.rec_lite}
    return {
        "scale": pair.scale,
        "id": f"{pair.id:08x}",
        "com": pair.com,
        "rec": pair.rec,
        "lite": {role: one and dataclasses.asdict(one) for role, one in lite.items()},
    }


def read_lite(folder: pathlib.Path, lite: Lite) -> bytes:
    """Read a network's file.

    Args:
        folder: the preset's folder.
        lite: what the card says about it.

    Returns:
        The content.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: its hash is not that of the card.
    """
    content = (folder / lite.file).read_bytes()
    received = hashlib.sha256(content).hexdigest()
    if received != lite.sha256:
        raise ValueError(
            f"{folder / lite.file} is damaged: {FILE} says that its SHA-256 is "
            f"{lite.sha256[:12]}... Received: {received[:12]}..."
        )
    return content


def _pair(entry: "_Entry") -> Pair:
    lite = entry.inside("lite")
    return Pair(
        scale=entry.value("scale", int, lambda scale: scale in (1, 2), "1 or 2"),
        id=int(entry.value("id", str, _is_id, "eight hexadecimal digits"), 16),
        com=_arguments(entry.inside("com")),
        rec=_arguments(entry.inside("rec")),
        com_lite=None if lite.content.get("com") is None else _lite(lite.inside("com")),
        rec_lite=_lite(lite.inside("rec")),
    )


def _is_id(text: str) -> bool:
    return len(text) == 8 and set(text) <= set("0123456789abcdef") and int(text, 16) > 0


def _arguments(entry: "_Entry") -> dict[str, Any]:
    for name, largest in _LARGEST.items():
        if entry.content.get(name) is not None:
            entry.value(name, int, range(1, largest + 1).__contains__, f"1 to {largest}")
    return entry.content


def _lite(entry: "_Entry") -> Lite:
    def is_name(text: str) -> bool:
        return text == os.path.basename(text) and text.endswith(".tflite")

    return Lite(
        file=entry.value("file", str, is_name, "the name of a .tflite file next to the card"),
        sha256=entry.value("sha256", str, lambda text: len(text) == 64, "64 hexadecimal digits"),
        radius=entry.value("radius", int, lambda number: 0 <= number <= 512, "0 to 512"),
        multiple=entry.value("multiple", int, lambda number: number in (1, 2), "1 or 2"),
    )


class _Entry:
    """An object of the card's JSON, and its place in the file."""

    def __init__(self, content: Any, place: str) -> None:
        if not isinstance(content, dict):
            raise ValueError(f"{place} must be a JSON object. Received: {_short(content)}")
        self.content = content
        self._place = place

    def value(
        self,
        name: str,
        kind: type,
        valid: Callable[[Any], bool] = lambda _: True,
        meaning: str = "",
        default: Any = None,
    ) -> Any:
        value = self.content.get(name, default)
        if not isinstance(value, kind) or isinstance(value, bool) or not valid(value):
            raise ValueError(
                f"{self._place}: {name} must be {meaning or 'of type ' + kind.__name__}. "
                f"Received: {_short(value)}"
            )
        return value

    def inside(self, name: str) -> "_Entry":
        return _Entry(self.content.get(name), f"{self._place}: {name}")

    def list(self, name: str) -> "list[_Entry]":
        content = self.content.get(name)
        if not isinstance(content, list) or not content:
            raise ValueError(
                f"{self._place}: {name} must be a list of at least one. Received: {_short(content)}"
            )
        return [_Entry(one, f"{self._place}: {name}[{i}]") for i, one in enumerate(content)]


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) < 60 else text[:57] + "..."
