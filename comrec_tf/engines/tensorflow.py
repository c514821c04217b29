"""The engine "tensorflow": for models in memory, for GPUs, and for half precision."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs.condition import COUNT
from comrec_tf.engines.base import EnginePair, TileNetwork
from comrec_tf.models import tile_networks
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.precision import fastest
from comrec_tf.presets import weights
from comrec_tf.process import forking

__all__ = ["load_pairs", "pairs_of"]

_TENSORFLOW = forking.ThreadedLibrary("TensorFlow")


def load_pairs(preset: str | os.PathLike[str], precision: str = "float32") -> list[EnginePair]:
    """Load all pairs of a preset; see `engines.base.load_pairs`.

    Args:
        preset: a preset's name, or a folder that holds one.
        precision: what RecCNN computes with, one of `vocabulary.PRECISIONS`, or "auto" for
            `models.precision.fastest`. ComCNN always computes with float32, so that files do not
            depend on it; restored pixels differ by a grey level or two.

    Returns:
        The pairs.

    Raises:
        FileNotFoundError: there is no such preset.
        RuntimeError: a process that had loaded pairs was forked, and this is the child.
        ValueError: the preset is damaged or of another version, or the precision unknown.
    """
    if precision not in (*vocabulary.PRECISIONS, "auto"):
        raise ValueError(
            f"precision must be auto or one of {', '.join(vocabulary.PRECISIONS)}. "
            f"Received: {precision}"
        )
    _TENSORFLOW.enter()
    chosen = fastest() if precision == "auto" else precision
    return pairs_of(weights.load_pairs(preset, rec_precision=chosen))


def pairs_of(models: ComRec | Sequence[ComRec]) -> list[EnginePair]:
    """Make pairs of models in memory; they follow changes of the models' weights.

    Args:
        models: the pair of networks, or one for each scale.

    Returns:
        The pairs.
    """
    _TENSORFLOW.enter()
    models = [models] if isinstance(models, ComRec) else models
    return [_pair(model) for model in models]


def _pair(model: ComRec) -> EnginePair:
    identity = weights.is_identity(model)
    return EnginePair(
        scale=model.scale,
        id=weights.preset_id(model),
        com=None if identity else _network(tile_networks.shrinking(model)),
        com_radius=0 if identity else model.com.receptive_radius,
        rec=_network(tile_networks.restoring(model)),
        rec_radius=model.rec.receptive_radius,
        rec_multiple=model.rec.input_multiple,
        is_told_tables=model.rec.tables,
    )


def _network(function: tile_networks.TileFunction) -> TileNetwork:
    # One trace for all sizes of tiles and all conditions. Without AutoGraph, which is not needed
    # here and takes most of the time of tracing.
    traced = {
        channels: tf.function(
            lambda tile, conditions: tile_networks.on_pixels(function, tile, conditions),
            input_signature=[
                tf.TensorSpec([1, None, None, channels], tf.uint8),
                tf.TensorSpec([COUNT], tf.float32),
            ],
            autograph=False,
        )
        for channels in (1, 3)
    }

    def network(tile: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        _TENSORFLOW.enter()
        return traced[tile.shape[-1]](tile, conditions).numpy()

    return network
