"""Names on the command line -> picture files."""

import os
from collections.abc import Sequence

import tensorflow as tf

from comrec_tf.images import files

__all__ = ["Source", "find_pictures"]

Source = str | os.PathLike[str]


def find_pictures(sources: Source | Sequence[Source]) -> list[str]:
    """List picture files.

    Args:
        sources: folders (searched with all folders below), files, or globs; one or several, of any
            file system that TensorFlow knows. In a folder, files that end like pictures are taken.

    Returns:
        Sorted paths, each once.

    Raises:
        FileNotFoundError: a source does not exist, or holds no picture.
    """
    listed = [sources] if isinstance(sources, (str, os.PathLike)) else sources
    found: set[str] = set()
    for source in listed:
        pictures = _pictures_of(os.fspath(source))
        if not pictures:
            raise FileNotFoundError(
                "expected picture files, a folder or a glob of them "
                f"({', '.join(files.SUFFIXES)}). "
                f"Received: {os.fspath(source)!r}, where there are none"
            )
        found.update(pictures)
    if not found:
        raise FileNotFoundError("expected at least one source of pictures. Received: none")
    return sorted(found)


def _pictures_of(source: str) -> list[str]:
    if tf.io.gfile.isdir(source):
        return [
            os.path.join(folder, name)
            for folder, _, names in tf.io.gfile.walk(source)
            for name in names
            if name.lower().endswith(files.SUFFIXES) and not name.startswith(".")
        ]
    if tf.io.gfile.exists(source):
        return [source]
    return [path for path in tf.io.gfile.glob(source) if not tf.io.gfile.isdir(path)]
