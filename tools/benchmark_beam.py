"""Throughput of the commands on Beam, by worker processes: rows of the table in comrec_tf/beam.

Each command runs as a whole process on few and on many photos of 512x512 pixels, so that the
difference leaves out the start. Run it on a machine that does nothing else.
"""

import argparse
import json
import pathlib
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import PIL.Image
import skimage.data

ROOT = pathlib.Path(__file__).parents[1]
_SIDE = 512
#: Command, its flags, and the factor by which its number of files is divided.
_ROWS = (
    ("compress", ["--scale=2", "--quality=40"], 1),
    ("compress", ["--bits_per_pixel=0.3", "--effort=1"], 4),
    ("compress", ["--bits_per_pixel=0.3"], 4),
    ("restore", [], 1),
)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--few", type=int, default=32, help="photos of the shorter run")
    parser.add_argument("--many", type=int, default=256, help="photos of the longer run")
    parser.add_argument("--preset", default="comrec")
    parser.add_argument("--processes", default="1,2", help="numbers of worker processes")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="comrec-beam-") as name:
        folder = pathlib.Path(name)
        for verb, flags, fewer in _ROWS:
            sizes = [max(2, options.few // fewer), max(4, options.many // fewer)]
            inputs = [_inputs(folder, verb, size, options.preset) for size in sizes]
            for processes in map(int, options.processes.split(",")):
                seconds = [
                    _seconds(verb, given, folder, processes, [*flags, f"--preset={options.preset}"])
                    for given in inputs
                ]
                megapixels = (sizes[1] - sizes[0]) * _SIDE**2 / 1e6
                speed = megapixels / (seconds[1] - seconds[0])
                peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
                print(
                    f"beam-{verb} {' '.join(flags)}, {processes} processes: {speed:.2f} "
                    f"megapixels/s; runs of {seconds[0]:.1f} s and {seconds[1]:.1f} s; largest "
                    f"process so far {peak:.2f} GiB",
                    flush=True,
                )


def _inputs(folder: pathlib.Path, verb: str, number: int, preset: str) -> pathlib.Path:
    """Photos that differ, or compact files of them."""
    photos = folder / f"photos-{number}"
    if not photos.exists():
        photos.mkdir()
        whole = skimage.data.astronaut()
        for index in range(number):
            PIL.Image.fromarray(np.roll(whole, 7 * index, 1)).save(photos / f"{index}.png")
    if verb == "compress":
        return photos
    compact = folder / f"compact-{number}"
    if not compact.exists():
        command = [sys.executable, "-m", "comrec_tf", "compress", str(photos), "-o", str(compact)]
        command += ["--scale=2", "--quality=40", f"--preset={preset}"]
        subprocess.run(command, check=True, cwd=ROOT, stdout=subprocess.DEVNULL)  # noqa: S603
    return compact


def _seconds(
    verb: str, given: pathlib.Path, folder: pathlib.Path, processes: int, flags: list[str]
) -> float:
    command = [sys.executable, "-m", f"comrec_tf.beam.{verb}", str(given), "--json", "--overwrite"]
    command += ["-o", str(folder / f"{verb}-out"), *flags]
    if processes > 1:
        command += [f"--direct_num_workers={processes}"]
        command += ["--direct_running_mode=multi_processing"]
    begun = time.monotonic()
    done = subprocess.run(command, check=True, cwd=ROOT, capture_output=True)  # noqa: S603
    elapsed = time.monotonic() - begun
    counts = json.loads(done.stdout)["num_files"]
    if counts["failed"] or counts["loads"] > processes:
        raise RuntimeError(f"expected no failures and a load for each process. Received: {counts}")
    return elapsed


if __name__ == "__main__":
    main()
