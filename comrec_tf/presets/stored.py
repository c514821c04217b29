"""Pairs of networks as presets store them: read, joined and written, without TensorFlow.

``weights.npz`` has the weights as NumPy arrays by name (no pickle), a ``.tflite`` file each
network, and ``card.json`` says what there is.
"""

import dataclasses
import io
import json
import os
import pathlib
import zipfile
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from comrec_tf.codecs import catalog
from comrec_tf.presets import card, find
from comrec_tf.process import storage

__all__ = ["WEIGHTS", "StoredPair", "join_presets", "read_pair", "write"]

#: Name of the file of weights.
WEIGHTS = "weights.npz"
#: The most bytes of a pair's weights, about a thousand times those of the shipped pairs.
_LARGEST = 2**30


@dataclasses.dataclass(frozen=True)
class StoredPair:
    """One pair of a preset.

    Attributes:
        codec: what it was trained around, with all its options.
        described: its entry in the card; the `Lite.file`s in it name entries of `networks`.
        arrays: float32 weights by their names, as "com/first/kernel".
        networks: the .tflite files.
    """

    codec: card.CodecChoice
    described: card.Pair
    arrays: Mapping[str, np.ndarray]
    networks: Mapping[str, bytes]


def join_presets(
    presets: Mapping[int, str | os.PathLike[str]],
    folder: str | os.PathLike[str],
    entries: dict[str, Any] | None = None,
) -> None:
    """Join pairs of networks of several presets to one preset.

    ::

        comrec_tf.join_presets({1: "run/full/best", 2: "run/half/best"}, "mine")

    Weights, ids and ``.tflite`` files stay as they are, so that the new preset restores the files
    of the old ones. No TensorFlow is needed.

    Args:
        presets: by scale, 1 or 2, the preset that the pair of this scale comes from: its name or
            folder, which may have pairs of other scales too.
        folder: where to; made if missing. A preset that is there already is replaced.
        entries: what else to write into the card, by the names of `card.Card`'s attributes. It
            replaces what is taken from the presets: their training and figures by scale, and the
            default quality of the one named last. Their fits for rate control (`Card.fit`) are not
            taken over: run `tools/fit` on the new preset.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: a preset has no pair of the scale or is damaged, or the pairs do not go
            together: they have other channels or codecs.
        OSError: the folder cannot be written.
    """
    cards = {scale: card.read(find.find_preset(name)) for scale, name in presets.items()}
    pairs = [read_pair(name, scale) for scale, name in presets.items()]
    names = {scale: one.folder.resolve().name for scale, one in cards.items()}
    made_of = " and ".join(f"{name} (scale {scale})" for scale, name in names.items())
    own: dict[str, Any] = {"description": f"Joined of {made_of}."}
    for scale, one in cards.items():
        own["default_quality"] = one.default_quality
        own.setdefault("training", {})[f"scale {scale}"] = one.training
        own.setdefault("figures", {})[f"scale {scale}"] = one.figures
    write(pairs, folder, own | (entries or {}))


def read_pair(name: str | os.PathLike[str], scale: int) -> StoredPair:
    """Read one pair of a preset.

    Args:
        name: a preset's name, or a folder that holds one.
        scale: which pair.

    Returns:
        The pair. Whether its weights fit its networks is only checked when they are loaded.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the preset is damaged or of another version, or has no pair of that scale.
    """
    preset = card.read(find.find_preset(name))
    described = card.pair_of(preset, scale)
    networks = {}
    for role in ("com", "rec"):
        lite = getattr(described, f"{role}_lite")
        if lite is not None:
            file = f"{role}_scale{scale}.tflite"
            networks[file] = card.read_lite(preset.folder, lite)
            lite = dataclasses.replace(lite, file=file)
            described = dataclasses.replace(described, **{f"{role}_lite": lite})
    # With every option, also those that did not exist when the card was written.
    codec = catalog.make_codec(preset.codec.name, **preset.codec.options)
    arrays = _read_arrays(preset.folder / WEIGHTS, f"scale{scale}/")
    choice = card.CodecChoice(codec.name, codec.options())
    return StoredPair(choice, described, arrays, networks)


def write(
    pairs: Sequence[StoredPair], folder: str | os.PathLike[str], entries: Mapping[str, Any]
) -> None:
    """Write pairs as a preset.

    Args:
        pairs: of different scales, one codec and the same channels.
        folder: where to; made if missing. A preset that is there already is replaced.
        entries: what else the card says, by the names of `card.Card`'s attributes.

    Raises:
        ValueError: the pairs do not go together.
        OSError: the folder cannot be written.
    """
    _check_pairs(pairs)
    folder = pathlib.Path(folder)
    arrays = {
        f"scale{pair.described.scale}/{name}": array
        for pair in pairs
        for name, array in pair.arrays.items()
    }
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    files = {WEIGHTS: buffer.getvalue()}
    content: dict[str, Any] = {
        "card_version": card.VERSION,
        **entries,
        "num_weights": sum(int(array.size) for array in arrays.values()),
        "codec": dataclasses.asdict(pairs[0].codec),
        "pairs": [card.entry_of(pair.described) for pair in pairs],
    }
    for pair in pairs:
        files |= pair.networks
    card.parse(content, folder)  # raises before anything is written that could not be read
    folder.mkdir(parents=True, exist_ok=True)
    # The card last: a folder without one is not a preset, so nobody reads half of one.
    (folder / card.FILE).unlink(missing_ok=True)
    for name, data in files.items():
        storage.write_atomically(folder / name, data)
    storage.write_atomically(folder / card.FILE, (json.dumps(content, indent=2) + "\n").encode())


def _check_pairs(pairs: Sequence[StoredPair]) -> None:
    """Raise `ValueError` for pairs that cannot be in one preset."""
    scales = [pair.described.scale for pair in pairs]
    channels = [pair.described.com["channels"] for pair in pairs]
    codecs = [dataclasses.asdict(pair.codec) for pair in pairs]
    if (
        not pairs
        or len(set(scales)) < len(pairs)
        or len(set(channels)) > 1
        or any(codec != codecs[0] for codec in codecs)
    ):
        raise ValueError(
            "the pairs of a preset must have different scales, the same channels and the same "
            f"codec. Received: scales {scales}, channels {channels}, codecs {codecs}"
        )


def _read_arrays(path: pathlib.Path, prefix: str) -> dict[str, np.ndarray]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [one for one in archive.infolist() if one.filename.startswith(prefix)]
        if not members or sum(one.file_size for one in members) > _LARGEST:
            raise ValueError(f"expected 1 to {_LARGEST:,} bytes of {prefix}")
        names = [one.filename.removesuffix(".npy") for one in members]
        with np.load(path, allow_pickle=False) as stored:
            return {name.removeprefix(prefix): stored[name] for name in names}
    except (KeyError, EOFError, ValueError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"{path} does not hold the weights of its card: {error}") from error
