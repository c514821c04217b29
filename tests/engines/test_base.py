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


@pytest.mark.parametrize("engine", ["litert", "openvino"])
def test_a_precision_goes_with_tensorflow_alone(engine):
    message = f"the engine {engine} computes in float32.* Received: .*mixed_float16"
    with pytest.raises(ValueError, match=message):
        base.load_pairs("comrec", engine, precision="mixed_float16")


@pytest.mark.parametrize(("engine", "extra"), [("openvino", "openvino"), ("tensorflow", "tf")])
def test_an_engine_that_is_not_installed_names_the_extra(monkeypatch, engine, extra):
    def missing(name):
        raise ModuleNotFoundError(f"No module named '{engine}'", name=engine)

    monkeypatch.setattr(importlib, "import_module", missing)
    with pytest.raises(ModuleNotFoundError, match=rf"the engine {engine} needs .*\[{extra}\]"):
        base.load_pairs("comrec", engine)


def test_unknown_engines_are_refused():
    with pytest.raises(
        ValueError, match="one of litert, openvino, tensorflow. Received: engine=onnx"
    ):
        base.load_pairs("comrec", "onnx")


@pytest.mark.slow
@pytest.mark.parametrize("engine", vocabulary.ENGINES)
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
