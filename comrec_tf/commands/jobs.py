"""Many files through one command: outputs named first, stages side by side, failures collected."""

import collections
import concurrent.futures
import dataclasses
import glob
import os
import pathlib
import sys
from collections.abc import Callable, Sequence
from typing import Any

from absl import flags

from comrec_tf import storage
from comrec_tf.commands import display, journal

__all__ = [
    "STREAM",
    "Job",
    "define_output_flags",
    "plan",
    "run",
]

#: Stands for standard input as an input, for standard output as an output.
STREAM = storage.STREAM
#: Pictures that are read ahead of the networks, and as many that are written behind them.
_AHEAD = 2


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to make of another.

    Attributes:
        source: the input file, or `STREAM`.
        output: the output file, or `STREAM`.
    """

    source: str
    output: str


def define_output_flags(values: flags.FlagValues) -> None:
    """Define the flags of a command that makes a file of each file.

    Args:
        values: where to.
    """
    flags.DEFINE_string(
        "output_dir",
        None,
        "Folder of the outputs; of an input folder it gets the same tree.",
        flag_values=values,
    )
    flags.DEFINE_bool("overwrite", False, "Replace outputs that exist.", flag_values=values)
    flags.DEFINE_bool(
        "resume",
        False,
        f"Keep a journal, {journal.NAME}, in the output folder, and pass over what it says is done "
        "if the input is unchanged and the output has the hash it was written with.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "dry_run", False, "Print what would be made of what, and make nothing.", flag_values=values
    )
    flags.DEFINE_bool("json", False, "Print the report as JSON.", flag_values=values)


def plan(
    inputs: Sequence[str],
    values: flags.FlagValues,
    *,
    suffix: str,
    suffixes: Sequence[str],
) -> list[Job]:
    """Name an output for each input, before anything is written.

    Args:
        inputs: files, globs, folders (searched to the bottom), or `STREAM` alone.
        values: the flags of `define_output_flags`.
        suffix: ending of the outputs.
        suffixes: endings of the files that are taken from a folder.

    Returns:
        A job for each file.

    Raises:
        ValueError: there is no input, two inputs, or an input and an output, would be one file, or
            `STREAM` and --output_dir do not go together.
        FileNotFoundError: an input does not exist, or a folder or glob holds no file.
        FileExistsError: an output exists, and neither --overwrite nor --resume is given.
    """
    if not inputs:
        raise ValueError("expected files, folders or globs. Received: none")
    if STREAM in inputs:
        if len(inputs) > 1 or values.output_dir is not None or values.resume:
            raise ValueError(
                "expected - alone, without --output_dir and --resume: it reads standard input and "
                f"writes standard output. Received: {' '.join(inputs)}"
            )
        return [Job(STREAM, STREAM)]
    if values.output_dir is None:
        raise ValueError("expected --output_dir=FOLDER. Received: none")
    folder = pathlib.Path(values.output_dir)
    jobs = [
        Job(source, str(folder / pathlib.PurePath(relative).with_suffix(suffix)))
        for given in inputs
        for source, relative in _files_of(given, suffixes)
    ]
    _check(jobs, allow_existing=values.overwrite or values.resume)
    return jobs


def _files_of(given: str, suffixes: Sequence[str]) -> list[tuple[str, str]]:
    """Files that an input means, each with its place below the output folder."""
    if os.path.isdir(given):
        found = [
            os.path.join(folder, name)
            for folder, _, names in os.walk(given)
            for name in names
            if name.lower().endswith(tuple(suffixes)) and not name.startswith(".")
        ]
        if not found:
            raise FileNotFoundError(
                f"expected a folder with files of {', '.join(suffixes)}. Received: {given}, "
                "where there are none"
            )
        return [(path, os.path.relpath(path, given)) for path in sorted(found)]
    if os.path.exists(given):
        return [(given, os.path.basename(given))]
    found = [path for path in sorted(glob.glob(given, recursive=True)) if os.path.isfile(path)]
    if not found:
        raise FileNotFoundError(f"expected a file, folder or glob that exists. Received: {given}")
    return [(path, os.path.basename(path)) for path in found]


def _check(jobs: Sequence[Job], *, allow_existing: bool) -> None:
    origins: dict[str, str] = {}
    sources = {os.path.realpath(job.source) for job in jobs}
    for job in jobs:
        if job.output in origins:
            raise ValueError(
                f"expected inputs of different names. Received: {origins[job.output]} and "
                f"{job.source}, which would both become {job.output}"
            )
        origins[job.output] = job.source
        if os.path.realpath(job.output) in sources:
            raise ValueError(f"{job.output} is an input: choose another --output_dir")
        if os.path.lexists(job.output) and not allow_existing:
            raise FileExistsError(f"{job.output} exists: pass --overwrite to replace it")


def run(
    jobs: Sequence[Job],
    description: str,
    *,
    read: Callable[[Job], Any],
    work: Callable[[Job, Any], Any],
    write: Callable[[Job, Any], dict[str, Any]],
    log: journal.Journal | None = None,
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """Do all jobs; one that fails does not stop the others.

    Reading and writing run in threads beside `work`, a few files ahead and behind, so that
    memory does not grow with the number of jobs.

    Args:
        jobs: what to do.
        description: what is being done.
        read: reads an input; `OSError` and `ValueError` are failures, here and below.
        work: makes the result of what was read, in the calling thread.
        write: writes the result, and returns a row for the report with at least "pixels".
        log: passes over what is done, and takes down what gets done.

    Returns:
        The rows, in the order of the jobs, and a failure for each job that failed: its "file" and
        "error". Failures are also printed at the end.
    """
    due = [job for job in jobs if log is None or not log.is_done(job.source, job.output)]
    if len(due) < len(jobs):
        print(f"{len(jobs) - len(due)} of {len(jobs)} files are done already", file=sys.stderr)
    rows: list[dict[str, Any]] = []
    failures: list[dict[str, str]] = []
    behind: collections.deque[tuple[Job, concurrent.futures.Future[Any]]] = collections.deque()

    def fail(job: Job, error: Exception) -> None:
        message = str(error)
        text = message if job.source in message else f"{job.source}: {message}"
        failures.append({"file": job.source, "error": text})

    def settle() -> None:
        job, future = behind.popleft()
        try:
            rows.append(future.result())
            if log is not None:
                log.record(job.source, job.output)
        except (OSError, ValueError) as error:
            fail(job, error)
        else:
            bar.update(rows[-1]["pixels"])

    with (
        display.Bar(description, len(due)) as bar,
        concurrent.futures.ThreadPoolExecutor(_AHEAD) as readers,
        concurrent.futures.ThreadPoolExecutor(_AHEAD) as writers,
    ):
        ahead: collections.deque[concurrent.futures.Future[Any]] = collections.deque()
        try:
            for index, job in enumerate(due):
                for later in due[index + len(ahead) : index + _AHEAD + 1]:
                    ahead.append(readers.submit(read, later))
                try:
                    result = work(job, ahead.popleft().result())
                except (OSError, ValueError) as error:
                    fail(job, error)
                    bar.update(0)
                    continue
                if len(behind) == _AHEAD:
                    settle()
                behind.append((job, writers.submit(write, job, result)))
            while behind:
                settle()
        finally:
            # An interrupt must not wait for files that nobody wants any more.
            for future in ahead:
                future.cancel()
    for failure in failures:
        print(failure["error"], file=sys.stderr)
    if failures:
        print(f"{len(failures)} of {len(jobs)} files failed", file=sys.stderr)
    return rows, failures
