"""The engine "openvino": .tflite files by OpenVINO, faster where a CPU has wide vectors.

It computes in float32 only. In bfloat16, OpenVINO would round the pixels too, not only what the
network adds to them: restored pixels were off by 1.2 grey levels in the mean.
"""

import functools
import os
import pathlib
import tempfile

import numpy as np
import openvino

from comrec_tf.engines import prepared, threads
from comrec_tf.engines.base import EnginePair
from comrec_tf.process import forking

__all__ = ["load_pairs", "prepare"]

_OPENVINO = forking.ThreadedLibrary("OpenVINO")


def load_pairs(preset: str | os.PathLike[str]) -> list[EnginePair]:
    """Load all pairs of a preset; see `engines.base.load_pairs`."""
    return prepared.pairs_of_files(preset, prepare, prepare)


def prepare(content: bytes, shape: tuple[int, ...]) -> prepared.Runner:
    """Prepare a network for tiles of one shape; see `engines.prepared.Prepare`.

    Raises:
        RuntimeError: a process that had used OpenVINO was forked, and this is the child; the
            network raises it too.
    """
    _OPENVINO.enter()
    # OpenVINO reads this format only from files.
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder, "network.tflite")
        path.write_bytes(content)
        model = _core().read_model(path)
    index = {len(entry.partial_shape): number for number, entry in enumerate(model.inputs)}
    # A network that is told nothing has no such input.
    num_conditions = model.inputs[index[1]].partial_shape[0].get_length() if 1 in index else 0
    model.reshape({model.inputs[index[4]]: shape})
    network = _core().compile_model(
        model,
        "CPU",
        {
            "INFERENCE_PRECISION_HINT": "f32",
            "INFERENCE_NUM_THREADS": threads.count(),
            "PERFORMANCE_HINT": "LATENCY",
        },
    )

    def run(colours: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        _OPENVINO.enter()
        given = {index[4]: colours}
        if num_conditions:
            given[index[1]] = conditions[:num_conditions]
        return network(given)[0]

    return run


@functools.cache
def _core() -> openvino.Core:
    return openvino.Core()
