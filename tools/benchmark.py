"""Speed and memory of the commands as whole processes, as users wait for them.

Measures `compress --scale=2 --quality=40` and `restore` of one photo, both at each scale on a
folder, `compress` with its search, and on demand a picture of 100 megapixels. Every run is a
new process that reads and writes files and is timed from start to end; figures are medians. With
--against, another checkout of this repository takes turns with this one, so that a busy machine
slows both alike; then only the ratio is meaningful.
"""

import argparse
import os
import pathlib
import shlex
import statistics
import subprocess
import sys
import tempfile
import time
from typing import NamedTuple

import numpy as np
import PIL.Image
import skimage.data

from comrec_tf import vocabulary
from comrec_tf.commands import display

ROOT = pathlib.Path(__file__).parents[1]
#: Pictures of the folder that the search is measured on.
_SEARCHED = 4


class Job(NamedTuple):
    """One command to measure; {out} in its arguments stands for the folder of each checkout.

    Attributes:
        name: what the table calls it.
        arguments: of `python -m`.
        megapixels: that it works on.
    """

    name: str
    arguments: list[str]
    megapixels: float


class Checkout(NamedTuple):
    """One state of the code.

    Attributes:
        name: what the table calls it.
        root: folder of the repository.
        flags: added to those of each job.
        out: folder for what it makes.
    """

    name: str
    root: pathlib.Path
    flags: list[str]
    out: pathlib.Path


class Cost(NamedTuple):
    """What one run of a command took: wall clock, and the largest resident memory."""

    seconds: float
    mebibytes: float


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", help="folder; photos of 768x512 are made where not given")
    parser.add_argument("--num_pictures", type=int, default=24, help="how many are made")
    parser.add_argument("--size", type=int, nargs=2, default=[512, 768], help="height and width")
    parser.add_argument("--preset", default="comrec", help="name or folder")
    parser.add_argument("--flags", default="", help="flags for this checkout's commands alone")
    parser.add_argument("--against", type=pathlib.Path, help="another checkout")
    parser.add_argument("--against_flags", default="", help="flags for its commands alone")
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=["photo", "folder", "search", "large"],
        default=["photo", "folder", "search"],
        help="what to measure; large is a picture of 100 megapixels",
    )
    parser.add_argument("--rounds", type=int, default=5, help="runs of each that count")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        source = pathlib.Path(options.pictures) if options.pictures else folder / "in"
        if not options.pictures:
            _make_photos(source, options.num_pictures, *options.size)
        jobs = _jobs(source, options.parts)
        if "large" in options.parts:
            _make_photos(folder / "large", 1, 10_000, 10_000)
            jobs += _file_jobs("100 megapixels", folder / "large" / "0.png", (2, 1))
        preset = f"--preset={options.preset}"
        flags = [preset, *shlex.split(options.flags)]
        checkouts = [Checkout("this", ROOT, flags, folder / "this")]
        if options.against:
            flags = [preset, *shlex.split(options.against_flags)]
            other = options.against.resolve()
            checkouts.append(Checkout("against", other, flags, folder / "against"))
        _print(jobs, _measure(jobs, checkouts, options.rounds))
    return 0


def _make_photos(folder: pathlib.Path, count: int, height: int, width: int) -> None:
    folder.mkdir()
    tiles = (-(-height // 512), -(-(width + 97) // 512), 1)
    photo = np.tile(skimage.data.astronaut(), tiles)
    for index in range(count):
        # All different, so that nothing can be reused from one to the next.
        shifted = photo[:height, 4 * index % 97 :][:, :width]
        PIL.Image.fromarray(shifted).save(folder / f"{index}.png", compress_level=1)


def _jobs(source: pathlib.Path, parts: list[str]) -> list[Job]:
    pictures = _pictures_of(source)
    jobs = []
    if "photo" in parts:
        jobs += _file_jobs("one photo", pictures[0], (2,))
    if "folder" in parts:
        jobs += _file_jobs(f"{len(pictures)} photos", source, (2, 1))
    if "search" in parts:
        few = pictures[:_SEARCHED]
        arguments = ["comrec_tf.compress", *map(str, few), "--output_dir={out}/searched"]
        name = f"compress {len(few)} photos, all searched"
        jobs.append(Job(name, arguments, _megapixels(*few)))
    return jobs


def _file_jobs(name: str, source: pathlib.Path, scales: tuple[int, ...]) -> list[Job]:
    """Compress and restore a picture or a folder at each scale."""
    megapixels = _megapixels(*(_pictures_of(source) if source.is_dir() else [source]))
    jobs = []
    for scale in scales:
        small = f"{{out}}/{name} {scale}".replace(" ", "_")
        compress = ["comrec_tf.compress", str(source), f"--scale={scale}", "--quality=40"]
        restore = ["comrec_tf.restore", small, f"--output_dir={small}_restored"]
        for arguments in ([*compress, f"--output_dir={small}"], restore):
            verb = arguments[0].rpartition(".")[2]
            jobs.append(Job(f"{verb} {name}, scale {scale}", arguments, megapixels))
    return jobs


def _pictures_of(folder: pathlib.Path) -> list[pathlib.Path]:
    suffixes = vocabulary.PICTURE_SUFFIXES
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in suffixes)


def _megapixels(*paths: pathlib.Path) -> float:
    total = 0
    for path in paths:
        with PIL.Image.open(path) as picture:
            total += picture.width * picture.height
    return total / 1e6


def _measure(
    jobs: list[Job], checkouts: list[Checkout], rounds: int
) -> dict[str, dict[str, list[Cost]]]:
    """Costs by job and checkout. The first round, which fills the file caches, does not count."""
    costs: dict[str, dict[str, list[Cost]]] = {job.name: {} for job in jobs}
    turns = [
        (number, job, checkout)
        for number in range(rounds + 1)
        for job in jobs
        for checkout in checkouts
    ]
    for number, job, checkout in display.progress(turns, "measuring"):
        cost = _run(job, checkout)
        if number:
            costs[job.name].setdefault(checkout.name, []).append(cost)
    return costs


def _run(job: Job, checkout: Checkout) -> Cost:
    checkout.out.mkdir(exist_ok=True)
    arguments = [argument.replace("{out}", str(checkout.out)) for argument in job.arguments]
    command = [sys.executable, "-m", *arguments, "--overwrite", *checkout.flags]
    environment = {**os.environ, "PYTHONPATH": str(checkout.root)}
    with tempfile.TemporaryFile() as said:
        begun = time.perf_counter()
        process = subprocess.Popen(  # noqa: S603
            command, stdout=said, stderr=said, cwd=checkout.out, env=environment
        )
        # Not process.wait(), which does not tell the memory of this process.
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - begun
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            said.seek(0)
            text = said.read().decode(errors="replace")
            raise RuntimeError(f"{checkout.name}: {shlex.join(command)} failed:\n{text}")
    return Cost(seconds, usage.ru_maxrss / 1024)


def _print(jobs: list[Job], costs: dict[str, dict[str, list[Cost]]]) -> None:
    rows = []
    for job in jobs:
        medians = {
            name: Cost(*(statistics.median(values) for values in zip(*found, strict=True)))
            for name, found in costs[job.name].items()
        }
        this, other = medians["this"], medians.get("against")
        row = [
            job.name,
            f"{this.seconds:.2f}",
            f"{job.megapixels / this.seconds:.3g}",
            f"{this.mebibytes:.0f}",
        ]
        if other:
            row += [
                f"{other.seconds:.2f}",
                f"{other.mebibytes:.0f}",
                f"{this.seconds / other.seconds:.2f}",
            ]
        rows.append(row)
    header = ["", "seconds", "megapixels/s", "MiB"]
    if any("against" in found for found in costs.values()):
        header += ["against: seconds", "MiB", "ratio of seconds"]
    display.table(header, rows)


if __name__ == "__main__":
    sys.exit(main())
