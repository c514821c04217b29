"""Limits on what decoding an unknown file may cost, checked on its bytes beforehand."""

import re
from typing import Any

from comrec_tf.images import jpeg_markers

__all__ = [
    "DENSITIES",
    "MAX_SCANS",
    "check_bytes",
    "check_content",
    "check_density",
    "check_pixels",
]

#: The most scans of a JPEG: encoders that search for the best scans end up with about a dozen.
MAX_SCANS = 100
#: Each block of 64 pixels takes at least a bit, so a JPEG of Huffman codes has at most 512 pixels a
#: byte; but from 285 bytes that declare 149 megapixels, libjpeg makes a grey picture.
_JPEG = (250_000, 1_000)
#: Formats that can declare any number of pixels in a few hundred bytes, by Pillow's names: pixels
#: that are always allowed, and pixels for each byte. A GIF has at most 2,560 pixels a byte, but its
#: screen may be larger; a TIFF may be an empty page of fax codes. An empty picture of 16
#: megapixels takes 382 bytes and 6 seconds in JPEG 2000, 891 bytes and half a second in AVIF; one
#: of 149 takes 34 bytes and 2.6 GiB in WebP without loss, as GIF or JPEG 1.4 GiB.
DENSITIES = {
    "JPEG": _JPEG,
    "MPO": _JPEG,
    "GIF": (4_000_000, 4_000),
    "TIFF": (36_000_000, 5_000),
    "JPEG2000": (4_000_000, 2_000),
    "AVIF": (25_000_000, 2_000),
    "HEIF": (25_000_000, 2_000),
    "WEBP": (25_000_000, 2_000),
    "JPEG XL": (25_000_000, 50_000),
}
#: Bytes of a pixel of four channels of 16 bits, and bytes that any file may have besides.
_BYTES_PER_PIXEL, _FREE_BYTES = 8, 2**26

_CODESTREAM = b"\xff\x4f\xff\x51"
_JP2_SIGNATURE = b"\0\0\0\x0cjP  "
_END = b"\xff\xd9"
#: A marker of a JPEG, except those within a scan: stuffed bytes, restarts, fill bytes.
_MARKER = re.compile(rb"\xff([^\x00\xd0-\xd7\xff])")


def check_pixels(width: int, height: int, max_pixels: int) -> None:
    """Raise `ValueError` for a picture of more pixels than `max_pixels`."""
    if width * height > max_pixels:
        raise ValueError(
            f"expected at most {max_pixels:,} pixels (max_pixels). Received: {width}x{height}"
        )


def check_bytes(num_bytes: int, max_pixels: int) -> None:
    """Raise `ValueError` for a file larger than any picture of `max_pixels` pixels is."""
    largest = _FREE_BYTES + _BYTES_PER_PIXEL * max_pixels
    if num_bytes > largest:
        raise ValueError(
            f"expected at most {largest:,} bytes, more than {max_pixels:,} pixels (max_pixels) "
            f"take. Received: {num_bytes:,}"
        )


def check_density(width: int, height: int, num_bytes: int, form: str | None) -> None:
    """Raise `ValueError` for a file that declares far more pixels than its bytes can hold.

    Args:
        width, height: what it declares.
        num_bytes: of the file.
        form: Pillow's name of its format.
    """
    free, per_byte = DENSITIES.get(form or "", (width * height, 0))
    if width * height > free + per_byte * num_bytes:
        raise ValueError(
            f"expected at most {free + per_byte * num_bytes:,} pixels in a {form} file of "
            f"{num_bytes:,} bytes. Received: {width}x{height}"
        )


def check_content(content: Any) -> None:
    """Check what the bytes of a JPEG or JPEG 2000 file would cost to decode.

    Args:
        content: the file, as bytes or mapped memory; other formats are not checked.

    Raises:
        ValueError: it is a JPEG of very many scans, or a JPEG 2000 file that is cut short.
    """
    if content[:2] == jpeg_markers.FILE_START:
        _check_scans(content)
    elif content[:8] == _JP2_SIGNATURE or content[:4] == _CODESTREAM:
        _check_jpeg2000(content)


def _check_scans(content: Any) -> None:
    position, scans = 2, 0
    while (found := _MARKER.search(content, position)) is not None:
        marker = found[1][0]
        position = found.end()
        if marker == jpeg_markers.EOI:
            return
        if marker == jpeg_markers.SOI:
            continue
        scans += marker == jpeg_markers.SOS
        if scans > MAX_SCANS:
            raise ValueError(f"expected a JPEG of at most {MAX_SCANS} scans. Received: more")
        position += int.from_bytes(content[position : position + 2], "big")


def _check_jpeg2000(content: Any) -> None:
    start = content.find(_CODESTREAM)
    if start < 0:
        raise ValueError("this JPEG 2000 file holds no picture")
    end = len(content)
    if start:  # in a box, which says its length
        length = int.from_bytes(content[start - 8 : start - 4], "big")
        end = start - 8 + length if length > 1 else end
    tail = bytes(content[max(start, end - 64) : end])
    if end > len(content) or not tail.rstrip(b"\0\r\n").endswith(_END):
        raise ValueError("this JPEG 2000 file is cut short")
