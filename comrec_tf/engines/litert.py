"""The engine "litert": .tflite files on all cores by XNNPACK, ready in a fifth of a second."""

import os

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from comrec_tf.engines import prepared, threads
from comrec_tf.engines.base import EnginePair
from comrec_tf.process import storage

__all__ = ["load_pairs", "prepare"]


def load_pairs(preset: str | os.PathLike[str]) -> list[EnginePair]:
    """Load all pairs of a preset; see `engines.base.load_pairs`."""
    return prepared.pairs_of_files(preset, prepare, prepare)


def prepare(content: bytes, shape: tuple[int, ...]) -> prepared.Runner:
    """Prepare a network for tiles of one shape; see `engines.prepared.Prepare`."""
    with storage.muted():
        interpreter = Interpreter(model_content=content, num_threads=threads.count())
        inputs = {len(entry["shape"]): entry for entry in interpreter.get_input_details()}
        interpreter.resize_tensor_input(inputs[4]["index"], shape)
        interpreter.allocate_tensors()
    output = interpreter.get_output_details()[0]["index"]

    def run(colours: np.ndarray, conditions: np.ndarray) -> np.ndarray:
        interpreter.set_tensor(inputs[4]["index"], colours)
        # A network that is told nothing has no such input.
        if 1 in inputs:
            interpreter.set_tensor(inputs[1]["index"], conditions[: inputs[1]["shape"][0]])
        interpreter.invoke()
        return interpreter.get_tensor(output)

    return run
