"""From patterns to files: each worker loads a preset once, failures are listed, runs can resume."""

import collections
import contextlib
import hashlib
import json
import os
import posixpath
import re
import threading
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils.shared import Shared

from comrec_tf.beam import output_folder, places
from comrec_tf.beam.verbs import Verb
from comrec_tf.compression.request import TargetMissedError
from comrec_tf.engines import threads
from comrec_tf.process import folders, json_text

__all__ = ["COUNTERS", "MakeFiles", "counts_of", "limit_threads"]

#: What is counted: files made now, made by an earlier run, failed, of these those over a limit of
#: bytes, files that missed another target, and files kept as they are; presets that workers loaded;
#: and pixels and bytes of the files made now.
COUNTERS = (
    "made",
    "done_before",
    "failed",
    "over_limit",
    "missed",
    "kept",
    "loads",
    "pixels",
    "bytes_before",
    "bytes_after",
)
_NAMESPACE = "comrec_tf"

_WILDCARDS = re.compile(r"[*?\[]")


class MakeFiles(beam.PTransform):
    """Patterns -> files, and two collections of JSON lines that say what became of each.

    Args:
        output: folder of the files; it gets the tree below each pattern's fixed part.
        verb: what is done with each.
        overwrite: make files again that an earlier run has made.
        threads: that networks may use in each worker process; 0 for all cores.
        since: no run has made what is older, see `output_folder.Claim`.
    """

    def __init__(
        self, output: str, verb: Verb, *, overwrite: bool, threads: int, since: float = 0.0
    ) -> None:
        super().__init__()
        self._output = output
        self._verb = verb
        self._overwrite = overwrite
        self._threads = threads
        self._since = since

    def expand(self, patterns: beam.PCollection) -> Any:
        """Build the steps.

        Args:
            patterns: folders, patterns or files.

        Returns:
            A dictionary of two collections, "done" and "failed": JSON texts, one for each file (or
            for a pattern that matches none).
        """
        found = patterns | "Find" >> beam.ParDo(
            _Find(self._output, self._verb.suffix, self._verb.suffixes)
        ).with_outputs("failed", main="files")
        made = (
            found.files
            # Which inputs would become one file shows only when all are known. It also spreads
            # the files of one folder over all workers.
            | "Group" >> beam.GroupByKey()
            | "Make"
            >> beam.ParDo(
                _Make(self._verb, self._overwrite, self._threads, self._since)
            ).with_outputs("failed", main="done")
        )
        failed = (found.failed, made.failed) | "Failures" >> beam.Flatten()
        return {"done": made.done, "failed": failed}


class _Find(beam.DoFn):
    """A pattern -> (output, (input, when it was changed))."""

    def __init__(self, output: str, suffix: str, suffixes: tuple[str, ...]) -> None:
        self._output = output
        self._suffix = suffix
        self._suffixes = suffixes

    def _is_input(self, relative: str) -> bool:
        hidden = folders.is_hidden(relative) or output_folder.REPORTS in relative.split("/")
        return relative.lower().endswith(self._suffixes) and not hidden

    def process(self, pattern: str) -> Iterator[Any]:
        fixed = pattern[: match.start()] if (match := _WILDCARDS.search(pattern)) else pattern
        is_file = match is None and pattern.lower().endswith(self._suffixes)
        if match is None and not is_file:
            root = pattern.rstrip("/") + "/"
            pattern = root + "**"
        else:
            root = fixed[: fixed.rfind("/") + 1]
        number = 0
        # Files that earlier runs made below the input are not inputs.
        ours = f"{self._output}/" if f"{self._output}/".startswith(root) else None
        try:
            for found in FileSystems.match([pattern])[0].metadata_list:
                relative = found.path[len(root) :]
                if not is_file and not self._is_input(relative):
                    continue
                if ours and found.path.startswith(ours):
                    continue
                number += 1
                target = posixpath.splitext(relative)[0] + self._suffix
                output = FileSystems.join(self._output, *target.split("/"))
                yield output, (found.path, found.last_updated_in_seconds or 0.0)
        except (OSError, ValueError) as error:
            yield _failure(pattern, error)
            return
        if not number:
            wanted = ", ".join(self._suffixes)
            yield _failure(pattern, ValueError(f"expected files of {wanted}. Received: none"))


class _Loaded:
    """What a worker process has loaded, for all of its threads."""

    def __init__(self, verb: Verb, threads: int) -> None:
        limit_threads(threads)
        self.make, self._num_loads = verb.load()
        self._lock = threading.Lock()
        self._told = 0

    def new_loads(self) -> int:
        """Presets that were loaded since the last call: counters only exist within bundles."""
        with self._lock:
            before, self._told = self._told, self._num_loads()
            return self._told - before


class _Make(beam.DoFn):
    """(output, its inputs) -> a row; the file is written on the way."""

    def __init__(self, verb: Verb, overwrite: bool, threads: int, since: float) -> None:
        self._verb = verb
        self._overwrite = overwrite
        self._threads = threads
        self._since = since
        # One load for all threads of a worker process.
        self._shared = Shared()

    def setup(self) -> None:
        self._loaded = self._shared.acquire(lambda: _Loaded(self._verb, self._threads))

    def process(self, group: tuple[str, Iterable[tuple[str, float]]]) -> Iterator[Any]:
        output, inputs = group[0], sorted(set(group[1]))
        if len(inputs) > 1:
            names = " and ".join(source for source, _ in inputs)
            error = ValueError(f"expected inputs of different names: {names} would become {output}")
            for source, _ in inputs:
                yield _failure(source, error)
            return
        source, changed = inputs[0]
        try:
            if not self._overwrite and self._is_done(source, output, changed):
                _count("done_before", 1)
                return
            original = places.read_bytes(source)
            made = self._loaded.make(original, source, output)
            if made.output == source:
                raise ValueError(
                    f"{source} would be replaced by its own output: choose another --output_dir"
                )
            if made.output != output and not self._overwrite and FileSystems.exists(made.output):
                # Which place that is may show only when the file has been read.
                if places.read_bytes(made.output) == made.content:
                    _count("done_before", 1)
                    return
                raise FileExistsError(f"{made.output} exists: pass --overwrite to replace it")
            places.write_whole(made.output, made.content)
        except Exception as error:  # whatever it is, the other files go on
            yield _failure(source, error)
            return
        finally:
            _count("loads", self._loaded.new_loads())
        row = {
            "file": made.output,
            "source": source,
            **made.row,
            "bytes_before": len(original),
            "sha256": hashlib.sha256(made.content).hexdigest(),
        }
        _count("made", 1)
        _count("missed", int(not row.get("met", True)))
        _count("kept", int(row.get("kept", False)))
        for name in ("pixels", "bytes_before", "bytes_after"):
            _count(name, row[name])
        yield json_text.dumps(row)

    def _is_done(self, source: str, output: str, changed: float) -> bool:
        """Tell whether the output is there, newer than its input and than the first run."""
        if output == source:
            raise ValueError(f"{output} would replace its own input: choose another --output_dir")
        for place in self._verb.outputs(source, output):
            # An input that is kept, and is where it belongs, is no output of an earlier run.
            if place == source or not FileSystems.exists(place):
                continue
            younger = places.changed(place) >= max(changed, self._since)
            self._verb.check_output(
                places.read_bytes(place),
                place,
                younger=younger,
                original=lambda: places.read_bytes(source),
            )
            if younger:
                return True
        return False


def _failure(source: str, error: Exception) -> beam.pvalue.TaggedOutput:
    _count("failed", 1)
    _count("over_limit", int(isinstance(error, TargetMissedError)))
    known = isinstance(error, OSError | ValueError)
    text = str(error) if known else f"{type(error).__name__}: {error}".rstrip(": ")
    line = json.dumps({"file": source, "error": text})
    return beam.pvalue.TaggedOutput("failed", line)


def _count(name: str, number: int) -> None:
    beam.metrics.Metrics.counter(_NAMESPACE, name).inc(number)


def limit_threads(number: int) -> None:
    """Set how many threads networks use in this process; without effect once they have run.

    Args:
        number: of threads; 0 for all cores.
    """
    if number:
        os.environ[threads.VARIABLE] = str(number)
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(number)
        tf.config.threading.set_inter_op_parallelism_threads(number)


def counts_of(result: Any) -> dict[str, int]:
    """Read the counters of a run that has ended.

    Args:
        result: what `beam.Pipeline.run` returned.

    Returns:
        The number of each of `COUNTERS`; 0 where a runner reports none.
    """
    found = result.metrics().query(beam.metrics.MetricsFilter().with_namespace(_NAMESPACE))
    numbers: collections.Counter[str] = collections.Counter()
    for each in found["counters"]:
        # Portable runners may report attempts only.
        numbers[each.key.metric.name] += each.committed or each.attempted or 0
    return {name: numbers[name] for name in COUNTERS}
