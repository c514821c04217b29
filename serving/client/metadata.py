"""EXIF and colour profile from one file to another: JPEG and PNG, standard library only.

TensorFlow Serving's graph only sees pixels, so the client carries the metadata.
"""

import struct
import zlib

_EXIF, _ICC = b"Exif\0\0", b"ICC_PROFILE\0"
_PNG = b"\x89PNG\r\n\x1a\n"
_ORIENTATION = 0x0112
_APP0, _APP1, _APP2, _START_OF_SCAN = 0xE0, 0xE1, 0xE2, 0xDA
_SEGMENT = 65_533


def carry(source: bytes, made: bytes) -> tuple[bytes, str]:
    """Put the metadata of `source` into `made`, which has been turned upright.

    Args:
        source: what was sent.
        made: what came back, a JPEG or PNG.

    Returns:
        The file, and what could not be kept, in words; empty if all was kept.
    """
    exif, icc = _read(source)
    has_exif, has_icc = _read(made)
    given, icc = b"" if has_exif else exif, b"" if has_icc else icc
    exif = _upright(given)
    lost = ["its EXIF, which is damaged,"] if given and not exif else []
    if icc and icc[16:20] not in (b"RGB ", b"GRAY"):
        icc = b""
        lost.append("its colour profile, which is not for RGB,")
    if len(_EXIF + exif) > _SEGMENT:
        exif = b""
        lost.append("its EXIF, which is too long,")
    write = _write_png if made.startswith(_PNG) else _write_jpeg
    told = f"{' and '.join(lost)} was not kept" if lost else ""
    return write(made, exif, icc), told


def _read(content: bytes) -> tuple[bytes, bytes]:
    """EXIF from its TIFF header on, and the profile; empty if missing or damaged."""
    try:
        return _read_png(content) if content.startswith(_PNG) else _read_jpeg(content)
    except (struct.error, zlib.error, IndexError):
        return b"", b""


def _read_jpeg(content: bytes) -> tuple[bytes, bytes]:
    exif, profile, position = b"", {}, 2
    while content[:2] == b"\xff\xd8" and position + 4 <= len(content):
        mark, kind, length = struct.unpack_from(">BBH", content, position)
        if mark != 0xFF or kind == _START_OF_SCAN:
            break
        payload = content[position + 4 : position + 2 + length]
        if len(payload) + 2 < length:
            break
        if kind == _APP1 and payload.startswith(_EXIF) and not exif:
            exif = payload[len(_EXIF) :]
        if kind == _APP2 and payload.startswith(_ICC):
            profile[payload[len(_ICC)]] = payload[len(_ICC) + 2 :]
        position += 2 + max(2, length)
    return exif, b"".join(profile[number] for number in sorted(profile))


def _read_png(content: bytes) -> tuple[bytes, bytes]:
    exif, profile, position = b"", b"", len(_PNG)
    while position + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, position)
        payload = content[position + 8 : position + 8 + length]
        if len(payload) < length:
            break
        if kind == b"eXIf":
            exif = payload
        if kind == b"iCCP":
            packed = payload[payload.index(0) + 2 :]
            profile = zlib.decompressobj().decompress(packed, 16 * 1024**2)
        position += 12 + length
    return exif, profile


def _upright(exif: bytes) -> bytes:
    """The same with an orientation of 1, since the pixels are upright."""
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None:
        return b""
    turned = bytearray(exif)
    try:
        (start,) = struct.unpack_from(f"{order}I", exif, 4)
        (count,) = struct.unpack_from(f"{order}H", exif, start)
        for index in range(count):
            place = start + 2 + 12 * index
            if struct.unpack_from(f"{order}H", exif, place)[0] == _ORIENTATION:
                struct.pack_into(f"{order}HI", turned, place + 2, 3, 1)
                struct.pack_into(f"{order}HH", turned, place + 8, 1, 0)
    except struct.error:
        return b""
    return bytes(turned)


def _write_jpeg(content: bytes, exif: bytes, icc: bytes) -> bytes:
    segments = [(_APP1, _EXIF + exif)] if exif else []
    step = _SEGMENT - len(_ICC) - 2
    parts = [icc[start : start + step] for start in range(0, len(icc), step)]
    for number, part in enumerate(parts, 1):
        segments.append((_APP2, _ICC + bytes([number, len(parts)]) + part))
    position = 2
    if content[3] == _APP0:
        position += 2 + struct.unpack_from(">H", content, 4)[0]
    inside = b"".join(struct.pack(">BBH", 0xFF, kind, 2 + len(p)) + p for kind, p in segments)
    return content[:position] + inside + content[position:]


def _write_png(content: bytes, exif: bytes, icc: bytes) -> bytes:
    chunks = [(b"eXIf", exif)] if exif else []
    if icc:
        chunks.insert(0, (b"iCCP", b"icc\0\0" + zlib.compress(icc)))
    inside = b"".join(
        struct.pack(">I4s", len(p), kind) + p + struct.pack(">I", zlib.crc32(kind + p))
        for kind, p in chunks
    )
    behind_header = len(_PNG) + 25
    return content[:behind_header] + inside + content[behind_header:]
