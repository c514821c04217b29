"""How many pixels a request's pictures have, by their headers."""

import io
import warnings
from collections.abc import Mapping

import numpy as np
import PIL.Image

from comrec_tf.compact_file import container

__all__ = ["count"]

#: Counted for a picture that Pillow refuses to open because of its size.
_TOO_MANY = 2**62


def count(inputs: Mapping[str, np.ndarray]) -> int:
    """Count pixels before memory is spent on them.

    Args:
        inputs: of a signature, by name: "image_bytes", "code_bytes", "pixels" (N, H, W, C).

    Returns:
        The pixels of the originals, to be encoded or restored. Files that cannot be read count as
        none; the signature refuses them.
    """
    total = sum(map(_of_picture, inputs.get("image_bytes", ())))
    total += sum(map(_of_compact_file, inputs.get("code_bytes", ())))
    if "pixels" in inputs:
        total += int(np.prod(inputs["pixels"].shape[:3]))
    return total


def _of_picture(content: bytes) -> int:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            width, height = PIL.Image.open(io.BytesIO(content)).size
    except PIL.Image.DecompressionBombError:
        return _TOO_MANY
    except Exception:  # Pillow's readers raise many kinds for damaged headers
        return 0
    return width * height


def _of_compact_file(content: bytes) -> int:
    try:
        header = container.read(content)
    except ValueError:
        return 0
    return header.height * header.width
