"""From patterns to compact files: one model load for each worker, failures set aside, resumable."""

import collections
import contextlib
import datetime
import hashlib
import io
import json
import posixpath
import re
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import apache_beam as beam
import tensorflow as tf
from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems
from apache_beam.utils.shared import Shared

from comrec_tf import vocabulary

# Imported for its classes, which Beam then knows.
from comrec_tf.beam import file_systems  # noqa: F401
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.request import Request
from comrec_tf.images import files

__all__ = ["COUNTERS", "REPORTS", "CompressPictures", "claim", "counts_of", "limit_threads"]

#: What is counted: pictures that were compressed now, that an earlier run had done, that failed,
#: that missed their target; and pixels and bytes of those that were compressed now.
COUNTERS = ("compressed", "skipped", "failed", "missed", "pixels", "bytes_before", "bytes_after")
#: Folder of the reports, in the output folder.
REPORTS = "_comrec_tf"

_NAMESPACE = "comrec_tf"

_RAW = CompressionTypes.UNCOMPRESSED
_WILDCARDS = re.compile(r"[*?\[]")


class CompressPictures(beam.PTransform):
    """Patterns -> compact files, and two collections of JSON lines that say what became of each.

    Args:
        output: folder of the compact files; it gets the tree below each pattern's fixed part.
        request: what is asked of each file.
        suffix: ending of the compact files.
        overwrite: make files again that an earlier run has made.
        threads: that TensorFlow may use in each worker process; 0 for all cores.
    """

    def __init__(
        self, output: str, request: Request, suffix: str, *, overwrite: bool, threads: int
    ) -> None:
        super().__init__()
        self._output = output
        self._request = request
        self._suffix = suffix
        self._overwrite = overwrite
        self._threads = threads

    def expand(self, patterns: beam.PCollection) -> Any:
        """Build the steps.

        Args:
            patterns: folders, patterns or files.

        Returns:
            A dictionary of two collections, "done" and "failed": JSON texts, one for each picture
            (or for a pattern without any).
        """
        found = patterns | "Find" >> beam.ParDo(_Find(self._output, self._suffix)).with_outputs(
            "failed", main="pictures"
        )
        compressed = (
            found.pictures
            # Which inputs would become one file shows only when all are known. It also spreads
            # the pictures of one folder over all workers.
            | "Group" >> beam.GroupByKey()
            | "Compress"
            >> beam.ParDo(_Compress(self._request, self._overwrite, self._threads)).with_outputs(
                "failed", main="done"
            )
        )
        failed = (found.failed, compressed.failed) | "Failures" >> beam.Flatten()
        return {"done": compressed.done, "failed": failed}


class _Find(beam.DoFn):
    """A pattern -> (output, (input, when it was changed))."""

    def __init__(self, output: str, suffix: str) -> None:
        self._output = output
        self._suffix = suffix

    def process(self, pattern: str) -> Iterator[Any]:
        fixed = pattern[: match.start()] if (match := _WILDCARDS.search(pattern)) else pattern
        if match is None and not pattern.lower().endswith(vocabulary.PICTURE_SUFFIXES):
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
                folder, name = posixpath.split(relative)
                if not _is_picture(folder, name) or (ours and found.path.startswith(ours)):
                    continue
                number += 1
                target = posixpath.join(folder, name[: name.rindex(".")] + self._suffix)
                output = FileSystems.join(self._output, *target.split("/"))
                yield output, (found.path, found.last_updated_in_seconds or 0.0)
        except (OSError, ValueError) as error:
            yield _failure(pattern, error)
            return
        if not number:
            wanted = ", ".join(vocabulary.PICTURE_SUFFIXES)
            yield _failure(pattern, ValueError(f"expected files of {wanted}. Received: none"))


def _is_picture(folder: str, name: str) -> bool:
    ours = REPORTS in folder.split("/")
    return (
        name.lower().endswith(vocabulary.PICTURE_SUFFIXES) and not name.startswith(".") and not ours
    )


class _Compress(beam.DoFn):
    """(output, its inputs) -> a row; the compact file is written on the way."""

    def __init__(self, request: Request, overwrite: bool, threads: int) -> None:
        self._request = request
        self._overwrite = overwrite
        self._threads = threads
        # One load for all threads of a worker process.
        self._shared = Shared()

    def setup(self) -> None:
        self._compressor = self._shared.acquire(self._load)

    def _load(self) -> Compressor:
        limit_threads(self._threads)
        return self._request.compressor()

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
            if output == source:
                raise ValueError(
                    f"{output} would replace its own input: choose another --output_dir"
                )
            if not self._overwrite and _is_done(output, changed):
                _count("skipped", 1)
                return
            original = _read_bytes(source)
            read = files.load(io.BytesIO(original), max_pixels=self._request.max_pixels)
            content, row = self._request.compress(self._compressor, read.picture, read.metadata)
            self._request.check(row, read.metadata)
            _write_whole(output, content)
        except (OSError, ValueError) as error:
            yield _failure(source, error)
            return
        row |= {
            "file": output,
            "source": source,
            "bytes_before": len(original),
            "sha256": hashlib.sha256(content).hexdigest(),
        }
        _count("compressed", 1)
        _count("missed", int(not row["met"]))
        for name in ("pixels", "bytes_before", "bytes_after"):
            _count(name, row[name])
        yield json.dumps(row)


def _is_done(output: str, changed: float) -> bool:
    """Tell whether the compact file is there, younger than its input."""
    if not FileSystems.exists(output):
        return False
    try:
        container.read(_read_bytes(output))
    except ValueError:
        message = f"{output} exists and is no compact file: pass --overwrite to replace it"
        raise FileExistsError(message) from None
    # Not by a match, which would take brackets in a name for a pattern.
    return FileSystems.get_filesystem(output).last_updated(output) >= changed


def _failure(source: str, error: Exception) -> beam.pvalue.TaggedOutput:
    _count("failed", 1)
    line = json.dumps({"file": source, "error": str(error)})
    return beam.pvalue.TaggedOutput("failed", line)


def _count(name: str, number: int) -> None:
    beam.metrics.Metrics.counter(_NAMESPACE, name).inc(number)


def _read_bytes(path: str) -> bytes:
    with FileSystems.open(path, compression_type=_RAW) as file:
        return bytes(file.read())


def _write_whole(path: str, content: bytes) -> None:
    """Write a file under another name, then rename it: a killed worker leaves no half of it."""
    folder, name = FileSystems.split(path)
    with contextlib.suppress(OSError):  # where it exists, or another worker has just made it
        FileSystems.mkdirs(folder)
    beside = FileSystems.join(folder, f".{name}.{uuid.uuid4().hex}")
    try:
        with FileSystems.create(beside, compression_type=_RAW) as file:
            file.write(content)
        FileSystems.rename([beside], [path])
    except BaseException:
        with contextlib.suppress(OSError):
            FileSystems.delete([beside])
        raise


def limit_threads(number: int) -> None:
    """Say how many threads TensorFlow has in this process; too late once it has computed.

    Args:
        number: of threads; 0 for all cores.
    """
    with contextlib.suppress(RuntimeError):
        tf.config.threading.set_intra_op_parallelism_threads(number)
        tf.config.threading.set_inter_op_parallelism_threads(number)


def claim(output: str, request: Request, compressor: Compressor, *, overwrite: bool) -> str:
    """Note in the output folder what its files are made by, so that runs do not mix.

    Args:
        output: folder of the compact files.
        request: what is asked of each file.
        compressor: of the request.
        overwrite: whether files of another request may be there, to be made again.

    Returns:
        A folder for the reports of this run.

    Raises:
        ValueError: an earlier run into this folder had another request or other weights.
        OSError: the folder cannot be written.
    """
    ids = {str(scale): f"{number:08x}" for scale, number in compressor.preset_ids.items()}
    mine = {**request.outcome, "ids": ids}
    path = FileSystems.join(output, REPORTS, "request.json")
    if not overwrite and FileSystems.exists(path):
        there = json.loads(_read_bytes(path))
        if there != mine:
            changed = {name: there.get(name) for name in mine if there.get(name) != mine[name]}
            raise ValueError(
                f"{output} was begun with {changed}: go on with the same flags, choose "
                "another --output_dir, or pass --overwrite"
            )
    _write_whole(path, json.dumps(mine).encode())
    now = datetime.datetime.now(datetime.timezone.utc)
    return FileSystems.join(output, REPORTS, now.strftime("%Y-%m-%dT%H-%M-%S.%f"))


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
