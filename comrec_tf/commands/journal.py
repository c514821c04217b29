"""Journal: which outputs are done and from what, so that a run continues where another ended."""

import collections
import hashlib
import json
import os
import pathlib
import threading
from typing import Any

__all__ = ["NAME", "Journal"]

#: Name of the journal in the output folder.
NAME = ".comrec_tf.journal"


class Journal:
    """Records each output with the hash of its content, a line of JSON each.

    A line is written before its output is put in its place: so everything that a killed run has
    made is known, and a line without an output does no harm.

    Args:
        folder: the output folder; it and the journal are made when the first line is written.
        options: what outputs depend on, apart from their inputs; if it changes they are made again.

    Raises:
        OSError: the journal cannot be read.
    """

    def __init__(self, folder: str | os.PathLike[str], options: dict[str, Any]) -> None:
        self._path = pathlib.Path(folder) / NAME
        self._options = json.loads(json.dumps(options))
        # By the output without its ending, which may be the input's own.
        self._done: dict[str, dict[str, Any]] = {}
        self._hashes: dict[str, set[str]] = collections.defaultdict(set)
        self._pending: list[dict[str, Any]] = []
        self._lock = threading.Lock()
        if self._path.exists():
            for line in self._path.read_text(errors="replace").splitlines():
                try:
                    self._add(json.loads(line))
                except (ValueError, KeyError, TypeError):
                    continue  # the last line of a run that was killed

    def is_done(self, source: str, output: str) -> bool:
        """Tell whether an output is what this run would make.

        Args:
            source: the input file.
            output: the output file; it may have another ending where the input was kept.

        Returns:
            True if the journal has the output as made of this very input with these options, and
            it still has the hash it was written with.
        """
        entry = self._done.get(self._slot(output))
        if entry is None:
            return False
        path = self._path.parent / entry["output"]
        expected = {name: entry.get(name) for name in ("source", "size", "mtime", "options")}
        return (
            expected == self._facts(source, os.stat(source))
            and path.is_file()
            and _sha256(path) == entry["sha256"]
        )

    def owns(self, output: str) -> bool:
        """Tell whether a file that exists is what an earlier run wrote, unchanged.

        Args:
            output: the file.

        Returns:
            True if the journal has its name with its hash, whatever its input and options were.
        """
        known = self._hashes.get(self._relative(output), set())
        return bool(known) and os.path.isfile(output) and _sha256(output) in known

    def is_of(self, source: str, output: str) -> bool:
        """Tell whether an output was made from an input, even if the input has changed since.

        Args:
            source: the input file.
            output: the output file.

        Returns:
            True if the journal says so.
        """
        entry = self._done.get(self._slot(output))
        return entry is not None and entry.get("source") == os.path.abspath(source)

    def record(
        self,
        source: str,
        output: str,
        content: bytes,
        status: os.stat_result,
        *,
        is_final: bool = True,
    ) -> None:
        """Take down what is about to be written, for the next `flush`.

        Several threads may call it at the same time.

        Args:
            source: the input file.
            output: the output file.
            content: all its bytes.
            status: of the input before it was read: it may have changed since.
            is_final: whether later runs need not make it again.
        """
        entry = {
            "output": self._relative(output),
            "sha256": hashlib.sha256(content).hexdigest(),
            **self._facts(source, status),
        }
        if not is_final:
            entry["options"] = None  # which no run has
        with self._lock:
            self._pending.append(entry)
            self._add(entry)

    def flush(self) -> None:
        """Write what was taken down since the last call; see `record` for threads.

        Raises:
            OSError: the journal cannot be written.
        """
        with self._lock:
            if not self._pending:
                return
            self._path.parent.mkdir(parents=True, exist_ok=True)
            # One write of whole lines: a kill leaves at most a line that is not JSON. Lines begin
            # with a line break, so that they never join what a kill left.
            with self._path.open("a") as file:
                file.write("".join("\n" + json.dumps(entry) for entry in self._pending))
            self._pending.clear()

    def _add(self, entry: dict[str, Any]) -> None:
        self._done[os.path.splitext(entry["output"])[0]] = entry
        self._hashes[entry["output"]].add(entry["sha256"])

    def _relative(self, output: str) -> str:
        return os.path.relpath(output, self._path.parent)

    def _slot(self, output: str) -> str:
        return os.path.splitext(self._relative(output))[0]

    def _facts(self, source: str, status: os.stat_result) -> dict[str, Any]:
        return {
            "source": os.path.abspath(source),
            "size": status.st_size,
            "mtime": status.st_mtime_ns,
            "options": self._options,
        }


def _sha256(path: str | os.PathLike[str]) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
