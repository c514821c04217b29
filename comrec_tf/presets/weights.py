"""The weights of presets: trained pairs of networks, saved with their card and loaded.

A preset holds one pair of networks, or one for each scale; `stored` says how. The id of a pair is a
checksum of its structure and weights, so only the pair that made a file can restore it.
"""

import hashlib
import inspect
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
from comrec_tf.presets import card, find, stored

__all__ = [
    "is_identity",
    "load_pairs",
    "load_preset",
    "preset_id",
    "save_preset",
]


def save_preset(
    models: ComRec | Sequence[ComRec],
    folder: str | os.PathLike[str],
    entries: dict[str, Any] | None = None,
    *,
    beside: Sequence[stored.StoredPair] = (),
) -> None:
    """Write a pair of networks, or one for each scale, as a preset.

    Args:
        models: the pair, or pairs of different scales, one codec and the same channels.
        folder: where to; made if missing. A preset that is there already is replaced.
        entries: what else to write into the card, by the names of `card.Card`'s attributes.
        beside: pairs of other presets that go into it as they are.

    Raises:
        ValueError: the pairs do not go together.
        OSError: the folder cannot be written.
    """
    models = [models] if isinstance(models, ComRec) else list(models)
    stored.write([*map(_stored, models), *beside], folder, entries or {})


def is_identity(model: ComRec) -> bool:
    """Tell whether ComCNN leaves pictures as they are, so that it need not run.

    Args:
        model: the pair.

    Returns:
        True at scale 1 where nothing is added to the picture.
    """
    last = model.com.compact
    return model.com.skip and model.scale == 1 and not any(np.any(w) for w in last.get_weights())


def _stored(model: ComRec) -> stored.StoredPair:
    lite: dict[str, card.Lite] = {}
    files: dict[str, bytes] = {}
    networks: dict[str, tuple[Any, Any, int]] = {
        "rec": (tile_networks.restoring, model.rec, model.rec.input_multiple),
        "com": (tile_networks.shrinking, model.com, model.scale),
    }
    if is_identity(model):
        del networks["com"]
    full = _in_float32(model)
    for role, (function, network, multiple) in networks.items():
        name = f"{role}_scale{model.scale}.tflite"
        files[name] = tile_networks.lite_bytes(
            function(full), network.num_conditions, half=role == "rec"
        )
        sha256 = hashlib.sha256(files[name]).hexdigest()
        radius = network.receptive_radius
        lite[role] = card.Lite(file=name, sha256=sha256, radius=radius, multiple=multiple)
    described = card.Pair(
        scale=model.scale,
        id=preset_id(model),
        com=_arguments(model.com),
        rec=_arguments(model.rec),
        com_lite=lite.get("com"),
        rec_lite=lite["rec"],
    )
    codec = card.CodecChoice(model.codec.name, model.codec.options())
    return stored.StoredPair(codec, described, _arrays(model), files)


def _in_float32(model: ComRec) -> ComRec:
    """The same pair in float32: files for LiteRT cannot be made of half precision."""
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
    preset = card.read(find.find_preset(name))
    if scale is None and len(preset.pairs) > 1:
        scales = [pair.scale for pair in preset.pairs]
        raise ValueError(
            f"{name} has a pair for the scales {scales}: choose one. Received: scale=None"
        )
    pair = preset.pairs[0] if scale is None else card.pair_of(preset, scale)
    (model,) = _load(preset, [pair], precision, precision)
    return model


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
    preset = card.read(find.find_preset(name))
    return _load(preset, preset.pairs, precision, rec_precision or precision)


def _load(
    preset: card.Card, pairs: Sequence[card.Pair], precision: str, rec_precision: str
) -> list[ComRec]:
    try:
        codec = catalog.make_codec(preset.codec.name, **preset.codec.options)
        models = [
            ComRec(
                # Fixed names: Keras would number its own ones, and TensorFlow keeps what it has
                # compiled for each name, one or two megabytes a preset.
                ComCNN(**pair.com, dtype=precision, name=f"com_cnn_scale{pair.scale}"),
                RecCNN(**pair.rec, dtype=rec_precision, name=f"rec_cnn_scale{pair.scale}"),
                codec,
                dtype=precision,
                name=f"com_rec_scale{pair.scale}",
            )
            for pair in pairs
        ]
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"{preset.folder / card.FILE} does not describe networks: {error}"
        ) from error
    expected = {
        f"scale{model.scale}/{name}": variable
        for model in models
        for name, variable in _variables(model).items()
    }
    shapes = {name: tuple(variable.shape) for name, variable in expected.items()}
    for name, array in _read_arrays(preset.folder / stored.WEIGHTS, shapes).items():
        expected[name].assign(array)
    for model, pair in zip(models, pairs, strict=True):
        if preset_id(model) != pair.id:
            raise ValueError(
                f"{preset.folder} is damaged: its weights must have the id {pair.id:08x}. "
                f"Received: {preset_id(model):08x}"
            )
    return models


def _read_arrays(path: pathlib.Path, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read arrays; their shapes are checked before memory is spent on them."""
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
    """The arguments that are not defaults, so that ids stay the same when one is added."""
    parameters = inspect.signature(type(network).__init__).parameters
    arguments = _arguments(network).items()
    return {name: value for name, value in arguments if value != parameters[name].default}


def _variables(model: ComRec) -> dict[str, Any]:
    """All weights by names that do not depend on how Keras numbers the networks."""
    return {
        f"{role}/{variable.path.split('/', 1)[1]}": variable
        for role, network in (("com", model.com), ("rec", model.rec))
        for variable in network.variables
    }


def _arrays(model: ComRec) -> dict[str, np.ndarray]:
    return {name: np.asarray(value, np.float32) for name, value in _variables(model).items()}
