"""Pictures that once stopped a whole folder, hung, or took gigabytes; more are made by mutation."""

import io
import struct
import zlib

import numpy as np
import PIL.ExifTags
import PIL.Image

#: A TIFF structure of EXIF whose only entry is a text that says it is a rational by zero.
_ODD_RATIONAL = b"II*\0\x08\0\0\0\x01\0\x3b\x01\x05\0\x01\0\0\0\x1a\0\0\0\0\0\0\0" + bytes(8)
#: 12,200x12,200 pixels of one colour, without loss: all its codes are of no bits.
_FLAT_WEBP = bytes.fromhex("524946461a000000574542505650384c0e0000002fa7efe90b071011fd0f4444ff03")
#: One whose directory lies beyond its end.
_NO_DIRECTORY = b"II*\0\xff\xff\xff\xff" + bytes(24)


def files(photo: np.ndarray) -> dict[str, bytes]:
    """Hostile files by name; those whose name starts with "metadata" hold a good picture.

    Args:
        photo: uint8 (H, W, 3), what they are made of.
    """
    made = {
        "empty.png": b"",
        "nothing.jpg": b"\xff\xd8\xff",
        "bomb.png": _png_of_size(2**31 - 1, 2**31 - 1),
        "wide.png": _png_of_size(120_000_000, 2),
        "scans.jpg": _many_scans(photo),
        "thin.j2k": _declaring(photo, 131_000, 256),
        "huge.j2k": _declaring(photo, 2**31 - 1, 2**31 - 1),
        "grey-1.jpg": _jpeg_of_size(photo, 12_200, 12_200),
        "grey-2.jpg": _jpeg_of_size(photo, 12_200, 12_200, progressive=True),
        "flat.webp": _FLAT_WEBP,
        "screen.gif": _gif_of_size(photo, 12_000, 12_000),
        "short.jp2": _encoded(photo, "JPEG2000")[:-1],
        "short-1.avif": _encoded(photo, "AVIF")[:-200],
        "short-2.webp": _encoded(photo, "WEBP")[:60],
        "short-3.tif": _encoded(photo, "TIFF", compression="tiff_lzw")[:-2000],
        "short-4.gif": _encoded(photo, "GIF")[:20],
        "pages.tif": _encoded(photo, "TIFF", save_all=True, append_images=[_of(photo)] * 3),
        "metadata-odd.jpg": _with_exif(photo, _ODD_RATIONAL),
        "metadata-none.jpg": _with_exif(photo, _NO_DIRECTORY),
        "metadata-large.png": _encoded(photo, "PNG", exif=_large_exif()),
    }
    return {name: content for name, content in made.items() if content is not None}


def _of(photo: np.ndarray) -> PIL.Image.Image:
    return PIL.Image.fromarray(photo)


def _encoded(photo: np.ndarray, form: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    _of(photo).save(buffer, form, **options)
    return buffer.getvalue()


def _with_exif(photo: np.ndarray, tiff: bytes) -> bytes:
    return _encoded(photo, "JPEG", exif=b"Exif\0\0" + tiff)


def _large_exif() -> PIL.Image.Exif:
    tags = PIL.Image.Exif()
    tags[PIL.ExifTags.Base.ImageDescription] = "x" * 70_000
    return tags


def _png_of_size(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(header))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", 13) + header + checksum


def _many_scans(photo: np.ndarray) -> bytes:
    """A progressive JPEG of 44 kB or more whose last scan comes again and again."""
    content = _encoded(photo, "JPEG", progressive=True, quality=50)
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * max(200, 44_000 // len(last)) + content[-2:]


def _jpeg_of_size(photo: np.ndarray, width: int, height: int, **options: object) -> bytes:
    """A JPEG that declares another size than it has; libjpeg fills it up with grey."""
    content = bytearray(_encoded(photo[:16, :16], "JPEG", optimize=True, **options))
    place = content.index(b"\xff\xc2" if options else b"\xff\xc0")
    struct.pack_into(">2H", content, place + 5, height, width)
    return bytes(content)


def _gif_of_size(photo: np.ndarray, width: int, height: int) -> bytes:
    """A small frame on a large screen, which Pillow fills up."""
    content = bytearray(_encoded(photo[:20, :30], "GIF"))
    struct.pack_into("<2H", content, 6, width, height)
    return bytes(content)


def _declaring(photo: np.ndarray, width: int, height: int) -> bytes:
    """A JPEG 2000 file that declares another size than it has."""
    content = bytearray(_encoded(photo, "JPEG2000", no_jp2=True, quality_layers=[100]))
    struct.pack_into(">2I", content, 8, width, height)
    return bytes(content)
