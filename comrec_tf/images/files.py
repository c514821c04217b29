"""Encoded picture files <-> 8-bit pictures, by Pillow."""

import dataclasses
import io
import os
import zlib
from typing import BinaryIO

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageOps

from comrec_tf.images import metadata

__all__ = [
    "SUFFIXES",
    "from_pil",
    "png_bytes",
    "read",
    "read_with_metadata",
    "to_pil",
]


#: Endings of the files that are taken for pictures in a folder.
SUFFIXES = tuple(
    ".avif .bmp .gif .j2k .jp2 .jpeg .jpg .png .tif .tiff .webp".split()  # noqa: SIM905
)


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture file by Pillow, as a person sees it.

    Args:
        path: a file of any format that Pillow reads.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the file is grey; see `from_pil`.

    Raises:
        OSError: the file cannot be read or is not a picture, or is one that Pillow refuses, say for
            its size.
    """
    return read_with_metadata(path)[0]


def read_with_metadata(
    path: str | os.PathLike[str] | BinaryIO,
) -> tuple[np.ndarray, metadata.Metadata]:
    """Read a picture file and what it says besides its pixels.

    Args:
        path: a file of any format that Pillow reads, or one that is open.

    Returns:
        As `read`, and the metadata.

    Raises:
        OSError: as `read`.
    """
    name = path if isinstance(path, str | os.PathLike) else "the bytes that were read"
    try:
        with PIL.Image.open(path) as picture:
            return from_pil(picture), metadata.of_pil(picture)
    except PIL.UnidentifiedImageError as error:
        raise OSError(f"{name}: not a picture that Pillow reads") from error
    except (OSError, ValueError, PIL.Image.DecompressionBombError, SyntaxError) as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise OSError(f"{name}: {error}") from error


def from_pil(picture: PIL.Image.Image) -> np.ndarray:
    """Turn a Pillow picture into pixels.

    The orientation of EXIF is applied, transparency is laid over white, 16-bit grey is scaled to
    8 bits, and palettes and other colour models become RGB.

    Args:
        picture: any Pillow picture.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the picture is grey.

    Raises:
        OSError: the file behind the picture is damaged.
    """
    # Pillow copies the pixels in both of these even where there is nothing to do.
    if picture.getexif().get(PIL.ExifTags.Base.Orientation, 1) != 1:
        picture = PIL.ImageOps.exif_transpose(picture)
    if picture.mode.startswith("I") or picture.mode == "F":
        # Pillow would clip 16-bit grey at 255.
        levels = np.asarray(picture, np.float64) / (1 if picture.mode == "F" else 257)
        return np.clip(np.rint(levels), 0, 255).astype(np.uint8)[..., None]
    grey = picture.mode in ("1", "L", "LA", "La")
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        white = PIL.Image.new("RGBA", picture.size, "white")
        picture = PIL.Image.alpha_composite(white, picture)
    mode = "L" if grey else "RGB"
    pixels = np.asarray(picture if picture.mode == mode else picture.convert(mode))
    return pixels[..., None] if grey else pixels


def to_pil(picture: np.ndarray) -> PIL.Image.Image:
    """Turn pixels into a Pillow picture.

    Args:
        picture: uint8 (H, W, 1 or 3), grey or RGB.

    Returns:
        A picture of mode "L" or "RGB".
    """
    return PIL.Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def png_bytes(picture: np.ndarray, extra: metadata.Metadata | None = None) -> bytes:
    """Encode a picture as PNG.

    Args:
        picture: uint8 (H, W, 1 or 3).
        extra: what goes with it.

    Returns:
        The bytes of a PNG file.
    """
    buffer = io.BytesIO()
    options = {} if extra is None else dataclasses.asdict(extra)
    chosen = {name: value for name, value in options.items() if value}
    # Four times as fast as Pillow's own choice for files of the same size: PNG's filters leave
    # photos few repeats but runs, so that a search for longer ones finds nothing.
    to_pil(picture).save(buffer, "PNG", compress_level=1, compress_type=zlib.Z_RLE, **chosen)
    return buffer.getvalue()
