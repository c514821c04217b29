"""Real forks, each in a process that has used nothing else."""

import pathlib
import subprocess
import sys

import pytest

from comrec_tf.process import forking

ROOT = pathlib.Path(__file__).parents[1]

FORK = """
import os, signal, sys
import numpy as np
import comrec_tf
from comrec_tf.codecs import catalog

picture = np.random.default_rng(0).integers(0, 256, (40, 56, 3), np.uint8)

def compressor():
    return comrec_tf.Compressor.from_preset(
        "comrec-fast", engine=sys.argv[1], codec=catalog.make_codec(sys.argv[2])
    )

def both_ways():
    made = compressor()
    return made.decode(made.encode(picture, 40).content)

# Not used before, used before.
used = None
if sys.argv[3] == "used":
    used = both_ways()
child = os.fork()
if child == 0:
    signal.alarm(60)  # what hangs is ended
    try:
        found = both_ways()
        print("the same" if used is None or (found == used).all() else "another")
    except RuntimeError as error:
        print(error)
    # As children of multiprocessing end: libraries' own ends would wait for their threads.
    sys.stdout.flush()
    os._exit(0)
print(os.waitpid(child, 0)[1])
"""


def forked(engine, codec, used):
    """What a child says that compresses and restores, and how it ends."""
    command = [sys.executable, "-c", FORK, engine, codec, used]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    said, status = done.stdout.splitlines()
    assert status == "0", done.stderr
    return said


@pytest.mark.parametrize(
    ("codec", "used"), [("jpeg", "used"), ("mozjpeg", "unused"), ("webp", "used")]
)
def test_a_fork_compresses_and_restores_with_litert(codec, used):
    assert forked("litert", codec, used) == "the same"


@pytest.mark.parametrize(
    ("engine", "codec", "library"),
    [
        ("litert", "mozjpeg", "libvips"),
        ("openvino", "jpeg", "OpenVINO"),
        pytest.param("tensorflow", "jpeg", "TensorFlow", marks=pytest.mark.slow),
    ],
)
def test_what_would_hang_in_a_fork_says_so(engine, codec, library):
    assert f"{library} was used before this process was forked" in forked(engine, codec, "used")


def test_the_process_that_used_a_library_goes_on_using_it():
    library = forking.ThreadedLibrary("a library")
    library.enter()
    library.enter()
