"""The weights of presets: trained pairs of networks, saved next to their card and loaded.

The weights are NumPy arrays by their names in ``weights.npz`` (no pickle). A preset holds one
pair of networks, or one for each scale. The id of a pair is a checksum of its structure and
weights, so a file can only be restored by the very pair that made it.
"""

import hashlib
import inspect
import io
import json
import os
import pathlib
import zipfile
import zlib
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from comrec_tf.codecs import catalog
from comrec_tf.models import tile_networks
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import card, find
from comrec_tf.process import storage

__all__ = [
    "is_identity",
    "load_pairs",
    "load_preset",
    "preset_id",
    "save_preset",
]

_WEIGHTS = "weights.npz"


def save_preset(
    models: ComRec | Sequence[ComRec],
    folder: str | os.PathLike[str],
    entries: dict[str, Any] | None = None,
) -> None:
    """Write a pair of networks, or one for each scale, as a preset.

    Args:
        models: the pair, or pairs of different scales, one codec and the same channels.
        folder: where to; made where missing. A preset that is there already is replaced.
        entries: what else to write into the card, by the names of `card.Card`'s attributes.

    Raises:
        ValueError: the pairs do not go together.
        OSError: the folder cannot be written.
    """
    models = [models] if isinstance(models, ComRec) else list(models)
    codecs = [{"name": model.codec.name, "options": model.codec.options()} for model in models]
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
    arrays = {
        f"scale{model.scale}/{name}": array
        for model in models
        for name, array in _arrays(model).items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    files = {_WEIGHTS: buffer.getvalue()}
    content: dict[str, Any] = {
        "card_version": card.VERSION,
        **(entries or {}),
        "num_weights": sum(int(array.size) for array in arrays.values()),
        "codec": codecs[0],
        "pairs": [],
    }
    for model in models:
        described, networks = _lite(model)
        files |= networks
        content["pairs"].append(
            {
                "scale": model.scale,
                "id": f"{preset_id(model):08x}",
                "com": _arguments(model.com),
                "rec": _arguments(model.rec),
                "lite": described,
            }
        )
    card.parse(content, folder)  # nothing is written that could not be read
    folder.mkdir(parents=True, exist_ok=True)
    # The card last: a folder without one is no preset, so that none is read half-written.
    (folder / card.FILE).unlink(missing_ok=True)
    for name, data in files.items():
        storage.write_atomically(folder / name, data)
    storage.write_atomically(folder / card.FILE, (json.dumps(content, indent=2) + "\n").encode())


def is_identity(model: ComRec) -> bool:
    """Tell whether ComCNN leaves pictures as they are, so that no network need run.

    Args:
        model: the pair.

    Returns:
        True at scale 1 where nothing is added to the picture.
    """
    last = model.com.compact
    return model.com.skip and model.scale == 1 and not any(np.any(w) for w in last.get_weights())


def _lite(model: ComRec) -> tuple[dict[str, Any], dict[str, bytes]]:
    """What the card says of a pair's networks as .tflite files, and these files by name."""
    described: dict[str, Any] = {"com": None}
    files: dict[str, bytes] = {}
    networks = {
        "rec": (tile_networks.restoring, model.rec.receptive_radius, model.rec.input_multiple),
        "com": (tile_networks.shrinking, model.com.receptive_radius, model.scale),
    }
    if is_identity(model):
        del networks["com"]
    full = _in_float32(model)
    for role, (function, radius, multiple) in networks.items():
        name = f"{role}_scale{model.scale}.tflite"
        files[name] = tile_networks.lite_bytes(function(full), half=role == "rec")
        described[role] = {
            "file": name,
            "sha256": hashlib.sha256(files[name]).hexdigest(),
            "radius": radius,
            "multiple": multiple,
        }
    return described, files


def _in_float32(model: ComRec) -> ComRec:
    """The same pair where nothing is computed in half precision, which LiteRT's files have not."""
    if model.com.compute_dtype == model.rec.compute_dtype == "float32":
        return model
    com, rec = ComCNN(**_arguments(model.com)), RecCNN(**_arguments(model.rec))
    full = ComRec(com, rec, model.codec)
    for target, source in zip(full.variables, model.variables, strict=True):
        target.assign(source)
    return full


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
    described = card.read(find.find_preset(name))
    try:
        codec = catalog.make_codec(described.codec.name, **described.codec.options)
        models = [
            ComRec(
                # By names of our own: Keras numbers those that it makes up, and TensorFlow keeps
                # what it compiled for each, a megabyte or two a preset.
                ComCNN(**pair.com, dtype=precision, name=f"com_cnn_scale{pair.scale}"),
                RecCNN(
                    **pair.rec, dtype=rec_precision or precision, name=f"rec_cnn_scale{pair.scale}"
                ),
                codec,
                dtype=precision,
                name=f"com_rec_scale{pair.scale}",
            )
            for pair in described.pairs
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{described.folder / card.FILE} does not describe networks: {error}"
        ) from error
    expected = {
        f"scale{model.scale}/{name}": variable
        for model in models
        for name, variable in _variables(model).items()
    }
    shapes = {name: tuple(variable.shape) for name, variable in expected.items()}
    for name, array in _read_arrays(described.folder / _WEIGHTS, shapes).items():
        expected[name].assign(array)
    for model, pair in zip(models, described.pairs, strict=True):
        if preset_id(model) != pair.id:
            raise ValueError(
                f"{described.folder} is damaged: its weights must have the id {pair.id:08x}. "
                f"Received: {preset_id(model):08x}"
            )
    return models


def _read_arrays(path: pathlib.Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read arrays, whose shapes are compared with the expected before memory is spent on them."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name, shape in shapes.items():
                with archive.open(f"{name}.npy") as member:
                    version = np.lib.format.read_magic(member)
                    read_header = {
                        (1, 0): np.lib.format.read_array_header_1_0,
                        (2, 0): np.lib.format.read_array_header_2_0,
                    }[version]
                    received, _, dtype = read_header(member)
                if received != shape or dtype != np.float32:
                    raise ValueError(
                        f"{name} must be float32 {shape}. Received: {dtype} {received}"
                    )
        with np.load(path, allow_pickle=False) as stored:
            return {name: stored[name] for name in shapes}
    except (KeyError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} does not hold the weights of its card: {error}") from error


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
