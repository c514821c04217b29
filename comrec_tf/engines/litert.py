"""The engine "litert": networks as .tflite files, on all cores by XNNPACK, without TensorFlow."""

import collections
import os
import threading

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from comrec_tf.engines.base import EnginePair
from comrec_tf.presets import card, find
from comrec_tf.process import storage

__all__ = ["THREADS", "LiteNetwork", "load_pairs"]

#: Environment variable with the number of threads of a network; without it, as many as there are
#: cores. For programs that run a process for each core.
THREADS = "COMREC_THREADS"

#: Shapes of tiles that a network stays prepared for: each takes the memory of its activations.
_KEPT_SHAPES = 2


def load_pairs(preset: str | os.PathLike[str]) -> list[EnginePair]:
    """Load all pairs of a preset; see `engines.base.load_pairs`."""
    described = card.read(find.find_preset(preset))
    return [
        EnginePair(
            scale=pair.scale,
            id=pair.id,
            com=None
            if pair.com_lite is None
            else LiteNetwork(card.read_lite(described.folder, pair.com_lite)),
            com_radius=0 if pair.com_lite is None else pair.com_lite.radius,
            rec=LiteNetwork(card.read_lite(described.folder, pair.rec_lite)),
            rec_radius=pair.rec_lite.radius,
            rec_multiple=pair.rec_lite.multiple,
        )
        for pair in described.pairs
    ]


class LiteNetwork:
    """A network of a .tflite file that `models.tile_networks.lite_bytes` made.

    Calls from several threads wait for each other; each uses all cores.

    Args:
        content: the file.
    """

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._prepared: collections.OrderedDict[tuple[int, ...], Interpreter] = (
            collections.OrderedDict()
        )
        self._lock = threading.Lock()

    def __call__(self, tile: np.ndarray, log_step: float) -> np.ndarray:
        """Compute a tile; see `engines.base.TileNetwork`."""
        colours = np.broadcast_to(tile, (*tile.shape[:3], 3)).astype(np.float32)
        with self._lock:
            interpreter = self._interpreter(colours.shape)
            values = {4: colours, 1: np.array([log_step], np.float32)}
            for entry in interpreter.get_input_details():
                interpreter.set_tensor(entry["index"], values[len(entry["shape"])])
            interpreter.invoke()
            result = interpreter.get_tensor(interpreter.get_output_details()[0]["index"])
        chosen = result[..., 3:] if tile.shape[-1] == 1 else result[..., :3]
        return np.rint(chosen).astype(np.uint8)

    def _interpreter(self, shape: tuple[int, ...]) -> Interpreter:
        """An interpreter that is prepared for tiles of a shape."""
        if shape not in self._prepared:
            if len(self._prepared) == _KEPT_SHAPES:
                self._prepared.popitem(last=False)
            threads = int(os.environ.get(THREADS) or len(os.sched_getaffinity(0)))
            with storage.muted():
                interpreter = Interpreter(model_content=self._content, num_threads=threads)
                (tile,) = (e for e in interpreter.get_input_details() if len(e["shape"]) == 4)
                interpreter.resize_tensor_input(tile["index"], shape)
                interpreter.allocate_tensors()
            self._prepared[shape] = interpreter
        self._prepared.move_to_end(shape)
        return self._prepared[shape]
