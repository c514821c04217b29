"""What users give to a compressor, checked before any work: pictures, scales, strengths."""

from collections.abc import Collection, Iterable

import numpy as np
import PIL.Image

from comrec_tf.images import files, limits

__all__ = ["check_restoring", "check_scales", "pixels"]


def pixels(picture: np.ndarray | PIL.Image.Image, max_pixels: int) -> np.ndarray:
    """Check a picture, and take its pixels.

    Args:
        picture: uint8 (H, W, 3) RGB, (H, W, 1) or (H, W) grey, or a Pillow picture.
        max_pixels: a picture with more is refused.

    Returns:
        uint8 (H, W, 1 or 3).

    Raises:
        ValueError: it is of another shape, too large, or one that `files.from_pil` refuses.
        TypeError: it is of another dtype, or no picture.
    """
    found = files.from_pil(picture) if isinstance(picture, PIL.Image.Image) else picture
    if not isinstance(found, np.ndarray) or found.dtype != np.uint8:
        received = getattr(found, "dtype", type(found).__name__)
        raise TypeError(f"expected a uint8 array or a Pillow picture. Received: {received}")
    found = found[..., None] if found.ndim == 2 else found
    if found.ndim != 3 or found.shape[-1] not in (1, 3) or 0 in found.shape:
        raise ValueError(
            "expected a picture of shape (H, W, 3), (H, W, 1) or (H, W). "
            f"Received: shape={found.shape}"
        )
    height, width = found.shape[:2]
    limits.check_pixels(width, height, max_pixels)
    return found


def check_scales(scales: Iterable[int], known: Collection[int]) -> None:
    """Raise `ValueError` for a scale that is none of those that there are pairs for."""
    for scale in scales:
        if scale not in known:
            raise ValueError(f"expected a scale of {known}. Received: scale={scale}")


def check_restoring(strength: float, known: Collection[int]) -> None:
    """Check what restoring ordinary JPEGs needs.

    Args:
        strength: how much of the restoration is applied.
        known: scales that there are pairs for.

    Raises:
        ValueError: the strength is not from 0 to 1, or there is no pair at full size.
    """
    if not 0.0 <= strength <= 1.0:
        raise ValueError(f"strength must be from 0 to 1. Received: strength={strength}")
    if 1 not in known:
        message = "ordinary JPEGs need a pair at full size (scale 1). Received: a preset with"
        raise ValueError(f"{message} pairs of scales {known}")
