"""The networks as .tflite files for other programs: 8-bit pixels in, 8-bit pixels out."""

import os
import pathlib
from collections.abc import Sequence

import tensorflow as tf

from comrec_tf.models import tile_networks
from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import weights
from comrec_tf.process import storage

__all__ = ["write_lite_models"]

_COLOURS = {"rgb": 3, "grey": 1}


def write_lite_models(
    models: Sequence[ComRec], folder: str | os.PathLike[str]
) -> list[pathlib.Path]:
    """Write both networks of each pair, for RGB and for grey pixels.

    Each file takes "tile", uint8 (1, S, T, 3 or 1), and "log_step", float32 (1,), the logarithm of
    the quantiser step over 16, or in its place "conditions", float32 (5,), where RecCNN is told the
    tables too (see `codecs.condition`), and gives uint8 (1, S', T', same channels): conversion of
    colours, doubling and clipping are inside. The program that loads the file chooses S and T,
    multiples of 2. Pixels within the network's radius of a tile's edge are meaningless; the card
    says the radius. ComCNN is left out if it leaves pictures as they are.

    Args:
        models: the pairs of a preset.
        folder: where to; made where missing.

    Returns:
        The files.

    Raises:
        FileExistsError: one of them exists; none is written then.
        OSError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    networks = {}
    for model in models:
        rec, com = model.rec.num_conditions, model.com.num_conditions
        networks[f"rec_scale{model.scale}"] = tile_networks.restoring(model), rec
        if not weights.is_identity(model):
            networks[f"com_scale{model.scale}"] = tile_networks.shrinking(model), com
    paths = {
        (name, colours): folder / f"{name}_{colours}.tflite"
        for name in networks
        for colours in _COLOURS
    }
    for path in paths.values():
        if path.exists():
            raise FileExistsError(f"{path} exists: choose another --output_dir")
    folder.mkdir(parents=True, exist_ok=True)
    for (name, colours), path in paths.items():
        content = _bytes(*networks[name], _COLOURS[colours], half=name.startswith("rec"))
        storage.write_atomically(path, content)
    return list(paths.values())


def _bytes(
    function: tile_networks.TileFunction, num_conditions: int, channels: int, *, half: bool
) -> bytes:
    return tile_networks.converted(
        lambda tile, conditions: tile_networks.on_pixels(function, tile, conditions),
        tf.TensorSpec([1, None, None, channels], tf.uint8, "tile"),
        num_conditions,
        half=half,
    )
