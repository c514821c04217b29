"""Networks of a preset's .tflite files, prepared by a library for tiles of one shape at a time."""

import collections
import os
import threading
from collections.abc import Callable

import numpy as np

from comrec_tf.engines import threads
from comrec_tf.engines.base import EnginePair
from comrec_tf.presets import card, find

__all__ = ["Prepare", "PreparedNetwork", "Runner", "pairs_of_files"]

#: Shapes of tiles that a network stays prepared for: each takes the memory of its activations.
_KEPT_SHAPES = 2

#: A network on tiles of one shape: RGB float32 (1, S, T, 3), 0 to 255, and what it is told, float32
#: (5,), see `codecs.condition` -> float32 (1, S', T', 4), see `models.tile_networks.TileFunction`.
Runner = Callable[[np.ndarray, np.ndarray], np.ndarray]

#: How a library prepares a network: bytes of a .tflite file and the shape of tiles -> `Runner`.
Prepare = Callable[[bytes, tuple[int, ...]], Runner]


class PreparedNetwork:
    """A network of a .tflite file that `models.tile_networks.lite_bytes` made.

    Calls from several threads wait for each other; each uses all cores.

    Args:
        content: the file.
        prepare: prepares it for each shape.
    """

    def __init__(self, content: bytes, prepare: Prepare) -> None:
        self._content = content
        self._prepare = prepare
        self._prepared: collections.OrderedDict[tuple[int, ...], Runner] = collections.OrderedDict()
        self._lock = threading.Lock()

    def __call__(self, tile: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        """Compute a tile; see `engines.base.TileNetwork`."""
        colours = np.broadcast_to(tile, (*tile.shape[:3], 3)).astype(np.float32)
        with self._lock:
            result = self._runner(colours.shape)(colours, conditions)
        chosen = result[..., 3:] if tile.shape[-1] == 1 else result[..., :3]
        return np.rint(chosen).astype(np.uint8)

    def _runner(self, shape: tuple[int, ...]) -> Runner:
        if shape not in self._prepared:
            if len(self._prepared) == _KEPT_SHAPES:
                self._prepared.popitem(last=False)
            self._prepared[shape] = self._prepare(self._content, shape)
        self._prepared.move_to_end(shape)
        return self._prepared[shape]


def pairs_of_files(preset: str | os.PathLike[str], com: Prepare, rec: Prepare) -> list[EnginePair]:
    """Load all pairs of a preset from the .tflite files beside its card.

    Args:
        preset: a preset's name, or a folder that holds one.
        com: what prepares ComCNN.
        rec: what prepares RecCNN.

    Returns:
        The pairs.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the preset is damaged or of another version, or the value of
            `threads.VARIABLE` is no number of threads.
    """
    threads.count()  # a wrong value is an error once, not for every file
    described = card.read(find.find_preset(preset))
    return [
        EnginePair(
            scale=pair.scale,
            id=pair.id,
            com=None
            if pair.com_lite is None
            else PreparedNetwork(card.read_lite(described.folder, pair.com_lite), com),
            com_radius=0 if pair.com_lite is None else pair.com_lite.radius,
            rec=PreparedNetwork(card.read_lite(described.folder, pair.rec_lite), rec),
            rec_radius=pair.rec_lite.radius,
            rec_multiple=pair.rec_lite.multiple,
            is_told_tables=pair.rec.get("tables", False),
        )
        for pair in described.pairs
    ]
