"""Folders, globs, addresses and datasets -> picture files."""

import glob
import logging
import os
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.data import datasets, decoding
from comrec_tf.process import folders

__all__ = ["Source", "find_pictures", "read_picture"]

_log = logging.getLogger(__name__)

Source = str | os.PathLike[str]


def find_pictures(sources: Source | Sequence[Source]) -> list[str]:
    """List picture files.

    Args:
        sources: folders (searched with all folders below, also linked ones, but for what is
            hidden), files, or globs, one or several, of any file system that TensorFlow knows or
            tensorflow-io adds (s3://, hdfs://, az://, http:// and others); or TensorFlow Datasets,
            see `datasets`. Of a folder, the files with endings of pictures are taken.

    Returns:
        Sorted names, each once. Files whose names are not UTF-8, which TensorFlow cannot read, are
        skipped and logged.

    Raises:
        FileNotFoundError: a source does not exist, or holds no picture.
        OSError: its file system is not known.
        ModuleNotFoundError, ValueError: as `datasets.list_examples`.
    """
    listed = [sources] if isinstance(sources, (str, os.PathLike)) else sources
    found: set[str] = set()
    for source in listed:
        pictures = _pictures_of(os.fspath(source))
        if not pictures:
            raise FileNotFoundError(
                "expected picture files, a folder or a glob of them "
                f"({', '.join(vocabulary.PICTURE_SUFFIXES)}). "
                f"Received: {os.fspath(source)!r}, where there are none"
            )
        found.update(pictures)
    if not found:
        raise FileNotFoundError("expected at least one source of pictures. Received: none")
    return sorted(found)


def read_picture(name: str) -> np.ndarray:
    """Read a picture.

    Args:
        name: one that `find_pictures` returned.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the file is grey; see `decoding.decode`.

    Raises:
        OSError: it cannot be read, or is not a picture; the message begins with its name.
    """
    try:
        return decoding.decode(_content_of(name))
    except tf.errors.OpError as error:
        raise OSError(f"{name}: {error.message}") from error
    except OSError as error:
        raise OSError(f"{name}: {error}") from error


def _content_of(name: str) -> bytes:
    if name.startswith(datasets.SCHEME):
        return datasets.read_example(name)
    decoding.load_file_system(name)
    content: bytes = tf.io.read_file(name).numpy()
    return content


def _pictures_of(source: str) -> list[str]:
    if source.startswith(datasets.SCHEME):
        return datasets.list_examples(source)
    decoding.load_file_system(source)
    return list(filter(_is_utf8, _paths_of(source)))


def _paths_of(source: str) -> list[str]:
    # TensorFlow lists nothing of a folder in which a single name is not UTF-8.
    is_local = "://" not in source
    system: Any = os.path if is_local else tf.io.gfile
    if system.isdir(source):
        files = _local_files_of(source) if is_local else _remote_files_of(source)
        return [path for path in files if path.lower().endswith(vocabulary.PICTURE_SUFFIXES)]
    if system.exists(source):
        return [source]
    found = glob.glob(source, recursive=True) if is_local else tf.io.gfile.glob(source)
    return [path for path in found if not system.isdir(path)]


def _local_files_of(folder: str) -> Iterator[str]:
    def unreadable(error: OSError) -> None:
        _log.warning("skipping %s: %s", error.filename, error.strerror)

    # Links are followed: data of several places are often gathered by them.
    return folders.files_below(folder, None, unreadable, None)


def _remote_files_of(address: str) -> Iterator[str]:
    for folder, _, names in tf.io.gfile.walk(address):
        for name in names:
            path = os.path.join(folder, name)
            if not folders.is_hidden(path[len(address) :]):
                yield path


def _is_utf8(path: str) -> bool:
    try:
        path.encode()
    except UnicodeEncodeError:
        _log.warning("skipping %r: its name is not UTF-8", path)
        return False
    return True
