"""Files that are written whole or not at all."""

import os
import pathlib
import sys
import tempfile

__all__ = ["STREAM", "write_atomically", "write_output"]

#: Stands for standard output.
STREAM = "-"


def write_output(path: str, content: bytes) -> None:
    """Write the output of a command.

    Args:
        path: a file, whose folder is made where missing, or `STREAM`.
        content: all its bytes.

    Raises:
        OSError: as `write_atomically`.
    """
    if path == STREAM:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content)


def write_atomically(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file or nothing: beside its place first, then renamed.

    Args:
        path: the file; replaced where it exists.
        content: all its bytes.

    Raises:
        OSError: the folder is missing or not writable, or the disk is full.
    """
    path = pathlib.Path(path)
    handle, beside = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        # mkstemp makes files that only their owner may read.
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(beside, 0o666 & ~mask)
        os.replace(beside, path)
    except BaseException:
        os.unlink(beside)
        raise
