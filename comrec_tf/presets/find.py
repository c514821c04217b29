"""Finding presets: by folder, by name in the search path, or by the id in a compact file."""

import logging
import os
import pathlib
import sys
import sysconfig

from comrec_tf.presets import card

__all__ = ["find_preset", "find_preset_by_id", "ids_of", "list_presets"]

_log = logging.getLogger(__name__)


def find_preset(name: str | os.PathLike[str]) -> pathlib.Path:
    """Find a preset's folder.

    Args:
        name: a folder that holds a preset, or the name of one in the search path: the folders of
            the environment variable COMREC_PRESETS (separated as in PATH), `saved_models` next to
            the package, and `share/comrec_tf/saved_models` where pip puts data: of the
            environment, of the system, of a user (--user) or next to the package (--target).

    Returns:
        The folder.

    Raises:
        FileNotFoundError: there is no such preset.
    """
    for folder in [pathlib.Path(name), *(base / name for base in _search_path())]:
        if (folder / card.FILE).is_file():
            return folder
    raise FileNotFoundError(
        f"expected a preset's folder or one of the names: {', '.join(list_presets()) or 'none'}. "
        f"Received: {os.fspath(name)!r}"
    )


def find_preset_by_id(preset_id: int) -> pathlib.Path:
    """Find the preset that made a file.

    A preset whose card is damaged is passed over with a warning.

    Args:
        preset_id: what the file's header says.

    Returns:
        The preset's folder.

    Raises:
        FileNotFoundError: none of the presets in the search path has this id.
    """
    for folder in list_presets().values():
        try:
            pairs = card.read(folder).pairs
        except (OSError, ValueError) as error:
            _log.warning("a preset was passed over: %s", error)
            continue
        if any(pair.id == preset_id for pair in pairs):
            return folder
    raise FileNotFoundError(
        f"expected a preset of id {preset_id:08x}, which made this file, among "
        f"{', '.join(list_presets()) or 'no presets'}; give its folder if it is elsewhere"
    )


def ids_of(name: str | os.PathLike[str]) -> dict[str, str]:
    """Say which weights a preset has now: another one may take its place and its name.

    Args:
        name: as in `find_preset`.

    Returns:
        The ids of its pairs in hex, by their scales, for JSON.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: its card is damaged.
    """
    return {str(pair.scale): f"{pair.id:08x}" for pair in card.read(find_preset(name)).pairs}


def list_presets() -> dict[str, pathlib.Path]:
    """Find all presets in the search path.

    Returns:
        Folders by name; if several presets have the same name, the first one found.
    """
    found: dict[str, pathlib.Path] = {}
    for base in _search_path():
        for path in sorted(base.glob(f"*/{card.FILE}")):
            found.setdefault(path.parent.name, path.parent)
    return found


def _search_path() -> list[pathlib.Path]:
    chosen = os.environ.get("COMREC_PRESETS", "")
    beside = pathlib.Path(__file__).parents[2]
    user = sysconfig.get_path("data", sysconfig.get_preferred_scheme("user"))
    installed = [sys.prefix, sysconfig.get_path("data"), user, str(beside)]
    return [
        *(pathlib.Path(folder) for folder in chosen.split(os.pathsep) if folder),
        beside / "saved_models",
        *(pathlib.Path(base, "share", "comrec_tf", "saved_models") for base in installed),
    ]
