"""The pictures of a comparison: their files by name, and how they are read."""

import glob
import logging
import os
from collections.abc import Iterable

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.images import color, files
from comrec_tf.process import folders

__all__ = ["find", "read"]

_log = logging.getLogger(__name__)


def find(inputs: Iterable[str], output_dir: str | os.PathLike[str] | None = None) -> dict[str, str]:
    """List picture files.

    Args:
        inputs: files, globs, or folders (searched to the bottom for files that end like pictures;
            links to folders are not followed, and named in a warning).
        output_dir: what is in it is not taken from a folder above it.

    Returns:
        Paths, sorted, by the names of the files; by the paths if two files have the same name.

    Raises:
        FileNotFoundError: an input does not exist, or holds no picture.
        OSError: a folder cannot be read: figures would be of fewer pictures than was meant.
    """
    found: set[str] = set()
    for given in inputs:
        paths = _files_of(given, output_dir)
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


def _files_of(given: str, output_dir: str | os.PathLike[str] | None) -> list[str]:
    if os.path.isdir(given):
        return [
            path
            for path in folders.files_below(given, output_dir, _fail, _warn)
            if path.lower().endswith(vocabulary.PICTURE_SUFFIXES)
        ]
    if os.path.exists(given):
        return [given]
    return [path for path in glob.glob(given, recursive=True) if os.path.isfile(path)]


def _fail(error: OSError) -> None:
    raise error


def _warn(path: str) -> None:
    _log.warning("%s: a link to a folder, passed over; name it as an input to take it", path)
