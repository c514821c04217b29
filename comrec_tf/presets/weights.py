"""Presets: trained pairs of networks in a folder, beside the card that `cards` finds and reads.

The weights are NumPy arrays by their names in ``weights.npz`` (no pickle). A preset holds one
pair of networks, or one for each scale. The id of a pair is a checksum of its structure and
weights, so a file can only be restored by the very pair that made it.
"""

import inspect
import io
import json
import os
import pathlib
import zlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from comrec_tf import storage
from comrec_tf.codecs import catalog  # noqa: F401, so that Keras knows every codec of a card
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import cards

__all__ = [
    "load_pairs",
    "load_preset",
    "preset_id",
    "save_preset",
]

_WEIGHTS = "weights.npz"


def save_preset(
    models: ComRec | Sequence[ComRec],
    folder: str | os.PathLike[str],
    card: dict[str, Any] | None = None,
) -> None:
    """Write a pair of networks, or one for each scale, as a preset.

    Args:
        models: the pair, or pairs of different scales, one codec and the same channels.
        folder: where to; made where missing. A preset that is there already is replaced.
        card: what else to write into the card, say "description" and "figures".
            "default_quality" is the quality that `Compressor.encode` takes where none is given.

    Raises:
        ValueError: the pairs do not go together.
        OSError: the folder cannot be written.
    """
    models = [models] if isinstance(models, ComRec) else list(models)
    codecs = [keras.saving.serialize_keras_object(model.codec) for model in models]
    if (
        not models
        or len({model.scale for model in models}) < len(models)
        or len({model.channels for model in models}) > 1
        or any(codec != codecs[0] for codec in codecs)
    ):
        raise ValueError(
            "the pairs of a preset must have different scales, the same channels and the same "
            f"codec. Received: scales {[model.scale for model in models]}, "
            f"channels {[model.channels for model in models]}, codecs {codecs}"
        )
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {
        f"scale{model.scale}/{name}": array
        for model in models
        for name, array in _arrays(model).items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    content = {
        "card_version": cards.VERSION,
        **(card or {}),
        "num_weights": sum(int(array.size) for array in arrays.values()),
        "pairs": [
            {
                "id": f"{preset_id(model):08x}",
                "com": _arguments(model.com),
                "rec": _arguments(model.rec),
            }
            for model in models
        ],
        "codec": codecs[0],
        "suffix": models[0].codec.suffix,
    }
    # The card last: a folder without one is no preset, so nobody reads half of one.
    (folder / cards.CARD).unlink(missing_ok=True)
    storage.write_atomically(folder / _WEIGHTS, buffer.getvalue())
    storage.write_atomically(folder / cards.CARD, (json.dumps(content, indent=2) + "\n").encode())


def load_preset(
    name: str | os.PathLike[str], precision: str = "float32", scale: int | None = None
) -> ComRec:
    """Load a pair of networks.

    Args:
        name: a preset's name, or a folder that holds one.
        precision: Keras's dtype policy to compute with: "float32", "mixed_float16" or
            "mixed_bfloat16". Weights are float32 with each.
        scale: which pair, 1 or 2, where the preset has one for each.

    Returns:
        The model; call `compile` to train it further.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the preset is damaged or of a newer version, or has no pair of that scale, or
            one for each and `scale` is None.
    """
    models = load_pairs(name, precision)
    chosen = [model for model in models if scale in (None, model.scale)]
    if len(chosen) != 1:
        raise ValueError(
            f"{name} has a pair for the scales {[model.scale for model in models]}: choose one. "
            f"Received: scale={scale}"
        )
    return chosen[0]


def load_pairs(
    name: str | os.PathLike[str], precision: str = "float32", rec_precision: str | None = None
) -> list[ComRec]:
    """Load all pairs of a preset.

    Args:
        name: a preset's name, or a folder that holds one.
        precision: as in `load_preset`.
        rec_precision: another precision for RecCNN.

    Returns:
        The models.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the preset is damaged or of a newer version.
    """
    folder = cards.find_preset(name)
    card = cards.read_card(folder)
    try:
        models = [
            ComRec(
                ComCNN(**pair["com"], dtype=precision),
                RecCNN(**pair["rec"], dtype=rec_precision or precision),
                keras.saving.deserialize_keras_object(card["codec"]),
                dtype=precision,
            )
            for pair in card["pairs"]
        ]
        ids = [pair["id"] for pair in card["pairs"]]
    except (KeyError, TypeError) as error:
        raise ValueError(f"{folder / cards.CARD} does not describe networks: {error}") from error
    with np.load(folder / _WEIGHTS, allow_pickle=False) as stored:
        for model, expected_id in zip(models, ids, strict=True):
            for name, variable in _variables(model).items():
                key = f"scale{model.scale}/{name}"
                array = stored.get(key)
                if array is None or array.shape != tuple(variable.shape):
                    raise ValueError(
                        f"{folder / _WEIGHTS} must hold {key} of shape {tuple(variable.shape)}. "
                        f"Received: {'nothing' if array is None else array.shape}"
                    )
                variable.assign(array)
            if f"{preset_id(model):08x}" != expected_id:
                raise ValueError(
                    f"{folder} is damaged: its weights must have the id {expected_id}. "
                    f"Received: {preset_id(model):08x}"
                )
    return models


def preset_id(model: ComRec) -> int:
    """Checksum of the networks' structure and weights.

    Args:
        model: the pair.

    Returns:
        CRC-32, 1 to 2**32 - 1; compact files without networks have 0.
    """
    structure = {"com": _structure(model.com), "rec": _structure(model.rec)}
    checksum = zlib.crc32(json.dumps(structure, sort_keys=True).encode())
    for key, array in sorted(_arrays(model).items()):
        checksum = zlib.crc32(array.tobytes(), zlib.crc32(key.encode(), checksum))
    return max(checksum, 1)


def _arguments(network: keras.Model) -> dict[str, Any]:
    """What decides a network's computation: its configuration without Keras's own entries."""
    own = {"name", "trainable", "dtype"}
    return {name: value for name, value in network.get_config().items() if name not in own}


def _structure(network: keras.Model) -> dict[str, Any]:
    """The arguments that are not defaults: one that is added one day leaves older ids alone."""
    parameters = inspect.signature(type(network).__init__).parameters
    arguments = _arguments(network).items()
    return {name: value for name, value in arguments if value != parameters[name].default}


def _variables(model: ComRec) -> dict[str, Any]:
    """All weights by names that do not depend on how Keras numbered the networks."""
    return {
        f"{role}/{variable.path.split('/', 1)[1]}": variable
        for role, network in (("com", model.com), ("rec", model.rec))
        for variable in network.variables
    }


def _arrays(model: ComRec) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, np.float32) for name, value in _variables(model).items()}
