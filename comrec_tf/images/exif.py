"""EXIF changed in place: what is not changed keeps its bytes and its place, maker notes included.

Makers of cameras put offsets of their own into EXIF, and people text of any encoding: a library
that reads all tags and writes them anew breaks the former and turns the latter into question marks.
Format: TIFF 6.0, section 2, and Exif 2.32, 4.5 and 4.6.
"""

import struct
from collections.abc import Iterator
from typing import NamedTuple

__all__ = ["START", "upright"]

#: What precedes the TIFF structure in a JPEG.
START = b"Exif\0\0"

_ORDERS = {b"II*\0": "<", b"MM\0*": ">"}
#: Bytes of a value of each type.
_SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 13: 4}
_SHORT = 3
_ORIENTATION = 0x0112
_CAMERA, _PLACE, _INTEROPERABILITY = 0x8769, 0x8825, 0xA005
_PREVIEW, _PREVIEW_BYTES = 0x0201, 0x0202
#: Of longer EXIF, which no camera writes, nothing is cut off: the search would take long.
_MAX_BYTES = 2**20


class _Entry(NamedTuple):
    """A tag: where it is, its type and number of values, and the values or where they are."""

    place: int
    tag: int
    kind: int
    number: int
    value: int


def upright(exif: bytes) -> bytes:
    """Make EXIF fit pixels that have been turned upright.

    The orientation becomes 1, and the preview, which is not turned, is no longer used; its bytes
    are cut off where they are the last. All other bytes stay.

    Args:
        exif: a TIFF structure, with or without `START` before it.

    Returns:
        `START` and a TIFF structure; empty if there is no tag but the orientation.

    Raises:
        ValueError: it is no TIFF structure, or its first directory is not in it.
    """
    while exif.startswith(START):
        exif = exif[len(START) :]
    if exif[:4] not in _ORDERS:
        raise ValueError(f"expected a TIFF structure. Received: {exif[:4]!r}")
    order, changed = _ORDERS[exif[:4]], bytearray(exif)
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        entries = list(_entries(exif, order, start))
    except struct.error:
        raise ValueError("expected a directory of tags. Received: one that is cut") from None
    if all(entry.tag == _ORIENTATION for entry in entries):
        return b""
    for entry in entries:
        if entry.tag == _ORIENTATION:
            struct.pack_into(f"{order}HIHH", changed, entry.place + 2, _SHORT, 1, 1, 0)
    end = start + 2 + 12 * len(entries)
    if any(exif[end : end + 4]):
        changed[end : end + 4] = bytes(4)
        del changed[_cut(exif, order, start, end) :]
    return START + bytes(changed)


def _entries(exif: bytes, order: str, start: int) -> Iterator[_Entry]:
    (count,) = struct.unpack_from(f"{order}H", exif, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        yield _Entry(place, *struct.unpack_from(f"{order}HHII", exif, place))


def _cut(exif: bytes, order: str, start: int, end: int) -> int:
    """Where EXIF may end once the preview, whose place stands at `end`, is not used."""
    if len(exif) > _MAX_BYTES:
        return len(exif)
    try:
        kept = {start: list(_entries(exif, order, start))}
        for tag in (_CAMERA, _PLACE, _INTEROPERABILITY):
            place = next((e.value for each in kept.values() for e in each if e.tag == tag), None)
            if place is not None:
                kept[place] = list(_entries(exif, order, place))
        (place,) = struct.unpack_from(f"{order}I", exif, end)
        preview = {place: list(_entries(exif, order, place))}
    except struct.error:
        return len(exif)
    last = max(stop for _, stop in _extents(kept))
    values = {entry.tag: entry.value for entry in preview[place]}
    parts = list(_extents(preview))
    if _PREVIEW in values:
        parts.append((values[_PREVIEW], values[_PREVIEW] + values.get(_PREVIEW_BYTES, 0)))
    cut = min((begin for begin, _ in parts if begin >= last), default=len(exif))
    others = bytearray(exif)
    for begin, stop in parts:
        others[begin:stop] = bytes(len(others[begin:stop]))
    # What is neither used nor the preview's may be the maker's.
    return len(exif) if any(others[cut:]) else cut


def _extents(directories: dict[int, list[_Entry]]) -> Iterator[tuple[int, int]]:
    """Where directories and their values begin and end."""
    for start, entries in directories.items():
        yield start, start + 2 + 12 * len(entries) + 4
        for entry in entries:
            size = _SIZES.get(entry.kind, 8) * entry.number
            if size > 4:
                yield entry.value, entry.value + size
