"""The pictures that the demo page shows: an original, a compact file, a plain JPEG no smaller."""

import io
import json
import logging
import os
import pathlib

import numpy as np
import PIL.Image

from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target

__all__ = ["write_examples"]

_log = logging.getLogger(__name__)

#: Name in scikit-image, title, bits per pixel of the compact file, where it is from.
_PICTURES = (
    ("coffee", "Coffee", 0.2, "Photo: Rachel Michetti, CC0."),
    ("astronaut", "Astronaut", 0.3, "Photo: NASA, public domain."),
    ("chelsea", "Cat", 0.25, "Photo: Stefan van der Walt, CC0."),
)


def write_examples(preset: str, folder: str | os.PathLike[str]) -> None:
    """Write examples and the list of them that the demo page reads.

    They are made from pictures that scikit-image ships. If it, or a package that the preset's codec
    needs, is missing, the list is empty and a warning is logged.

    Args:
        preset: what compact files are made with.
        folder: where to; made where missing.

    Raises:
        OSError: a file cannot be written.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        entries = _entries(preset, folder)
    except ModuleNotFoundError as error:
        _log.warning("the demo page has no examples: %s", error)
        entries = []
    (folder / "examples.json").write_text(json.dumps(entries, indent=2) + "\n")


def _entries(preset: str, folder: pathlib.Path) -> list[dict[str, str]]:
    import skimage.data

    compressor = Compressor.from_preset(preset)
    entries = []
    for name, title, bits_per_pixel, credit in _PICTURES:
        picture = getattr(skimage.data, name)()
        max_bytes = int(bits_per_pixel * picture.shape[0] * picture.shape[1] / 8)
        compact = compressor.encode_to(picture, Target("max_bytes", max_bytes)).content
        (folder / f"{name}.jpg").write_bytes(compact)
        (folder / f"{name}-plain.jpg").write_bytes(_plain(picture, len(compact)))
        PIL.Image.fromarray(picture).save(folder / f"{name}.png", optimize=True)
        entries.append(
            {
                "title": title,
                "compact": f"{name}.jpg",
                "plain": f"{name}-plain.jpg",
                "original": f"{name}.png",
                "credit": credit,
            }
        )
    return entries


def _plain(picture: np.ndarray, min_bytes: int) -> bytes:
    """Pillow's JPEG of the lowest quality that takes at least so many bytes."""
    content = b""
    for quality in range(1, 96):
        stream = io.BytesIO()
        PIL.Image.fromarray(picture).save(stream, "JPEG", quality=quality, optimize=True)
        content = stream.getvalue()
        if len(content) >= min_bytes:
            break
    return content
