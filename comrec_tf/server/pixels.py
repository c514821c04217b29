"""How many pixels a request's pictures have, by their headers."""

import io
import warnings
from collections.abc import Mapping

import numpy as np
import PIL.Image

from comrec_tf.compact_file import container

__all__ = ["count"]

#: Of a picture that Pillow will not even open for its size.
_TOO_MANY = 2**62


def count(inputs: Mapping[str, np.ndarray]) -> int:
    """Count pixels before memory is spent on them.

    Args:
        inputs: of a signature, by name: "image_bytes", "code_bytes", "pixels" (N, H, W, C).

    Returns:
        The pixels of the originals, encoded or to be restored; none for what cannot be read, which
        the signature refuses.
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
    except Exception:  # Pillow's readers raise whatever damaged headers make them raise
        return 0
    return width * height


def _of_compact_file(content: bytes) -> int:
    try:
        header = container.read(content)
    except ValueError:
        return 0
    return header.height * header.width
