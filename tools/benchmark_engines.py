"""Speed of the engines: how many megapixels RecCNN of a preset restores in a second.

Restores tiles of 512x768 as `restore` does, each engine in turn with the others, so that a busy
machine slows all alike, and takes medians. With --json writes what tools/figures --speed takes.
"""

import argparse
import json
import os
import platform
import shlex
import statistics
import sys
import time
from typing import Any

import numpy as np
import skimage.data

from comrec_tf.codecs import condition
from comrec_tf.commands import display
from comrec_tf.engines import base
from comrec_tf.process import storage

#: Engines by the names that figures give them, with their options.
ENGINES: dict[str, tuple[str, dict[str, Any]]] = {
    "LiteRT": ("litert", {}),
    "OpenVINO": ("openvino", {}),
    "TensorFlow float32": ("tensorflow", {"precision": "float32"}),
    "TensorFlow bfloat16": ("tensorflow", {"precision": "mixed_bfloat16"}),
}
#: Height and width of a restored tile.
_TILE = (512, 768)
_STEP = 16.0


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    presets = ["comrec", "comrec-psnr", "comrec-fast", "comrec-webp"]
    parser.add_argument("--preset", nargs="+", default=presets)
    parser.add_argument("--engine", nargs="+", choices=list(ENGINES), default=list(ENGINES))
    parser.add_argument("--rounds", type=int, default=9, help="runs of each that count")
    parser.add_argument("--json", help="file for the figures")
    options = parser.parse_args()
    networks = {}
    for preset in options.preset:
        for engine in options.engine:
            name, settings = ENGINES[engine]
            for pair in base.load_pairs(preset, name, **settings):
                networks[preset, pair.scale, engine] = pair.rec
    seconds: dict[tuple[str, int, str], list[float]] = {key: [] for key in networks}
    turns = [(number, key) for number in range(options.rounds + 1) for key in networks]
    for number, key in display.progress(turns, "measuring"):
        tile = _tile(key[1])
        begun = time.perf_counter()
        networks[key](tile, condition.of_step(_STEP))
        if number:  # the first round prepares
            seconds[key].append(time.perf_counter() - begun)
    entries = [
        {
            "preset": preset,
            "scale": scale,
            "engine": engine,
            "megapixels_per_second": _TILE[0] * _TILE[1] / 1e6 / statistics.median(taken),
        }
        for (preset, scale, engine), taken in seconds.items()
    ]
    display.table(
        ["preset", "scale", "engine", "megapixels/s"],
        [[*[str(value) for value in entry.values()][:3], _speed(entry)] for entry in entries],
    )
    if options.json:
        content = {"command": _command(options), "machine": _machine(), "entries": entries}
        storage.write_atomically(options.json, (json.dumps(content, indent=1) + "\n").encode())
    return 0


def _tile(scale: int) -> np.ndarray:
    height, width = (side // scale for side in _TILE)
    return np.tile(skimage.data.astronaut(), (1, 2, 1))[None, :height, :width]


def _speed(entry: dict[str, Any]) -> str:
    return f"{entry['megapixels_per_second']:.3g}"


def _command(options: argparse.Namespace) -> str:
    words = ["--preset", *options.preset, "--engine", *options.engine]
    return f"tools/benchmark engines {shlex.join([*words, f'--rounds={options.rounds}'])}"


def _machine() -> str:
    """The processor, its cores that may be used, and the vectors that decide between engines."""
    try:
        with open("/proc/cpuinfo") as file:
            said = dict(line.split(":", 1) for line in file if ":" in line)
    except OSError:
        said = {}
    fields = {name.strip(): value.strip() for name, value in said.items()}
    flags = fields.get("flags", "").split()
    widest = next((name for name in ("avx512f", "avx2") if name in flags), "no AVX2")
    cores = len(os.sched_getaffinity(0))
    return f"{fields.get('model name', platform.machine())}, {cores} cores, {widest}"


if __name__ == "__main__":
    sys.exit(main())
