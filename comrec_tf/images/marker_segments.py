"""Marker segments, of which the headers of JPEG and JPEG 2000 files consist.

A segment is 0xFF, the byte of its marker, two bytes that say how long the rest is, themselves
included, and its content (T.81, B.1.1.4; T.800, A.1).
"""

from collections.abc import Iterator

__all__ = ["START", "segment", "walk"]

#: Where the first segment begins: behind the marker that starts a JPEG, or a JPEG 2000 codestream.
START = 2


def segment(marker: int, content: bytes) -> bytes:
    """Write a segment.

    Args:
        marker: its byte.
        content: at most 65,533 bytes.

    Returns:
        The segment.

    Raises:
        OverflowError: the content is longer.
    """
    return bytes([0xFF, marker]) + (2 + len(content)).to_bytes(2, "big") + content


def walk(file: bytes, last: int) -> Iterator[tuple[int, int, int]]:
    """Walk over the segments of a file.

    Args:
        file: the whole file, from its two bytes of start on; it may be damaged.
        last: the marker that ends the walk.

    Yields:
        Marker, start and end of each segment before the marker `last`, or before what is no
        segment. The content begins at `start + 4`. The last one ends beyond a file that is cut
        short.
    """
    position = START
    while position + 4 <= len(file) and file[position] == 0xFF and file[position + 1] != last:
        end = position + 2 + int.from_bytes(file[position + 2 : position + 4], "big")
        yield file[position + 1], position, end
        position = end
