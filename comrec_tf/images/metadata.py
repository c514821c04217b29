"""What a picture file says besides its pixels: EXIF and the colour profile."""

import dataclasses

import PIL.ExifTags
import PIL.Image

__all__ = ["Metadata", "of_pil"]

#: Colour spaces of ICC profiles (ICC.1, 7.2.6) that fit 8-bit RGB and grey pixels.
_PROFILE_SPACES = {True: b"GRAY", False: b"RGB "}
_SPACE = slice(16, 20)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """EXIF and colour profile of a picture.

    Attributes:
        exif: "Exif", two zero bytes and a TIFF structure, or empty.
        icc_profile: an ICC profile, or empty.
    """

    exif: bytes = b""
    icc_profile: bytes = b""


def of_pil(picture: PIL.Image.Image) -> Metadata:
    """Read what goes with the pixels that `files.from_pil` makes of a picture.

    The orientation is left out, since those pixels stand upright, and so is an embedded preview.
    A profile of another colour model than the pixels', say of CMYK, is left out too.

    Args:
        picture: a Pillow picture.

    Returns:
        The metadata.
    """
    try:
        tags = picture.getexif()
        orientation = tags.pop(PIL.ExifTags.Base.Orientation, None)
        exif = tags.tobytes() if len(tags) else b""
        if orientation is not None:
            tags[PIL.ExifTags.Base.Orientation] = orientation  # the picture keeps its own
    except (SyntaxError, ValueError, OSError, KeyError, TypeError):
        exif = b""  # damaged EXIF must not keep anybody from the picture
    profile = picture.info.get("icc_profile") or b""
    grey = picture.mode in ("1", "L", "LA", "La") or picture.mode.startswith("I")
    fits = profile[_SPACE] == _PROFILE_SPACES[grey] and picture.mode not in ("CMYK", "LAB", "HSV")
    return Metadata(exif, profile if fits else b"")
