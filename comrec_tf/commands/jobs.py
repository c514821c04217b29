"""Many files through one verb: read, work and write at the same time; a failure stops one file."""

import collections
import concurrent.futures
import contextlib
import dataclasses
import logging
import os
import pathlib
import time
from collections.abc import Callable
from typing import Any, Generic, NamedTuple, Protocol, TypeVar

from comrec_tf.commands import display, frame
from comrec_tf.commands.plan import STREAM, Job, Plan
from comrec_tf.process import signals, storage

__all__ = ["Done", "Made", "Verb", "run"]

_log = logging.getLogger(__name__)

#: Pictures that are read ahead of the networks, and as many that are written behind them.
_AHEAD = 2


class _Source(Protocol):
    """What is read of an input."""

    @property
    def num_pixels(self) -> int:
        """Pixels of its picture."""


_S = TypeVar("_S", bound=_Source)
_R = TypeVar("_R")


class Made(NamedTuple):
    """An output before it is written.

    Attributes:
        content: all its bytes.
        row: what the report says about it.
        output: where to, if not to the job's own output.
    """

    content: bytes
    row: dict[str, Any]
    output: str = ""


@dataclasses.dataclass(frozen=True)
class Verb(Generic[_S, _R]):
    """What a command does with each file; every stage may raise, and fails that file alone.

    Attributes:
        name: as progress shows it, say "compressing".
        read: reads an input, in a thread, ahead.
        work: makes the result, in the calling thread; it reports the share of the picture that is
            done, 0 to 1, to the function that it gets.
        make: makes the output's bytes of the result, in a thread, behind.
    """

    name: str
    read: Callable[[Job], _S]
    work: Callable[[Job, _S, Callable[[float], None]], _R]
    make: Callable[[Job, _R], Made]


@dataclasses.dataclass
class Done:
    """What became of a plan.

    Attributes:
        rows: of the outputs, in the order of the jobs: what `Verb.make` said, and "file", "source".
        failures: the job and its error, for each that failed.
        interrupted: whether it was ended early; what is not in the above was not begun, or
            left without an output.
    """

    rows: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    failures: list[tuple[Job, Exception]] = dataclasses.field(default_factory=list)
    interrupted: bool = False


def run(plan: Plan, verb: Verb[_S, _R], *, overwrite: bool) -> Done:
    """Do all jobs; one that fails does not stop the others, whatever its error is.

    Reading and writing run in threads during the work, a few files ahead and behind, so that
    memory does not grow with the number of jobs. Each output gets the time that its input had when
    it was read, and is in the journal of a resumed run before it is in its place.

    Args:
        plan: what to do.
        verb: how.
        overwrite: whether outputs that exist may be replaced, also those that appear meanwhile.

    Returns:
        What became of it; also when interrupted, by Ctrl-C, SIGTERM or SIGHUP, once the files
        being written are whole.
    """
    done = Done()
    for folder in {os.path.dirname(job.output) for job in plan.jobs if job.output != STREAM}:
        storage.remove_leftovers(folder or ".", before=time.time())
    behind: collections.deque[tuple[Job, concurrent.futures.Future[Any]]] = collections.deque()
    ahead: collections.deque[concurrent.futures.Future[Any]] = collections.deque()

    def settle() -> None:
        job, future = behind[0]  # it stays there if the wait for it is interrupted
        try:
            done.rows.append(future.result())
        except Exception as error:
            fail(job, error)
        behind.popleft()

    def fail(job: Job, error: Exception) -> None:
        _log.debug("%s", frame.origin(error))
        done.failures.append((job, error))

    with (
        display.Progress(verb.name, [_size(job) for job in plan.jobs]) as progress,
        signals.ending_as_interrupt(),
        concurrent.futures.ThreadPoolExecutor(_AHEAD) as readers,
        concurrent.futures.ThreadPoolExecutor(_AHEAD) as writers,
    ):
        try:
            for index, job in enumerate(plan.jobs):
                for later in plan.jobs[index + len(ahead) : index + _AHEAD + 1]:
                    ahead.append(readers.submit(_read, verb, later))
                try:
                    status, source = ahead.popleft().result()
                    progress.begin(source.num_pixels)
                    result = verb.work(job, source, progress.advance)
                except Exception as error:
                    fail(job, error)
                else:
                    if len(behind) == _AHEAD:
                        settle()
                    made = writers.submit(_write, plan, verb, overwrite, job, status, result)
                    behind.append((job, made))
                progress.finish()
        except KeyboardInterrupt:
            done.interrupted = True
        finally:
            # Nothing else is begun; what is being written is written whole.
            for future in ahead:
                future.cancel()
        while behind:
            settle()
    if done.interrupted and plan.log is not None:
        # An interrupted run without --resume has no journal yet: a later --resume needs one.
        plan.log.flush()
    return done


def _read(verb: Verb[_S, _R], job: Job) -> tuple[os.stat_result | None, _S]:
    """Read an input; returns also its status, which holds for all that was read."""
    if job.source == STREAM:
        return None, verb.read(job)
    before = os.stat(job.source)
    source = verb.read(job)
    after = os.stat(job.source)
    if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
        raise OSError(f"{job.source} was changed while it was read")
    return before, source


def _write(
    plan: Plan,
    verb: Verb[_S, _R],
    overwrite: bool,
    job: Job,
    status: os.stat_result | None,
    result: _R,
) -> dict[str, Any]:
    """Make the bytes of an output, record and write them; returns its row."""
    made = verb.make(job, result)
    output = made.output or job.output
    row = {"file": output, "source": job.source, **made.row}
    if output != job.output and _is_copy(job.source, output, made.content):
        return row  # an input that is kept, and is where it belongs
    if plan.is_input(output):
        raise FileExistsError(f"its output, {output}, is an input: choose another --output_dir")
    replace = overwrite or plan.may_replace(output)
    if plan.log is not None and status is not None:
        # What is beyond its limit is made again: another run may not accept it, or may do better.
        is_final = not row.get("exceeds_limit", False)
        plan.log.record(job.source, output, made.content, status, is_final=is_final)
        if plan.resume:
            plan.log.flush()
    modified = None if status is None else status.st_mtime_ns
    # The plan has seen what was there; another program, or another run, may have written since.
    storage.write_output(output, made.content, modified, replace=replace)
    _log.debug("%s: %d bytes", display.printable(f"{job.source} -> {output}"), len(made.content))
    return row


def _is_copy(source: str, output: str, content: bytes) -> bool:
    """Tell whether an output is its own input, to the byte."""
    same = os.path.realpath(output) == os.path.realpath(source)
    return same and pathlib.Path(source).read_bytes() == content


def _size(job: Job) -> int:
    """Bytes of an input, by which it is weighed before anything is known of its pixels."""
    if job.source != STREAM:
        with contextlib.suppress(OSError):
            return max(1, os.path.getsize(job.source))
    return 1
