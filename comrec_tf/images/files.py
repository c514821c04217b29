"""Encoded picture files <-> 8-bit pictures; the only importer of tensorflow-io."""

import dataclasses
import functools
import io
import logging
import os
import zlib
from typing import Any, BinaryIO

import numpy as np
import PIL.Image
import PIL.ImageOps
import tensorflow as tf

from comrec_tf.images import metadata

__all__ = [
    "SUFFIXES",
    "decode",
    "from_pil",
    "load_file_system",
    "png_bytes",
    "read",
    "read_with_metadata",
    "to_pil",
]

_log = logging.getLogger(__name__)

_ORIENTATION = 0x0112  # the EXIF tag

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
    if picture.getexif().get(_ORIENTATION, 1) != 1:
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


def decode(content: bytes) -> np.ndarray:
    """Decode the bytes of a file, for training data: TensorFlow, then tensorflow-io, then Pillow.

    TensorFlow decodes plain JPEG and PNG, tensorflow-io plain WebP where it is installed.
    Whatever needs more to look as a person expects (EXIF orientation, transparency, palettes,
    16 bits, CMYK) or is of another format goes to Pillow; see `from_pil`.

    Args:
        content: the bytes of a file.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the picture is grey.

    Raises:
        OSError: the bytes are no picture, or a damaged one.
    """
    try:
        with PIL.Image.open(io.BytesIO(content)) as picture:
            channels = {"L": 1, "RGB": 3}.get(picture.mode)
            # Transparency and orientation are told in the header, pixels are not decoded yet.
            plain = (
                channels is not None
                and not picture.has_transparency_data
                and picture.getexif().get(_ORIENTATION, 1) == 1
            )
            if plain and picture.format == "JPEG":
                return tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE").numpy()
            if plain and picture.format == "PNG":
                return tf.io.decode_png(content, channels).numpy()
            if plain and picture.format == "WEBP" and (tfio := _tensorflow_io()) is not None:
                return tfio.image.decode_webp(content).numpy()[..., :3]
            return from_pil(picture)
    except (tf.errors.OpError, ValueError, SyntaxError, PIL.Image.DecompressionBombError) as error:
        raise OSError(str(error)) from error


def load_file_system(path: str) -> None:
    """Make TensorFlow know the file system of a path, by tensorflow-io where it is not its own.

    Args:
        path: a path, or an address like ``s3://bucket/pictures``.

    Raises:
        OSError: neither TensorFlow nor tensorflow-io, if it is there at all, knows it.
    """
    scheme, separator, _ = path.partition("://")
    if not separator or scheme in tf.io.gfile.get_registered_schemes():
        return
    # Importing it registers its file systems.
    _tensorflow_io()
    known = sorted(tf.io.gfile.get_registered_schemes())
    if scheme not in known:
        raise OSError(
            f"expected a file system of {', '.join(filter(None, known))}; tensorflow-io "
            f'(pip install "comrec-tf[tfio]") adds s3, hdfs, az and http. Received: {path}'
        )


@functools.cache
def _tensorflow_io() -> Any:
    """The module tensorflow_io, or None where it is not installed or fits another TensorFlow."""
    try:
        import tensorflow_io
    except ImportError:
        return None
    except Exception as error:  # a binary of another TensorFlow fails in many ways
        _log.warning("tensorflow-io cannot be used, Pillow takes its place: %s", error)
        return None
    return tensorflow_io
