"""All engines, held to the same pictures within one grey level."""

import functools
import subprocess
import sys

import numpy as np
import pytest

from comrec_tf.codecs import condition
from comrec_tf.compression.compressor import Compressor
from comrec_tf.engines import base
from comrec_tf.presets import find

PRESETS = sorted(find.list_presets())


@pytest.fixture(scope="module")
def loaded():
    """Pairs of a preset by each engine, loaded once."""
    return functools.cache(base.load_pairs)


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
@pytest.mark.parametrize("preset", PRESETS)
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_engines_agree_within_a_grey_level(loaded, engine, preset, fixture, request):
    tile = request.getfixturevalue(fixture)[None, :96, :112]
    for lite, other in zip(loaded(preset, "litert"), loaded(preset, engine), strict=True):
        assert (lite.scale, lite.id) == (other.scale, other.id)
        for network in ("com", "rec"):
            ours, theirs = getattr(lite, network), getattr(other, network)
            assert (ours is None) == (theirs is None)
            if ours is None:
                continue
            assert getattr(lite, f"{network}_radius") == getattr(other, f"{network}_radius")
            for step in (4.0, 16.0, 50.0):
                conditions = condition.of_step(step)
                one, two = (run(tile, conditions).astype(int) for run in (ours, theirs))
                assert one.shape == two.shape
                assert np.abs(one - two).max() <= 1


@pytest.mark.parametrize("engine", ["openvino", "tensorflow"])
def test_files_of_one_engine_are_restored_by_another(engine, photo):
    """Sums in another order may round a compact pixel the other way: sizes agree, not each byte."""
    lite, other = (Compressor.from_preset("comrec", engine=e) for e in ("litert", engine))
    for scale in (1, 2):
        one, two = (compressor.encode(photo, 30, scale) for compressor in (lite, other))
        assert len(one.content) == pytest.approx(len(two.content), rel=0.002)
        difference = other.decode(one.content).astype(int) - lite.decode(one.content)
        assert np.abs(difference).max() <= 1


def test_a_picture_is_coded_and_restored_where_tensorflow_cannot_be_imported(tmp_path):
    program = """
import sys
for name in ("tensorflow", "keras", "tensorflow_io"):
    sys.modules[name] = None
import numpy as np
import comrec_tf
compressor = comrec_tf.Compressor.from_preset("comrec")
picture = np.arange(64 * 48 * 3, dtype=np.uint8).reshape(64, 48, 3)
for scale in (1, 2):
    file = compressor.encode(picture, 40, scale)
    assert compressor.decode(file.content).shape == picture.shape
print(sorted(comrec_tf.list_presets())[0])
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "comrec\n"
