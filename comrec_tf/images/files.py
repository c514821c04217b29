"""Encoded picture files <-> 8-bit pictures, by Pillow."""

import contextlib
import dataclasses
import functools
import io
import mmap
import os
import pathlib
import zlib
from typing import Any, BinaryIO

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.PngImagePlugin

from comrec_tf import vocabulary
from comrec_tf.images import damage, limits, metadata, pixels

__all__ = [
    "PictureFile",
    "encode",
    "first_bytes",
    "from_pil",
    "load",
    "read",
    "reads_heif",
    "take_orientation",
    "to_pil",
    "turn",
]


@dataclasses.dataclass(frozen=True)
class PictureFile:
    """What a file holds.

    Attributes:
        picture: uint8 (H, W, 3) RGB, or (H, W, 1) where the file is grey; see `from_pil`.
        metadata: EXIF, XMP and colour profile.
        format: Pillow's name of the format, say "JPEG".
        notes: what was not kept of the file, in words.
    """

    picture: np.ndarray
    metadata: metadata.Metadata
    format: str
    notes: tuple[str, ...]

    @property
    def num_pixels(self) -> int:
        """Pixels of the picture."""
        return self.picture.shape[0] * self.picture.shape[1]


def read(path: str | os.PathLike[str]) -> np.ndarray:
    """Read a picture file, as a person sees it.

    Args:
        path: a file of any format that Pillow reads.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the file is grey; see `from_pil`.

    Raises:
        OSError: as `load`.
    """
    return load(path).picture


def load(
    source: str | os.PathLike[str] | BinaryIO,
    *,
    name: str = "",
    max_pixels: int | None = None,
    first_frame: bool = True,
) -> PictureFile:
    """Read a picture file, its metadata included.

    HEIC is read where pillow-heif (extra ``heif``) is installed.

    Args:
        source: a file of any format that Pillow reads: its path, or the open file.
        name: what errors call it; its path if empty.
        max_pixels: a picture of more is refused before it is decoded; Pillow's own limit if None.
        first_frame: whether to take the first picture of an animation or of several pages; such
            files are refused otherwise.

    Returns:
        What the file holds.

    Raises:
        OSError: the file cannot be read, is not a picture, is damaged, or would cost too much to
            decode.
    """
    if isinstance(source, str | os.PathLike):
        name = name or os.fspath(source)
    name = name or "the bytes that were read"
    if name.lower().endswith((".heic", ".heif")) and not reads_heif():
        raise OSError(f"{name}: HEIC needs pillow-heif: {vocabulary.install_hint('heif')}")
    if name.lower().endswith(".jxl"):
        raise OSError(f"{name}: pictures in JPEG XL are not read here: convert them, say to PNG")
    with damage.pillow_errors(name, OSError), PIL.Image.open(source) as picture:
        if max_pixels is not None:
            limits.check_pixels(*picture.size, max_pixels)
        limits.check_density(*picture.size, _size(source), picture.format)
        needed = picture.format in pixels.DEPTHS or picture.info.get("progressive")
        with _content(source) if needed else contextlib.nullcontext(b"") as content:
            limits.check_content(content)
            deep = pixels.is_deep(picture, content)
        notes = ["more than 8 bits of each colour: became 8"] if deep else []
        notes += _frames(picture, first_frame)
        form = picture.format or ""
        found, dropped = metadata.of_pil(picture)
        flat, flattened = pixels.of_pil(picture)
        return PictureFile(flat, found, form, (*notes, *flattened, *dropped))


@functools.cache
def reads_heif() -> bool:
    """Tell whether HEIC can be read, and let Pillow read it if so."""
    try:
        import pillow_heif
    except ImportError:
        return False
    pillow_heif.register_heif_opener()
    return True


def first_bytes(path: str | os.PathLike[str]) -> bytes:
    """Read the first bytes of a file, which tell its format.

    Args:
        path: a file.

    Returns:
        12 bytes, or fewer if the file is shorter.

    Raises:
        OSError: it cannot be read.
    """
    with pathlib.Path(path).open("rb") as file:
        return file.read(12)


def from_pil(picture: PIL.Image.Image) -> np.ndarray:
    """Turn a Pillow picture into pixels.

    The orientation of EXIF is applied, transparency is laid over white, grey of 16 bits and of
    floating point from 0 to 1 is scaled to 8 bits, and palettes and other colour models become RGB.

    Args:
        picture: any Pillow picture.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the picture is grey.

    Raises:
        ValueError: it is of floating point beyond 0 to 1, or of integers of 32 bits.
        OSError: the file behind the picture is damaged.
    """
    return pixels.of_pil(picture)[0]


def take_orientation(picture: PIL.Image.Image) -> int:
    """Take the orientation out of a Pillow picture's EXIF, so that `from_pil` does not turn it.

    Args:
        picture: any Pillow picture.

    Returns:
        1 to 8, for `turn`; 1 if the picture is upright or its EXIF says nothing valid.
    """
    try:
        orientation = picture.getexif().pop(PIL.ExifTags.Base.Orientation, 1)
    except Exception:  # a picture with damaged EXIF is still read
        return 1
    return orientation if orientation in pixels.UPRIGHT else 1


def turn(picture: np.ndarray, orientation: int) -> np.ndarray:
    """Turn pixels upright.

    Args:
        picture: uint8 (H, W, 1 or 3).
        orientation: what `take_orientation` returned.

    Returns:
        uint8, the same pixels; H and W swapped if the picture was on its side.
    """
    if orientation == 1:
        return picture
    turned = np.asarray(to_pil(picture).transpose(pixels.UPRIGHT[orientation]))
    return turned[..., None] if turned.ndim == 2 else turned


def to_pil(picture: np.ndarray) -> PIL.Image.Image:
    """Turn pixels into a Pillow picture.

    Args:
        picture: uint8 (H, W, 1 or 3), grey or RGB.

    Returns:
        A picture of mode "L" or "RGB".
    """
    return PIL.Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)


def encode(
    picture: np.ndarray,
    extra: metadata.Metadata | None = None,
    form: str = "png",
    quality: int = 90,
) -> bytes:
    """Encode a picture as a file that any program reads.

    Args:
        picture: uint8 (H, W, 1 or 3).
        extra: EXIF, XMP and colour profile to put into it.
        form: "png", "jpeg" or "webp".
        quality: of the other two, 1 to 100.

    Returns:
        The bytes of the file.

    Raises:
        OSError: the picture is too large for the format.
    """
    given = metadata.Metadata() if extra is None else extra
    options: dict[str, Any] = {
        name: value for name, value in dataclasses.asdict(given).items() if value
    }
    if form == "png":
        # Four times as fast as Pillow's defaults, for files of the same size: after PNG's filters,
        # photos repeat little except in runs, so a search for longer repeats finds nothing.
        options |= {"compress_level": 1, "compress_type": zlib.Z_RLE}
        if xmp := options.pop("xmp", b""):
            options["pnginfo"] = PIL.PngImagePlugin.PngInfo()
            options["pnginfo"].add_itxt("XML:com.adobe.xmp", xmp.decode(errors="replace"))
    else:
        options |= {"quality": quality, "optimize": True}
    buffer = io.BytesIO()
    try:
        to_pil(picture).save(buffer, form, **options)
    except ValueError as error:
        raise OSError(f"cannot be written as {form}: {error}") from error
    return buffer.getvalue()


def _size(source: Any) -> int:
    """Bytes of a file."""
    if isinstance(source, str | os.PathLike):
        return os.path.getsize(source)
    place = source.tell()
    size = source.seek(0, os.SEEK_END)
    source.seek(place)
    return int(size)


@contextlib.contextmanager
def _content(source: Any) -> Any:
    """All bytes of a file; one on a disk is mapped, not read."""
    if not isinstance(source, str | os.PathLike):
        place = source.tell()
        source.seek(0)
        yield source.read()
        source.seek(place)
        return
    with (
        pathlib.Path(source).open("rb") as file,
        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content,
    ):
        yield content


def _frames(picture: PIL.Image.Image, first_frame: bool) -> list[str]:
    """Notes on a file of several pictures."""
    number = getattr(picture, "n_frames", 1)
    if number == 1:
        return []
    # Cameras put previews, depth and gain maps behind a photo (MPO).
    if picture.format != "MPO" and not first_frame:
        raise OSError(
            "expected a single picture; --first_frame takes the first of several. "
            f"Received: {number} frames"
        )
    return [f"the first of {number} pictures in it was taken"]
