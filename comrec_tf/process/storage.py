"""What a process writes: files whole or not at all, standard error without others' notices."""

import contextlib
import fcntl
import os
import pathlib
import re
import secrets
import sys
import threading
from collections.abc import Iterator

__all__ = [
    "STREAM",
    "check_writable",
    "muted",
    "remove_leftovers",
    "write_atomically",
    "write_output",
]

#: Stands for standard output.
STREAM = "-"
#: Names of files that are being written. They do not contain the name of the file itself, which may
#: be as long as the file system allows.
_BESIDE = re.compile(r"\.[0-9a-f]{16}\.comrec_tf")
#: Standard error belongs to the whole process.
_MUTING = threading.Lock()


def write_output(
    path: str, content: bytes, modified_ns: int | None = None, *, replace: bool = True
) -> None:
    """Write the output of a command.

    Args:
        path: a file, whose folder is made where missing, or `STREAM`.
        content: all its bytes.
        modified_ns, replace: as in `write_atomically`.

    Raises:
        OSError: as `write_atomically`.
    """
    if path == STREAM:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
        return
    pathlib.Path(path).parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, content, modified_ns, replace=replace)


def write_atomically(
    path: str | os.PathLike[str],
    content: bytes,
    modified_ns: int | None = None,
    *,
    replace: bool = True,
) -> None:
    """Write a whole file or nothing: under another name first, then renamed.

    Args:
        path: the file.
        content: all its bytes.
        modified_ns: when the file is to say it was modified, nanoseconds since 1970; now if None.
        replace: whether a file that is there is replaced.

    Raises:
        FileExistsError: there is a file, also one that has just appeared, and `replace` is False.
        OSError: the folder is missing or not writable, or the disk is full.
    """
    path = pathlib.Path(path)
    try:
        handle, beside = _open_beside(path.parent)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(path)) from None
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
            if modified_ns is not None:
                os.utime(file.fileno(), ns=(modified_ns, modified_ns))
            if replace:
                os.replace(beside, path)
            else:
                _rename_to_free(beside, path)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise


def check_writable(folder: str | os.PathLike[str]) -> None:
    """Find out whether files can be written into a folder, and leave no trace.

    Args:
        folder: a folder, or the place of one that is still to be made.

    Raises:
        OSError: they cannot.
    """
    there = pathlib.Path(folder).absolute()
    while not os.path.lexists(there):
        there = there.parent
    if not there.is_dir():
        raise NotADirectoryError(f"expected a folder. Received: {there}, which is a file")
    # Permissions are not enough: a file system may be read-only, or a quota used up.
    try:
        handle, beside = _open_beside(there)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.fspath(folder)) from None
    os.close(handle)
    os.unlink(beside)


def remove_leftovers(folder: str | os.PathLike[str], before: float) -> None:
    """Remove what writers that were killed have left in a folder.

    Args:
        folder: the folder; it may be missing. Folders below it are left alone.
        before: seconds since 1970; files modified since then stay, and so do those that a running
            process still holds.
    """
    with contextlib.suppress(OSError):  # no run fails because of leftovers
        for name in os.listdir(folder):
            path = os.path.join(folder, name)
            if _BESIDE.fullmatch(name) and os.lstat(path).st_mtime < before:
                _remove_unheld(path)


@contextlib.contextmanager
def muted() -> Iterator[None]:
    """Drop what is written to standard error inside this context, even by C++ code.

    For short calls of libraries that print and cannot be told not to, such as LiteRT
    (google-ai-edge/LiteRT issue 7420). Errors that they raise are not affected.
    """
    with _MUTING, contextlib.ExitStack() as undo:
        with contextlib.suppress(OSError):  # there may be no standard error
            kept = os.dup(2)
            undo.callback(os.close, kept)
            undo.callback(os.dup2, kept, 2)
            nothing = os.open(os.devnull, os.O_WRONLY)
            undo.callback(os.close, nothing)
            os.dup2(nothing, 2)
        yield


def _open_beside(folder: pathlib.Path) -> tuple[int, str]:
    """A new file, its mode as the umask says, locked until it is closed."""
    while True:
        beside = os.path.join(folder, f".{secrets.token_hex(8)}.comrec_tf")
        with contextlib.suppress(FileExistsError):
            handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o666)
            break
    with contextlib.suppress(OSError):  # not every file system has locks
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    return handle, beside


def _rename_to_free(beside: str, path: pathlib.Path) -> None:
    """Rename a file unless there is one of the new name."""
    exists = f"{path} exists: pass --overwrite to replace it"
    try:
        os.link(beside, path)  # unlike a rename, it never replaces
    except FileExistsError:
        raise FileExistsError(exists) from None
    except OSError:  # not every file system has links
        if os.path.lexists(path):
            raise FileExistsError(exists) from None
        os.replace(beside, path)
    else:
        os.unlink(beside)


def _remove_unheld(path: str) -> None:
    with contextlib.suppress(OSError):
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            os.unlink(path)
        finally:
            os.close(handle)
