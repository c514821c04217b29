"""The contract of an engine, and the engines by name."""

import dataclasses
import importlib
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from comrec_tf import vocabulary

__all__ = ["EnginePair", "TileNetwork", "load_pairs"]

#: A network on a tile: uint8 (1, S, T, 1 or 3), grey or RGB, and what it is told, float32 (5,), see
#: `codecs.condition` -> uint8 (1, S', T', same channels). S and T are multiples of what the network
#: needs. Within an outer frame of its radius the result is meaningless.
TileNetwork = Callable[[np.ndarray, np.ndarray], np.ndarray]


@dataclasses.dataclass(frozen=True)
class EnginePair:
    """A pair of networks as an engine computes it.

    Attributes:
        scale: how many times smaller the compact picture is, 1 or 2.
        id: checksum of structure and weights, which compact files carry.
        com: ComCNN, S' = S / scale; None where it leaves pictures as they are.
        com_radius: how many pixels of a tile around a pixel `com` looks at.
        rec: RecCNN, S' = S * scale.
        rec_radius: the same for `rec`.
        rec_multiple: height and width of a tile of `rec` must be multiples of this.
        is_told_tables: whether `rec` uses all of its conditions, not the step alone.
    """

    scale: int
    id: int
    com: TileNetwork | None
    com_radius: int
    rec: TileNetwork
    rec_radius: int
    rec_multiple: int
    is_told_tables: bool


def load_pairs(
    preset: str | os.PathLike[str], engine: str = "litert", **options: Any
) -> list[EnginePair]:
    """Load all pairs of a preset with an engine.

    Args:
        preset: a preset's name, or a folder that holds one.
        engine: one of `vocabulary.ENGINES`.
        **options: of the engine: "precision" of "tensorflow".

    Returns:
        The pairs.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: there is no such engine, or the preset is damaged or of another version.
        ModuleNotFoundError: the engine is not installed.
    """
    if engine not in vocabulary.ENGINES:
        raise ValueError(
            f"engine must be one of {', '.join(vocabulary.ENGINES)}. Received: engine={engine}"
        )
    if engine != "tensorflow" and options:
        raise ValueError(
            f"the engine {engine} computes in float32; a precision goes with the engine "
            f"tensorflow. Received: {options}"
        )
    # By name, so that a library is imported only where its engine is asked for.
    try:
        module = importlib.import_module(f"comrec_tf.engines.{engine}")
    except ModuleNotFoundError as error:
        raise vocabulary.explained(error, f"the engine {engine}") from error
    return module.load_pairs(preset, **options)
