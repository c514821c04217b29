import configparser
import pathlib
import subprocess
import sys

import PIL.Image
import pytest

from comrec_tf import vocabulary

ROOT = pathlib.Path(__file__).parents[1]


def test_every_ending_is_one_that_pillow_opens():
    known = PIL.Image.registered_extensions()
    assert set(vocabulary.PICTURE_SUFFIXES) <= set(known)


def test_what_codecs_write_is_taken_for_a_compact_file_and_for_a_picture_where_pillow_reads_it():
    written, compact = set(vocabulary.CODEC_SUFFIXES.values()), set(vocabulary.COMPACT_SUFFIXES)
    assert written <= compact
    assert compact - set(vocabulary.PICTURE_SUFFIXES) == {".jxl"}


def test_it_needs_the_standard_library_alone():
    program = """
import sys
from comrec_tf import vocabulary
wanted = {"numpy", "PIL", "absl", "tensorflow", "keras"} & set(sys.modules)
print(sorted(wanted))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (done.stdout, done.stderr) == ("[]\n", "")


def test_a_missing_extra_is_one_that_there_is():
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    assert {"tf", "openvino", "codecs", "evaluation", "serving"} <= set(
        setup["options.extras_require"]
    )
    error = vocabulary.missing_extra("plots need matplotlib", "evaluation")
    assert str(error) == 'plots need matplotlib: from a clone, pip install ".[evaluation]"'


def test_no_hint_names_a_package_index_and_one_place_alone_tells_how_to_install():
    listed = subprocess.run(["git", "ls-files"], capture_output=True, text=True, cwd=ROOT).stdout
    texts = {name: (ROOT / name) for name in listed.split() if name.endswith((".py", ".md"))}
    for name, path in texts.items():
        if path.is_file() and not name.startswith(("tests/", "CHANGELOG")):
            assert "comrec-tf[" not in path.read_text(), name
            in_code = name.startswith("comrec_tf/") and name.endswith(".py")
            if in_code and name != "comrec_tf/vocabulary.py":
                assert "pip install" not in path.read_text(), name


@pytest.mark.parametrize(
    ("name", "library", "extra"),
    [
        ("tensorflow", "TensorFlow", "tf"),
        ("keras.src.layers", "TensorFlow", "tf"),
        ("tensorflow.python", "TensorFlow", "tf"),
        ("openvino", "OpenVINO", "openvino"),
        ("scipy.interpolate", "SciPy", "evaluation"),
    ],
)
def test_where_a_library_is_missing_its_extra_is_named(name, library, extra):
    told = vocabulary.explained(ModuleNotFoundError("No module", name=name), "training")
    assert str(told) == f'training needs {library}: from a clone, pip install ".[{extra}]"'


@pytest.mark.parametrize("name", ["matplotlib", "tensorflow_io", None])
def test_another_missing_module_is_left_as_it_is(name):
    error = ModuleNotFoundError("No module", name=name)
    assert vocabulary.explained(error, "training") is error
