"""The pixels of a Pillow picture: 8 bits of grey or RGB, and what is lost on the way there."""

import re
from typing import Any

import numpy as np
import PIL.ExifTags
import PIL.Image

__all__ = ["DEPTHS", "UPRIGHT", "is_deep", "of_pil"]

#: How pixels are turned upright, by EXIF's orientation.
UPRIGHT = {
    2: PIL.Image.Transpose.FLIP_LEFT_RIGHT,
    3: PIL.Image.Transpose.ROTATE_180,
    4: PIL.Image.Transpose.FLIP_TOP_BOTTOM,
    5: PIL.Image.Transpose.TRANSPOSE,
    6: PIL.Image.Transpose.ROTATE_270,
    7: PIL.Image.Transpose.TRANSVERSE,
    8: PIL.Image.Transpose.ROTATE_90,
}
#: What a file of more than 8 bits has in it where Pillow does not say it, by Pillow's names of the
#: formats: the configuration of AV1 with high_bitdepth (AV1-ISOBMFF 2.3), and SIZ of JPEG 2000 with
#: the depth of its first component (ITU-T T.800, A.5.1).
DEPTHS = {
    "AVIF": re.compile(rb"av1C.{2}[\x40-\x7f\xc0-\xff]", re.DOTALL),
    "JPEG2000": re.compile(rb"\xff\x4f\xff\x51.{38}[\x08-\x7f\x88-\xff]", re.DOTALL),
}
#: TIFF's tag of the bits of a sample.
_BITS = 258


def of_pil(picture: PIL.Image.Image) -> tuple[np.ndarray, list[str]]:
    """Take the pixels of a picture; see `files.from_pil`.

    Args:
        picture: any Pillow picture.

    Returns:
        uint8 (H, W, 1 or 3), and notes on what was lost on the way.

    Raises:
        ValueError: nothing says which value of the picture is white.
        OSError: the file behind the picture is damaged.
    """
    picture.load()  # which turns a TIFF upright, so that its orientation is gone
    try:
        orientation = picture.getexif().get(PIL.ExifTags.Base.Orientation, 1)
    except Exception:  # a picture with damaged EXIF is still read
        orientation = 1
    if picture.mode.startswith(("I", "F")):
        picture = _eight_bits(picture)
    # Pillow copies the pixels even where there is nothing to do.
    if orientation in UPRIGHT:
        picture = picture.transpose(UPRIGHT[orientation])
    notes = [f"{picture.mode}: became RGB"] if picture.mode in ("CMYK", "LAB") else []
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        if picture.getextrema()[3][0] < 255:  # type: ignore[misc]
            notes.append("transparency: laid over white")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    mode = "L" if grey else "RGB"
    pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return (pixels[..., None] if grey else pixels), notes


def is_deep(picture: PIL.Image.Image, content: Any = b"") -> bool:
    """Tell whether a file has more than 8 bits of each colour.

    Args:
        picture: of the file, not decoded yet: Pillow forgets its depth then.
        content: all bytes of the file, or mapped memory; needed of the formats of `DEPTHS`.

    Returns:
        Whether `of_pil` loses some of them.
    """
    if picture.mode.startswith(("I", "F")) or picture.info.get("bit_depth", 8) > 8:
        return True
    if picture.format in DEPTHS and DEPTHS[picture.format].search(content):
        return True
    return any(";16" in str(tile) for tile in getattr(picture, "tile", ()))


def _eight_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Grey of more bits, which Pillow would clip at 255; with alpha if a value is transparent."""
    white = _white(picture)
    levels = np.asarray(picture)
    low, high = levels.min(), levels.max()
    if not (low >= 0 and high <= white):  # NaN is neither
        raise ValueError(f"expected grey from 0 to {white}, its white. Received: {low} to {high}")
    grey = PIL.Image.fromarray(np.rint(levels * (255 / np.float64(white))).astype(np.uint8))
    transparent = picture.info.get("transparency")
    if transparent is None:
        return grey
    return PIL.Image.merge("LA", [grey, PIL.Image.fromarray(levels != transparent).convert("L")])


def _white(picture: PIL.Image.Image) -> int:
    """The value of white in grey of more than 8 bits."""
    if picture.mode.startswith("I;16"):
        return 2 ** getattr(picture, "tag_v2", {}).get(_BITS, (16,))[0] - 1
    if picture.mode == "F":
        return 1
    if picture.format == "PPM":  # Pillow stretches it
        return 2**16 - 1
    raise ValueError(
        "expected grey of at most 16 bits, or floating point from 0 to 1. Received: integers of "
        "32 bits, of which nothing says what is white"
    )
