"""Equally large files of one picture by several systems."""

from collections.abc import Sequence

import numpy as np

from comrec_tf.evaluation.systems import System

__all__ = ["TOLERANCE", "encode_equally"]

#: Share of the bytes by which files may differ and still count as equal.
TOLERANCE = 0.02
#: Factor between the sizes that are tried, and how many are tried on either side.
_STRIDE, _NUM_STEPS = 1.05, 4


def encode_equally(
    systems: Sequence[System], picture: np.ndarray, num_bytes: int
) -> dict[str, bytes]:
    """Find a size near the wanted one at which all systems have a file.

    Qualities of codecs are whole numbers, and at low rates neighbours are far apart: plain JPEG's
    files grow by a seventh from quality 5 to 6. So the first system's file says how large those of
    the others have to be. If one of them has no file within `TOLERANCE`, the first system's
    neighbouring files are tried, up to a fifth smaller or larger. All files are really encoded.

    Args:
        systems: what makes the files; the first is what the others are compared with.
        picture: uint8 (H, W, 1 or 3).
        num_bytes: the wanted size.

    Returns:
        Files by the names of the systems, the first one included. If no size suits all, the files
        nearest to the wanted size, without the systems that have no file of that size.
    """
    first, *others = systems
    nearest: bytes | None = None
    tried: set[int] = set()
    for aim in _aims(num_bytes):
        content = first.encode_near(picture, aim)
        nearest = nearest or content
        if len(content) in tried:
            continue
        tried.add(len(content))
        found = {first.name: content}
        for system in others:
            near = system.encode_near(picture, len(content))
            if not _equally_large(near, content):
                break  # the other systems, whose search may be slow, need not be tried
            found[system.name] = near
        else:
            return found
    assert nearest is not None
    files = {system.name: system.encode_near(picture, len(nearest)) for system in others}
    kept = {name: file for name, file in files.items() if _equally_large(file, nearest)}
    return {first.name: nearest, **kept}


def _equally_large(content: bytes, reference: bytes) -> bool:
    return abs(len(content) - len(reference)) <= TOLERANCE * len(reference)


def _aims(num_bytes: int) -> list[int]:
    """The wanted size, then sizes farther and farther below and above it."""
    steps = sorted(range(-_NUM_STEPS, _NUM_STEPS + 1), key=abs)
    return [round(num_bytes * _STRIDE**step) for step in steps]
