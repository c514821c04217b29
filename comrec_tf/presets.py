"""Presets: trained pairs of networks, by name, by folder or by the id in a compact file.

A preset is a folder with ``card.json`` (what it is, how it was trained, figures) and
``weights.npz`` (NumPy arrays by the names of the weights; no pickle). Its id is a checksum of the
networks' structure and weights, so a file can only be restored by the very pair that made it.
"""

import io
import json
import os
import pathlib
import sys
import zlib
from typing import Any

import keras
import numpy as np

from comrec_tf import storage
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN

__all__ = [
    "find_preset",
    "find_preset_by_id",
    "list_presets",
    "load_preset",
    "preset_id",
    "read_card",
    "save_preset",
]

_CARD = "card.json"
_WEIGHTS = "weights.npz"
_CARD_VERSION = 1


def save_preset(
    model: ComRec, folder: str | os.PathLike[str], card: dict[str, Any] | None = None
) -> int:
    """Write a pair of networks as a preset.

    Args:
        model: the pair.
        folder: where to; made where missing. A preset that is there already is replaced.
        card: what else to write into the card, say "description" and "figures".
            "default_quality" is the quality that `Compressor.encode` takes where none is given.

    Returns:
        The preset's id.

    Raises:
        OSError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = _arrays(model)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = {
        "card_version": _CARD_VERSION,
        "id": f"{preset_id(model):08x}",
        **(card or {}),
        "num_weights": sum(int(array.size) for array in arrays.values()),
        "com": _arguments(model.com),
        "rec": _arguments(model.rec),
        "codec": keras.saving.serialize_keras_object(model.codec),
    }
    # The card last: a folder without one is no preset, so nobody reads half of one.
    (folder / _CARD).unlink(missing_ok=True)
    storage.write_atomically(folder / _WEIGHTS, buffer.getvalue())
    storage.write_atomically(folder / _CARD, (json.dumps(content, indent=2) + "\n").encode())
    return int(content["id"], 16)


def load_preset(name: str | os.PathLike[str], precision: str = "float32") -> ComRec:
    """Load a pair of networks.

    Args:
        name: a preset's name, or a folder that holds one.
        precision: Keras's dtype policy to compute with: "float32", "mixed_float16" or
            "mixed_bfloat16". Weights are float32 with each.

    Returns:
        The model; call `compile` to train it further.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the preset is damaged, or of a newer version.
    """
    folder = find_preset(name)
    card = read_card(folder)
    try:
        model = ComRec(
            ComCNN(**card["com"], dtype=precision),
            RecCNN(**card["rec"], dtype=precision),
            keras.saving.deserialize_keras_object(card["codec"]),
            dtype=precision,
        )
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / _CARD} does not describe two networks: {error}") from error
    with np.load(folder / _WEIGHTS, allow_pickle=False) as stored:
        for name, variable in _variables(model).items():
            array = stored.get(name)
            if array is None or array.shape != tuple(variable.shape):
                raise ValueError(
                    f"{folder / _WEIGHTS} must hold {name} of shape {tuple(variable.shape)}. "
                    f"Received: {'nothing' if array is None else array.shape}"
                )
            variable.assign(array)
    if f"{preset_id(model):08x}" != card["id"]:
        raise ValueError(
            f"{folder} is damaged: its weights must have the id {card['id']}. "
            f"Received: {preset_id(model):08x}"
        )
    return model


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
        if (folder / _CARD).is_file():
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
        if int(read_card(folder)["id"], 16) == preset_id:
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
        for card in sorted(base.glob(f"*/{_CARD}")):
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
    path = pathlib.Path(folder) / _CARD
    try:
        card = json.loads(path.read_text())
    except json.JSONDecodeError as error:
        raise ValueError(f"{path} is not JSON: {error}") from error
    if card.get("card_version") != _CARD_VERSION:
        raise ValueError(
            f"{path} must be of card_version {_CARD_VERSION}. Received: {card.get('card_version')}"
        )
    return card


def preset_id(model: ComRec) -> int:
    """Checksum of the networks' structure and weights.

    Args:
        model: the pair.

    Returns:
        CRC-32, 0 to 2**32 - 1.
    """
    structure = {"com": _arguments(model.com), "rec": _arguments(model.rec)}
    checksum = zlib.crc32(json.dumps(structure, sort_keys=True).encode())
    for key, array in sorted(_arrays(model).items()):
        checksum = zlib.crc32(array.tobytes(), zlib.crc32(key.encode(), checksum))
    return checksum


def _arguments(network: keras.Model) -> dict[str, Any]:
    """What decides a network's computation: its configuration without Keras's own entries."""
    own = {"name", "trainable", "dtype"}
    return {name: value for name, value in network.get_config().items() if name not in own}


def _variables(model: ComRec) -> dict[str, Any]:
    """All weights by names that do not depend on how Keras numbered the networks."""
    return {
        f"{role}/{variable.path.split('/', 1)[1]}": variable
        for role, network in (("com", model.com), ("rec", model.rec))
        for variable in network.variables
    }


def _arrays(model: ComRec) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, np.float32) for name, value in _variables(model).items()}


def _search_path() -> list[pathlib.Path]:
    chosen = os.environ.get("COMREC_PRESETS", "")
    return [
        *(pathlib.Path(folder) for folder in chosen.split(os.pathsep) if folder),
        pathlib.Path(__file__).parent.parent / "saved_models",
        pathlib.Path(sys.prefix) / "share" / "comrec_tf" / "saved_models",
    ]
