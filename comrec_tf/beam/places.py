"""Files of whatever file system Beam knows: read, written whole, and when they were changed."""

import contextlib
import uuid

from apache_beam.io.filesystem import CompressionTypes
from apache_beam.io.filesystems import FileSystems

# Imported for its classes, which Beam then knows.
from comrec_tf.beam import file_systems  # noqa: F401

__all__ = ["changed", "read_bytes", "write_whole"]

_RAW = CompressionTypes.UNCOMPRESSED


def read_bytes(path: str) -> bytes:
    """Read a file.

    Args:
        path: the file.

    Returns:
        All its bytes.

    Raises:
        OSError: it cannot be read.
    """
    with FileSystems.open(path, compression_type=_RAW) as file:
        return bytes(file.read())


def changed(path: str) -> float:
    """Tell when a file was last changed.

    Args:
        path: the file.

    Returns:
        Seconds since 1970, by the clock of its file system.

    Raises:
        OSError: its file system refuses.
    """
    # Not by `match`, which would take brackets in a name for a pattern.
    return float(FileSystems.get_filesystem(path).last_updated(path))


def write_whole(path: str, content: bytes) -> None:
    """Write a file under another name, then rename it: a killed worker leaves no half of it.

    Args:
        path: the file; it is replaced if it exists, and its folder is made if it does not.
        content: all its bytes.

    Raises:
        OSError: it cannot be written.
    """
    folder, _ = FileSystems.split(path)
    with contextlib.suppress(OSError):  # where it exists, or another worker has just made it
        FileSystems.mkdirs(folder)
    # The name of the file itself may be as long as the file system allows.
    beside = FileSystems.join(folder, f".{uuid.uuid4().hex}")
    try:
        with FileSystems.create(beside, compression_type=_RAW) as file:
            file.write(content)
        FileSystems.rename([beside], [path])
    except BaseException:
        with contextlib.suppress(OSError):
            FileSystems.delete([beside])
        raise
