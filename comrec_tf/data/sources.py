"""Folders, globs, addresses and datasets -> picture files."""

import os
from collections.abc import Sequence

import numpy as np
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.data import datasets, decoding

__all__ = ["Source", "find_pictures", "read_picture"]

Source = str | os.PathLike[str]


def find_pictures(sources: Source | Sequence[Source]) -> list[str]:
    """List picture files.

    Args:
        sources: folders (searched with all folders below), files, or globs, one or several, of any
            file system that TensorFlow knows or tensorflow-io adds (s3://, hdfs://, az://, http://
            and others); or TensorFlow Datasets, see `datasets`. Of a folder, the files with endings
            of pictures are taken.

    Returns:
        Sorted names, each once.

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
    if tf.io.gfile.isdir(source):
        return [
            os.path.join(folder, name)
            for folder, _, names in tf.io.gfile.walk(source)
            for name in names
            if name.lower().endswith(vocabulary.PICTURE_SUFFIXES) and not name.startswith(".")
        ]
    if tf.io.gfile.exists(source):
        return [source]
    return [path for path in tf.io.gfile.glob(source) if not tf.io.gfile.isdir(path)]
