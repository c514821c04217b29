"""Thousands of files, a full disk, one thread or two: nothing grows, breaks or changes."""

import os
import pathlib
import resource
import shutil
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from comrec_tf.compact_file import container
from comrec_tf.presets import weights
from tests.makers import make_model
from tests.robustness import hostile

pytestmark = pytest.mark.slow

ROOT = pathlib.Path(__file__).parents[2]


@pytest.fixture(scope="module")
def preset(tmp_path_factory):
    folder = tmp_path_factory.mktemp("limits") / "preset"
    weights.save_preset([make_model(), make_model(scale=1)], folder)
    return folder


def run(*arguments, **environment):
    """Run a command in its own process: its exit code, what it said, its peak in KiB."""
    program = (
        "import re, runpy, sys\n"
        "sys.argv = sys.argv[1:]\n"
        "try:\n"
        "    runpy.run_module(sys.argv[0], run_name='__main__', alter_sys=True)\n"
        "finally:\n"
        # Not ru_maxrss, which a process has of the one that started it.
        "    status = open('/proc/self/status').read()\n"
        "    print('peak', re.search(r'VmHWM:\\s*(\\d+)', status)[1], file=sys.stderr)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, *map(str, arguments)],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=500,
    )
    *said, last = done.stderr.splitlines()
    return done.returncode, "\n".join(said), int(last.split()[1])


def test_a_folder_of_five_thousand_pictures_takes_no_more_memory_than_a_small_one(tmp_path, preset):
    first = tmp_path / "first.png"
    PIL.Image.fromarray(np.arange(16 * 16, dtype=np.uint8).reshape(16, 16)).save(first)
    peaks = []
    for number in (200, 5_000):
        folder = tmp_path / f"in{number}"
        folder.mkdir()
        for name in range(number):
            (folder / f"{name}.png").hardlink_to(first)
        (folder / "broken.png").write_bytes(b"no picture")
        output = tmp_path / f"out{number}"
        code, said, peak = run(
            *["comrec_tf.compress", folder, f"--output_dir={output}"],
            *[f"--preset={preset}", "--scale=2", "--resume"],
        )
        assert code == 1
        assert "1 of" in said
        assert "broken.png" in said
        assert len(list(output.glob("*.jpg"))) == number
        peaks.append(peak)
    # The report has a row for each file, of 2.5 KB; a picture and its file would be ten times that.
    assert peaks[1] < peaks[0] + 16 * 1024


def test_every_hostile_file_ends_soon_and_small_at_the_default_limits(tmp_path, photo):
    """Whole processes, their start among it, with the preset that is taken by default."""
    worst = {}
    for name, content in hostile.files(photo).items():
        (tmp_path / name).write_bytes(content)
        verbs = ["compress"]
        if name.endswith((".jpg", ".webp", ".avif", ".j2k")):
            verbs.append("restore")
        for verb in verbs:
            before = resource.getrusage(resource.RUSAGE_CHILDREN)
            # Not the search either: where only metadata are damaged, its time is the photo's.
            effort = ["--effort=1"] if verb == "compress" else []
            output = f"--output_dir={tmp_path}/{verb}"
            code, said, peak = run(f"comrec_tf.{verb}", tmp_path / name, output, *effort)
            after = resource.getrusage(resource.RUSAGE_CHILDREN)
            seconds = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
            worst[verb, name] = (seconds, peak // 1024)
            assert "Traceback" not in said
            # Damaged metadata is no reason to refuse a picture.
            assert code == (0 if name.startswith("metadata") else 1), (verb, name, said)
    print(*sorted(worst.items(), key=lambda item: item[1]), sep="\n")
    assert max(seconds for seconds, _ in worst.values()) < 2
    assert max(peak for _, peak in worst.values()) < 700


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 KiB, which only root may make."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=200k", "none", str(folder)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a small tmpfs")
    yield folder
    subprocess.run(["umount", str(folder)], check=True)


def test_a_full_disk_is_an_error_that_leaves_whole_files_alone(tmp_path, small_disk, preset):
    (tmp_path / "in").mkdir()
    random = np.random.default_rng(0)
    for name in range(12):
        picture = random.integers(0, 256, (200, 200, 3), np.uint8)
        PIL.Image.fromarray(picture).save(tmp_path / "in" / f"{name}.png")
    before = {path: path.read_bytes() for path in (tmp_path / "in").iterdir()}
    code, said, _ = run(
        *["comrec_tf.compress", tmp_path / "in", f"--output_dir={small_disk}/out"],
        *[f"--preset={preset}", "--scale=1", "--quality=90"],
    )
    assert code == 1
    assert "No space left" in said
    written = list((small_disk / "out").iterdir())
    assert 1 <= len(written) < 12
    for path in written:
        assert not path.name.startswith(".")
        assert container.read(path.read_bytes()).height == 200
    assert all(path.read_bytes() == content for path, content in before.items())


def test_an_output_that_cannot_be_written_is_an_error_that_names_it(tmp_path, small_disk, preset):
    PIL.Image.fromarray(np.zeros((20, 20, 3), np.uint8)).save(tmp_path / "a.png")
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    arguments = [tmp_path / "a.png", f"--output_dir={small_disk}", f"--preset={preset}"]
    code, said, _ = run("comrec_tf.compress", *arguments, "--scale=2")
    assert code == 1
    assert "Read-only" in said
    assert str(small_disk) in said
    assert "Traceback" not in said


@pytest.mark.parametrize("verb", ["train", "export"])
def test_a_full_disk_ends_training_and_export_with_a_message(
    tmp_path, small_disk, preset, pictures_dir, verb
):
    (small_disk / "filler").write_bytes(bytes(150 * 1024))
    flags = {
        "train": [
            *[f"--train_data={pictures_dir}", f"--valid_data={pictures_dir}/small.png"],
            *["--epochs=1", "--steps_per_epoch=1", "--patch_size=16", "--batch_size=2"],
            "--rec_filters=32",
        ],
        "export": [f"--preset={preset}"],
    }[verb]
    code, said, _ = run(f"comrec_tf.{verb}", *flags, f"--output_dir={small_disk}/out")
    assert code == 1
    assert "No space left" in said or "disk" in said.lower()
    assert "Traceback" not in said
    assert not (small_disk / "out" / "1").exists()


def test_one_thread_and_two_give_the_same_files_and_pictures(tmp_path, preset, pictures_dir):
    outputs = []
    for threads in ("1", "2"):
        folder = tmp_path / threads
        environment = {"TF_NUM_INTRAOP_THREADS": threads, "OMP_NUM_THREADS": threads}
        for verb, source in (("compress", pictures_dir), ("restore", folder / "compress")):
            arguments = [source, f"--output_dir={folder / verb}"]
            if verb == "compress":
                arguments += ["--quality=30", "--scale=auto"]
            code, said, _ = run(
                f"comrec_tf.{verb}", *arguments, f"--preset={preset}", **environment
            )
            assert code == 0, said
        outputs.append({path.name: path.read_bytes() for path in folder.rglob("*.*")})
    assert len(outputs[0]) == 8
    assert outputs[0] == outputs[1]
