"""kill -9, more than fifty times: what was finished stays whole, and the next run goes on."""

import json
import os
import pathlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import PIL.Image
import pytest

from comrec_tf.commands import journal
from comrec_tf.compact_file import container
from comrec_tf.presets import weights
from tests.makers import make_model

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2]
CHANCE = random.Random(0)


def run_and_kill(arguments, begun, longest) -> bool:
    """Start a command, wait until it works on its files and up to `longest` seconds more, kill it.

    True if it was faster.
    """
    process = subprocess.Popen(
        [sys.executable, "-m", *map(str, arguments)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )
    end = time.monotonic() + 120
    while not begun() and process.poll() is None and time.monotonic() < end:
        time.sleep(0.005)
    try:
        process.wait(CHANCE.uniform(0, longest))
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGKILL)
        process.communicate()
        return False
    error = process.communicate()[1].decode()
    assert process.returncode == 0, error
    return True


def test_a_folder_that_is_killed_again_and_again_gets_done(tmp_path):
    weights.save_preset(make_model(), tmp_path / "preset")
    (tmp_path / "in").mkdir()
    random_pixels = np.random.default_rng(0)
    for number in range(1_000):
        picture = random_pixels.integers(0, 256, (24, 24, 3), np.uint8)
        PIL.Image.fromarray(picture).save(tmp_path / "in" / f"{number}.png")
    output = tmp_path / "out"
    arguments = ["comrec_tf.compress", tmp_path / "in", f"--output_dir={output}", "--resume"]
    # No --overwrite: whatever a killed run has made, the journal knows.
    arguments += [f"--preset={tmp_path}/preset", "--scale=2", "--verify"]
    for _ in range(50):
        done = len(list(output.glob("*.jpg"))) if output.exists() else 0
        begun = lambda done=done: len(list(output.glob("*.jpg"))) > done  # noqa: E731
        assert not run_and_kill(arguments, begun, longest=0.05)
        for path in output.glob("*.jpg"):
            container.verify(path.read_bytes(), container.read(path.read_bytes()))
    subprocess.run(
        [sys.executable, "-m", *map(str, arguments)], check=True, cwd=ROOT, capture_output=True
    )
    assert len(list(output.glob("*.jpg"))) == 1_000
    assert {path.name for path in output.iterdir() if path.suffix != ".jpg"} == {journal.NAME}
    lines = (output / journal.NAME).read_text().splitlines()
    assert len({json.loads(line)["output"] for line in lines if line.endswith("}")}) == 1_000


def test_training_that_is_killed_again_and_again_ends_as_if_it_were_not(tmp_path, pictures_dir):
    flags = [
        f"--train_data={pictures_dir}",
        f"--valid_data={pictures_dir}/small.png",
        "--epochs=10",
        "--steps_per_epoch=1",
        "--patch_size=16",
        "--batch_size=2",
        "--com_filters=4",
        "--rec_filters=4",
        "--rec_depth=2",
        "--warmup_steps=1",
        "--rec_learning_rate=0.01",
    ]

    def train(output, *more):
        return ["comrec_tf.train", *flags, f"--output_dir={output}", *more]

    uncut, cut = tmp_path / "uncut", tmp_path / "cut"
    subprocess.run([sys.executable, "-m", *train(uncut)], check=True, cwd=ROOT, capture_output=True)
    history = cut / "history.csv"

    def epochs():
        return len(history.read_text().splitlines()) if history.exists() else 0

    for attempt in range(7):
        before = epochs()
        more = ["--resume"] if attempt else []
        run_and_kill(train(cut, *more), lambda before=before: epochs() > before, longest=0.3)
        # Whatever was there when it was killed can be loaded.
        if (cut / "last" / "card.json").exists():
            weights.load_preset(cut / "last")
    command = [sys.executable, "-m", *train(cut, "--resume")]
    subprocess.run(command, check=True, cwd=ROOT, capture_output=True)
    for name, expected in weights._arrays(weights.load_preset(uncut / "last")).items():
        found = weights._arrays(weights.load_preset(cut / "last"))[name]
        np.testing.assert_allclose(found, expected, atol=1e-6)


def test_an_export_that_is_killed_leaves_no_version(tmp_path):
    weights.save_preset(make_model(scale=1), tmp_path / "preset")
    base = tmp_path / "model"
    arguments = ["comrec_tf.export", f"--preset={tmp_path}/preset", f"--output_dir={base}"]
    for _ in range(3):
        assert not run_and_kill(
            arguments, lambda: base.exists() and any(base.iterdir()), longest=0.6
        )
        assert not (base / "1").exists() or (base / "1" / "saved_model.pb").exists()
        if (base / "1").exists():
            break
    if not (base / "1").exists():
        subprocess.run(
            [sys.executable, "-m", *map(str, arguments)], check=True, cwd=ROOT, capture_output=True
        )
    assert (base / "1" / "saved_model.pb").exists()
    assert os.listdir(base / "1" / "variables")
