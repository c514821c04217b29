"""Inputs: the files that a command line means, and the files of folders that are passed over."""

import glob
import os
import stat
from collections.abc import Iterator, Sequence

from comrec_tf.process import folders

__all__ = ["Found"]


class Found:
    """The files that the arguments of a command name.

    Args:
        arguments: files, globs, and folders, which are searched to the bottom.
        suffixes: endings of the files that are taken from a folder.
        output_dir: folder of the outputs; what is in it is not taken from a folder above it.

    Attributes:
        files: the path of each, and its place below the output folder.
        skipped: inputs that cannot be taken, folders below them included, and why.
        passed_over: files of folders that the command does not work on, and their kind; links to
            folders are of a kind too, since they are not followed.

    Raises:
        FileNotFoundError: an input does not exist, or a folder or glob holds no file.
    """

    def __init__(self, arguments: Sequence[str], suffixes: Sequence[str], output_dir: str) -> None:
        self.skipped: dict[str, str] = {}
        self.passed_over: dict[str, str] = {}
        self._suffixes = suffixes
        self._output_dir = output_dir
        found = (each for given in arguments for each in self._files_of(given))
        self.files = [each for each in dict.fromkeys(found) if self._is_regular(each[0])]

    def _files_of(self, given: str) -> Iterator[tuple[str, str]]:
        if os.path.isdir(given):
            known = len(self.skipped)
            found = list(self._walk(given))
            if not found and len(self.skipped) == known:
                others = ", ".join(sorted(set(self.passed_over.values())))
                raise FileNotFoundError(
                    f"expected a folder with files of {', '.join(self._suffixes)}. Received: "
                    f"{given}, where there are none{f' (only {others})' if others else ''}"
                )
            yield from sorted(found)
        elif os.path.lexists(given):
            yield given, os.path.basename(given)
        else:
            paths = [path for path in glob.glob(given, recursive=True) if os.path.isfile(path)]
            if not paths:
                raise FileNotFoundError(
                    f"expected a file, folder or glob that exists. Received: {given}"
                )
            for path in sorted(paths):
                yield path, os.path.basename(path)

    def _walk(self, given: str) -> Iterator[tuple[str, str]]:
        def unreadable(error: OSError) -> None:
            self.skipped[str(error.filename)] = error.strerror or str(error)

        def linked(path: str) -> None:
            self.passed_over[path] = "linked folder"

        for path in folders.files_below(given, self._output_dir, unreadable, linked):
            ending = os.path.splitext(path)[1].lower()
            if ending in self._suffixes:
                yield path, os.path.relpath(path, given)
            else:
                self.passed_over[path] = ending or "without ending"

    def _is_regular(self, source: str) -> bool:
        """Note what is not a regular file: reading a pipe or a device might never end."""
        try:
            if stat.S_ISREG(os.stat(source).st_mode):
                return True
            self.skipped[source] = "expected a regular file. Received: a pipe, socket or device"
        except OSError as error:
            self.skipped[source] = error.strerror or str(error)
        return False
