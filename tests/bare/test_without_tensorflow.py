"""The road of a file, from the command line and from Python, in an environment without TensorFlow.

``tools/test --bare`` makes that environment; elsewhere these tests keep TensorFlow from being
imported.
"""

import importlib.util
import os
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

BARE = os.environ.get("COMREC_BARE") == "1"
#: Makes every import of these fail, also in the processes that a command starts.
_BLOCK = """
import sys
for name in ("tensorflow", "keras", "tensorflow_io", "scipy"):
    sys.modules[name] = None
"""


@pytest.fixture(scope="module")
def photo():
    """Waves of colour and a sharp edge, uint8 (160, 208, 3)."""
    y, x = np.mgrid[:160, :208]
    waves = [np.sin(x / 17 + y / 31), np.cos(x / 11), np.sin(y / 9 + x / 40)]
    picture = 128 + 90 * np.stack(waves, -1)
    picture[60:100, 80:140] = (20, 140, 60)
    return picture.astype(np.uint8)


@pytest.fixture
def run(tmp_path):
    folder = tmp_path / "site"
    folder.mkdir()
    (folder / "sitecustomize.py").write_text("" if BARE else _BLOCK)
    paths = [str(folder), *sys.path] if not BARE else [str(folder)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths))}

    def run(*arguments):
        return subprocess.run(
            [sys.executable, *map(str, arguments)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=300,
        )

    return run


@pytest.mark.skipif(not BARE, reason="only tools/test --bare has such an environment")
def test_tensorflow_is_really_not_there():
    for name in ("tensorflow", "keras", "tensorflow_io", "tensorboard"):
        assert importlib.util.find_spec(name) is None


@pytest.mark.parametrize(
    "target",
    [
        [],
        ["--quality=40"],
        ["--psnr=32"],
        ["--max_bytes=3000"],
        ["--bits_per_pixel=0.6"],
        ["--scale=1", "--quality=30"],
        ["--scale=2", "--quality=30"],
    ],
    ids=lambda target: " ".join(target) or "default",
)
def test_a_picture_is_compressed_to_every_target_and_restored(tmp_path, run, photo, target):
    PIL.Image.fromarray(photo).save(tmp_path / "a.png")
    done = run(
        "-m", "comrec_tf.compress", tmp_path / "a.png", f"--output_dir={tmp_path}/small", *target
    )
    assert done.returncode == 0, done.stderr
    assert PIL.Image.open(tmp_path / "small" / "a.jpg").format == "JPEG"
    done = run("-m", "comrec_tf.restore", tmp_path / "small", f"--output_dir={tmp_path}/restored")
    assert done.returncode == 0, done.stderr
    restored = np.asarray(PIL.Image.open(tmp_path / "restored" / "a.png"))
    assert restored.shape == photo.shape
    assert np.abs(restored.astype(int) - photo).mean() < 20


def test_presets_are_listed_and_pictures_coded_from_python(run, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(
        "import comrec_tf, numpy as np\n"
        "compressor = comrec_tf.Compressor.from_preset('comrec')\n"
        "picture = np.arange(64 * 48 * 3, dtype=np.uint8).reshape(64, 48, 3)\n"
        "file = compressor.encode_to(picture, comrec_tf.Target('max_bytes', 2000))\n"
        "assert compressor.decode(file.content).shape == picture.shape\n"
        "print(*comrec_tf.list_presets())\n"
    )
    done = run(program)
    assert done.returncode == 0, done.stderr
    assert {"comrec", "comrec-fast"} <= set(done.stdout.split())


@pytest.mark.parametrize(
    "command",
    [
        ["train", "--train_data=.", "--valid_data=.", "--output_dir=run"],
        ["export", "--output_dir=models"],
        ["serve", "--model_base_path=models/comrec"],
    ],
    ids=lambda command: command[0],
)
def test_what_needs_tensorflow_says_so_in_one_line(run, command, tmp_path):
    done = run("-m", f"comrec_tf.{command[0]}", *command[1:])
    assert done.returncode == 1
    assert "[tf]" in done.stderr or "[serving]" in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr


def test_evaluating_without_its_extra_says_so_in_one_line(run, tmp_path):
    done = run("-m", "comrec_tf.evaluate", tmp_path, f"--output_dir={tmp_path}/report")
    assert done.returncode == 1
    assert done.stderr.endswith('needs SciPy: from a clone, pip install ".[evaluation]"\n')
    assert len(done.stderr.splitlines()) == 1, done.stderr
