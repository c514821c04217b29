"""File systems that TensorFlow and tensorflow-io know and Beam, as installed, does not.

Beam uses every subclass of its `FileSystem`, and imports the modules of all of them when a worker
starts. It has its own file systems in extras (``apache-beam[gcp]``, ``[aws]``, ``[azure]``); one
that is installed is used.
"""

import contextlib
import io
import posixpath
from collections.abc import Iterator
from typing import Any

import tensorflow as tf
from apache_beam.io import filesystems  # so that Beam's own are known
from apache_beam.io.filesystem import (
    BeamIOError,
    CompressedFile,
    CompressionTypes,
    FileMetadata,
    FileSystem,
)

from comrec_tf.data import decoding

__all__ = ["SCHEMES", "GFileSystem"]

#: What tf.io.gfile opens: gs and ram by itself, the others with tensorflow-io.
SCHEMES = ("gs", "ram", "s3", "hdfs", "viewfs", "az", "http", "https")


class GFileSystem:
    """Files by `tf.io.gfile`: all that Beam's `FileSystem` needs except the scheme.

    It is no subclass of that, since Beam asks every subclass for its scheme.

    Methods raise `BeamIOError` if the file system refuses.
    """

    def join(self, basepath: str, *paths: str) -> str:
        """Join parts of a path."""
        return posixpath.join(basepath, *(path.lstrip("/") for path in paths))

    def split(self, path: str) -> tuple[str, str]:
        """Split a path into its folder and its name."""
        head, _, tail = path.rpartition("/")
        return head, tail

    def mkdirs(self, path: str) -> None:
        """Make a folder and those above it; an error if it exists."""
        if self.exists(path):
            raise BeamIOError(f"{path} exists")
        self._try(tf.io.gfile.makedirs, path)

    def has_dirs(self) -> bool:
        """Tell whether there are folders, or only names with slashes."""
        return True

    def _list(self, dir_or_prefix: str) -> Iterator[FileMetadata]:
        for folder, _, names in self._try(tf.io.gfile.walk, dir_or_prefix):
            for name in names:
                yield self.metadata(posixpath.join(folder, name))

    def create(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> Any:
        """Open a file for writing; its folder is made where missing."""
        self._try(tf.io.gfile.makedirs, posixpath.dirname(path))
        return self._open(path, "wb", compression_type)

    def open(
        self,
        path: str,
        mime_type: str = "application/octet-stream",
        compression_type: str = CompressionTypes.AUTO,
    ) -> Any:
        """Open a file for reading."""
        return self._open(path, "rb", compression_type)

    def _open(self, path: str, mode: str, compression_type: str) -> Any:
        file = _File(path, mode)
        kind = FileSystem._get_compression_type(path, compression_type)
        return file if kind == CompressionTypes.UNCOMPRESSED else CompressedFile(file, kind)

    def copy(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        """Copy files, replacing what is there."""
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            self._try(tf.io.gfile.copy, source, destination, overwrite=True)

    def rename(self, source_file_names: list[str], destination_file_names: list[str]) -> None:
        """Rename files, replacing what is there."""
        for source, destination in zip(source_file_names, destination_file_names, strict=True):
            self._try(tf.io.gfile.rename, source, destination, overwrite=True)

    def exists(self, path: str) -> bool:
        """Tell whether a path exists."""
        return bool(self._try(tf.io.gfile.exists, path))

    def size(self, path: str) -> int:
        """Size of a file in bytes."""
        return self.metadata(path).size_in_bytes

    def last_updated(self, path: str) -> float:
        """When a file was last changed, seconds since 1970."""
        return self.metadata(path).last_updated_in_seconds

    def checksum(self, path: str) -> str:
        """What changes when the file does: its size, as with Beam's local files."""
        return str(self.size(path))

    def metadata(self, path: str) -> FileMetadata:
        """Size and time of a file."""
        status = self._try(tf.io.gfile.stat, path)
        return FileMetadata(path, status.length, status.mtime_nsec / 1e9)

    def delete(self, paths: list[str]) -> None:
        """Delete files, and folders with all that is in them."""
        for path in paths:
            folder = self._try(tf.io.gfile.isdir, path)
            self._try(tf.io.gfile.rmtree if folder else tf.io.gfile.remove, path)

    @staticmethod
    def _try(function: Any, path: str, *args: Any, **kwargs: Any) -> Any:
        decoding.load_file_system(path)
        with _errors_of(path):
            return function(path, *args, **kwargs)


class _File(io.RawIOBase):
    """A `GFile` as a Python file: it always tells its position, and raises `OSError`."""

    def __init__(self, path: str, mode: str) -> None:
        super().__init__()
        decoding.load_file_system(path)
        self._path = path
        self.mode = mode
        self._reads = mode == "rb"
        self._place = 0
        with _errors_of(path):
            if self._reads:
                tf.io.gfile.stat(path)  # a GFile notices what is missing only as it reads
            self._file = tf.io.gfile.GFile(path, mode)
            if not self._reads:
                self._file.write(b"")  # a GFile that nothing is written to makes no file

    def readable(self) -> bool:
        return self._reads

    def writable(self) -> bool:
        return not self._reads

    def seekable(self) -> bool:
        return self._reads

    def tell(self) -> int:
        return self._place

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        with _errors_of(self._path):
            start = {io.SEEK_SET: 0, io.SEEK_CUR: self._place, io.SEEK_END: self._file.size()}
            self._place = start[whence] + offset
            self._file.seek(self._place)
        return self._place

    def readinto(self, buffer: Any) -> int:
        with _errors_of(self._path):
            content = self._file.read(len(buffer))
        buffer[: len(content)] = content
        self._place += len(content)
        return len(content)

    def write(self, content: Any) -> int:
        with _errors_of(self._path):
            self._file.write(bytes(content))
        self._place += len(content)
        return len(content)

    def close(self) -> None:
        if not self.closed:
            super().close()
            with _errors_of(self._path):
                self._file.close()


@contextlib.contextmanager
def _errors_of(path: str) -> Iterator[None]:
    try:
        yield
    except tf.errors.OpError as error:
        message = error.message or type(error).__name__
        raise BeamIOError(f"{path}: {message}", {path: error}) from error


def _define(scheme: str) -> None:
    """Make a class for the scheme and name it in this module, where Beam finds it."""
    name = f"{scheme.capitalize()}FileSystem"
    members = {
        "__doc__": f"Files of {scheme}://.",
        "__module__": __name__,
        "scheme": classmethod(lambda cls: scheme),
    }
    globals()[name] = type(name, (GFileSystem, FileSystem), members)


_known = {found.scheme() for found in filesystems.FileSystem.get_all_subclasses()}
for _scheme in SCHEMES:
    if _scheme not in _known:
        _define(_scheme)
