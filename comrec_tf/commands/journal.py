"""Journal: which files of a folder are done, so that a second run goes on where one ended."""

import hashlib
import json
import os
import pathlib
from typing import Any

__all__ = ["NAME", "Journal"]

#: Name of the journal in the output folder.
NAME = ".comrec_tf.commands.journal"


class Journal:
    """Takes down each output with the hash it was written with, a line of JSON each.

    Args:
        folder: the output folder; made where missing.
        options: what outputs depend on besides their inputs: another choice makes them anew.

    Raises:
        OSError: the journal cannot be read or made.
    """

    def __init__(self, folder: str | os.PathLike[str], options: dict[str, Any]) -> None:
        self._path = pathlib.Path(folder) / NAME
        self._options = json.loads(json.dumps(options))
        self._done: dict[str, dict[str, Any]] = {}
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if self._path.exists():
            for line in self._path.read_text().splitlines():
                try:
                    entry = json.loads(line)
                    self._done[entry["output"]] = entry
                except (ValueError, KeyError, TypeError):
                    continue  # the last line of a run that was killed

    def is_done(self, source: str, output: str) -> bool:
        """Tell whether an output is what this run would make.

        Args:
            source: the input file.
            output: the output file.

        Returns:
            True if the journal has the output as made of this very input with these options, and
            it still has the hash it was written with.
        """
        entry = self._done.get(self._relative(output))
        if entry is None or not os.path.isfile(output):
            return False
        expected = {name: entry.get(name) for name in ("source", "size", "mtime", "options")}
        return expected == self._facts(source) and entry.get("sha256") == _sha256(output)

    def record(self, source: str, output: str) -> None:
        """Take down that an output is done.

        Args:
            source: the input file.
            output: the output file, written whole.

        Raises:
            OSError: the journal cannot be written.
        """
        entry = {
            "output": self._relative(output),
            "sha256": _sha256(output),
            **self._facts(source),
        }
        # One write of a whole line: a kill leaves at most a line that is not JSON. The line begins
        # with a line break, so that it never joins what a kill left.
        with self._path.open("a") as file:
            file.write("\n" + json.dumps(entry))
        self._done[entry["output"]] = entry

    def _relative(self, output: str) -> str:
        return os.path.relpath(output, self._path.parent)

    def _facts(self, source: str) -> dict[str, Any]:
        status = os.stat(source)
        return {
            "source": os.path.abspath(source),
            "size": status.st_size,
            "mtime": status.st_mtime_ns,
            "options": self._options,
        }


def _sha256(path: str) -> str:
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
