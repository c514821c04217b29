import importlib
import subprocess
import sys

import pytest

from comrec_tf import vocabulary
from comrec_tf.engines import base


@pytest.mark.parametrize("engine", vocabulary.ENGINES)
def test_every_engine_of_the_vocabulary_loads_a_preset(engine, exported):
    pairs = base.load_pairs(exported / "preset", engine)
    assert [pair.scale for pair in pairs] == [1, 2]
    assert all(isinstance(pair, base.EnginePair) for pair in pairs)


@pytest.mark.parametrize("engine", vocabulary.ENGINES)
def test_a_preset_that_is_not_there_is_named(engine, tmp_path):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        base.load_pairs(tmp_path / "nowhere", engine)


def test_a_precision_goes_with_tensorflow_alone():
    with pytest.raises(ValueError, match="litert computes in float32.* Received: .*mixed_float16"):
        base.load_pairs("comrec", "litert", precision="mixed_float16")


def test_an_engine_that_is_not_installed_names_the_extra(monkeypatch):
    def missing(name):
        raise ModuleNotFoundError("No module named 'tensorflow'", name="tensorflow")

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=r"the engine tensorflow needs .*\[tf\]"):
        base.load_pairs("comrec", "tensorflow")


def test_unknown_engines_are_refused():
    with pytest.raises(ValueError, match="one of litert, tensorflow. Received: engine=onnx"):
        base.load_pairs("comrec", "onnx")


@pytest.mark.slow
@pytest.mark.parametrize("engine", ["litert", "tensorflow"])
def test_memory_does_not_grow_with_the_number_of_times_a_preset_is_loaded(engine):
    program = (
        "import gc, sys\n"
        "from comrec_tf.engines import base\n"
        "resident = []\n"
        "for _ in range(20):\n"
        "    pairs = base.load_pairs('comrec', sys.argv[1])\n"
        "    del pairs\n"
        "    gc.collect()\n"
        "    resident.append(int(open('/proc/self/statm').read().split()[1]) / 256)\n"
        "print(max(resident[10:]) - max(resident[:10]))\n"
    )
    done = subprocess.run([sys.executable, "-c", program, engine], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    # MiB: a preset has two of weights, and each load kept three with names that Keras made up.
    assert float(done.stdout) < 8
