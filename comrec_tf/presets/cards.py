"""The cards of presets: which presets there are and what they say, without TensorFlow.

A preset is a folder with ``card.json`` (what it is, how it was trained, figures) and the weights
that `presets` loads. It is named by its folder, by the folder's name in the search path, or by the
id in a compact file.
"""

import json
import os
import pathlib
import sys
from typing import Any

__all__ = [
    "CARD",
    "VERSION",
    "find_preset",
    "find_preset_by_id",
    "list_presets",
    "read_card",
]

#: Name of the file.
CARD = "card.json"
#: Of its layout.
VERSION = 2


def find_preset(name: str | os.PathLike[str]) -> pathlib.Path:
    """Find a preset's folder.

    Args:
        name: a folder that holds a preset, or the name of one in the search path: the folders of
            the environment variable COMREC_PRESETS (separated as in PATH), `saved_models` beside
            the package, and `share/comrec_tf/saved_models` of the installation.

    Returns:
        The folder.

    Raises:
        FileNotFoundError: there is no such preset.
    """
    for folder in [pathlib.Path(name), *(base / name for base in _search_path())]:
        if (folder / CARD).is_file():
            return folder
    raise FileNotFoundError(
        f"expected a preset's folder or one of the names: {', '.join(list_presets()) or 'none'}. "
        f"Received: {os.fspath(name)!r}"
    )


def find_preset_by_id(preset_id: int) -> pathlib.Path:
    """Find the preset that made a file.

    Args:
        preset_id: what the file's header says.

    Returns:
        The preset's folder.

    Raises:
        FileNotFoundError: none of the presets in the search path has this id.
    """
    for folder in list_presets().values():
        if any(int(pair["id"], 16) == preset_id for pair in read_card(folder)["pairs"]):
            return folder
    raise FileNotFoundError(
        f"expected a preset of id {preset_id:08x}, which made this file, among "
        f"{', '.join(list_presets()) or 'no presets'}; name its folder where it lies elsewhere"
    )


def list_presets() -> dict[str, pathlib.Path]:
    """Find all presets in the search path.

    Returns:
        Folders by name; of presets of one name the first found.
    """
    found: dict[str, pathlib.Path] = {}
    for base in _search_path():
        for card in sorted(base.glob(f"*/{CARD}")):
            found.setdefault(card.parent.name, card.parent)
    return found


def read_card(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """Read a preset's card.

    Args:
        folder: the preset's folder.

    Returns:
        The content of card.json.

    Raises:
        FileNotFoundError: there is no card.
        ValueError: it is not JSON, or of a newer version.
    """
    path = pathlib.Path(folder) / CARD
    try:
        card = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if card.get("card_version") != VERSION:
        raise ValueError(
            f"{path} must be of card_version {VERSION}. Received: {card.get('card_version')}"
        )
    return card


def _search_path() -> list[pathlib.Path]:
    chosen = os.environ.get("COMREC_PRESETS", "")
    return [
        *(pathlib.Path(folder) for folder in chosen.split(os.pathsep) if folder),
        pathlib.Path(__file__).parents[2] / "saved_models",
        pathlib.Path(sys.prefix) / "share" / "comrec_tf" / "saved_models",
    ]
