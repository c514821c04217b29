"""The pictures of a comparison: their files by name, and how they are read."""

import glob
import os
from collections.abc import Iterable

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.images import color, files

__all__ = ["find", "read"]


def find(inputs: Iterable[str]) -> dict[str, str]:
    """List picture files.

    Args:
        inputs: files, globs, or folders (searched to the bottom for files that end like pictures).

    Returns:
        Paths, sorted, by the names of the files; by the paths if two files have the same name.

    Raises:
        FileNotFoundError: an input does not exist, or holds no picture.
    """
    found: set[str] = set()
    for given in inputs:
        paths = _files_of(given)
        if not paths:
            endings = ", ".join(vocabulary.PICTURE_SUFFIXES)
            raise FileNotFoundError(
                f"expected a picture, or a folder or glob of pictures ({endings}). "
                f"Received: {given}, where there are none"
            )
        found.update(paths)
    by_name = {os.path.basename(path): path for path in sorted(found)}
    return by_name if len(by_name) == len(found) else {path: path for path in sorted(found)}


def read(path: str | os.PathLike[str], *, luma: bool = False) -> np.ndarray:
    """Read a picture to be compared.

    Args:
        path: a picture file.
        luma: whether to take only the luma of a colour picture, as a grey picture.

    Returns:
        uint8 (H, W, 1 or 3).

    Raises:
        OSError: the file cannot be read, or is not a picture.
    """
    picture = files.read(path)
    return np.rint(color.luma(picture))[..., None].astype(np.uint8) if luma else picture


def _files_of(given: str) -> list[str]:
    if os.path.isdir(given):
        return [
            os.path.join(folder, name)
            for folder, _, names in os.walk(given)
            for name in names
            if name.lower().endswith(vocabulary.PICTURE_SUFFIXES) and not name.startswith(".")
        ]
    if os.path.exists(given):
        return [given]
    return [path for path in glob.glob(given, recursive=True) if os.path.isfile(path)]
