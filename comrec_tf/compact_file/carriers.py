"""Where a file of each format carries our few bytes, which viewers skip.

=========  ==========================================================================
format     place
=========  ==========================================================================
JPEG       application segment APP9 (FF E9), in place of the JFIF header
JPEG 2000  comment segment COM (FF 64) of the codestream, behind SIZ; registration 0
WebP       chunk "ComR" at the end of the RIFF container
AVIF       box "uuid" at the end, of the type `AVIF_UUID`
JPEG XL    box "ComR" at the end of the file
=========  ==========================================================================

By the rules of each format, a reader skips them: T.81 B.2.4.6, T.800 A.9.2, the WebP container
specification ("unknown chunks"), ISO/IEC 14496-12, 11.1, and ISO/IEC 18181-2, 4.1.

A JPEG has EXIF, XMP and colour profiles where every viewer looks for them (segments APP1 and APP2).
The other formats carry them as above, with the magics "ComE", "ComX" and "ComI": they come back
with the restored picture, but viewers of the compact file do not see them.

A JPEG loses its JFIF header. Its 18 bytes say no more than that pixels are square and colours are
YCbCr, which decoders take for granted where nothing else is said, as in the files of cameras; of a
file of one kilobyte they are two per cent.
"""

import io
import uuid
import zlib
from collections.abc import Iterator

import PIL.Image

from comrec_tf.compact_file import jpeg_xl, riff
from comrec_tf.compact_file.boxes import box, boxes
from comrec_tf.images import damage, jpeg_markers, marker_segments
from comrec_tf.images.metadata import MAX_SEGMENT_BYTES, XMP_START, Metadata

__all__ = [
    "AVIF_UUID",
    "MAGIC",
    "checksum",
    "embed",
    "embed_metadata",
    "extract",
    "extract_metadata",
    "file_format",
    "picture_size",
    "without_metadata",
]

#: First bytes of the payload.
MAGIC = b"ComR"
_EXIF_MAGIC, _XMP_MAGIC, _ICC_MAGIC = b"ComE", b"ComX", b"ComI"
#: Type of the box in AVIF files.
AVIF_UUID = uuid.uuid5(uuid.NAMESPACE_URL, "https://arxiv.org/abs/1708.00838#comrec_tf").bytes

_ICC_START = b"ICC_PROFILE\0"
_J2K_TILE, _J2K_COMMENT = 0x90, 0x64
#: Segments of a JPEG that programs may change without touching the picture.
_DROPPED = {*range(jpeg_markers.APP0, jpeg_markers.APP15 + 1), jpeg_markers.COM}


def file_format(content: bytes) -> str:
    """Tell the format of a file.

    Args:
        content: the file, or its first 12 bytes.

    Returns:
        "jpeg", "jpeg2000", "webp", "avif" or "jpeg-xl".

    Raises:
        ValueError: it is none of them.
    """
    if content.startswith(jpeg_markers.FILE_START):
        return "jpeg"
    if content.startswith(b"\xff\x4f\xff\x51"):
        return "jpeg2000"
    if riff.is_webp(content):
        return "webp"
    if content[4:12] in (b"ftypavif", b"ftypavis"):
        return "avif"
    if jpeg_xl.is_jpeg_xl(content):
        return "jpeg-xl"
    raise ValueError("the bytes are not a JPEG, JPEG XL, WebP, AVIF or JPEG 2000 file")


def embed(bitstream: bytes, payload: bytes) -> bytes:
    """Put a payload into a file.

    Args:
        bitstream: a file of one of the formats above; a JPEG loses its JFIF header.
        payload: begins with the four bytes that `extract` looks for.

    Returns:
        The file with the payload.

    Raises:
        ValueError: the file is of another format or cut short, or the payload too long for it.
    """
    match file_format(bitstream):
        case "jpeg":
            return _insert(_without_jfif(bitstream), 2, _segment(jpeg_markers.APP9, payload))
        case "jpeg2000":
            position = 4 + int.from_bytes(bitstream[4:6], "big")
            return _insert(bitstream, position, _segment(_J2K_COMMENT, b"\0\0" + payload))
        case "webp":
            return riff.webp(bitstream[riff.START :] + riff.chunk(payload[:4], payload))
        case "avif":
            return bitstream + box(b"uuid", AVIF_UUID + payload)
        case _:
            return bitstream + box(payload[:4], payload[4:])


def extract(content: bytes, magic: bytes = MAGIC) -> bytes | None:
    """Find a payload in a file.

    Args:
        content: a file of one of the formats above; other programs may have added parts to it.
        magic: the payload's first four bytes.

    Returns:
        The payload, or None if the file carries none; cut short if the file is.

    Raises:
        ValueError: the file is of another format.
    """
    match file_format(content):
        case "jpeg":
            parts = _segments(content, jpeg_markers.APP9, jpeg_markers.SOS)
        case "jpeg2000":
            parts = (part[2:] for part in _segments(content, _J2K_COMMENT, _J2K_TILE))
        case "webp":
            parts = riff.chunks(content, magic)
        case "avif":
            parts = (part[16:] for part in _boxes(content, b"uuid") if part[:16] == AVIF_UUID)
        case _:
            parts = (magic + part for part in _boxes(content, magic))
    return next((part for part in parts if part[:4] == magic), None)


def checksum(content: bytes) -> int:
    """Compute a checksum of the parts of a file that its pixels depend on.

    What programs add without touching the picture does not count: the segments APPn and COM of a
    JPEG, the segments COM of JPEG 2000. Of WebP only the chunks of pixels count, of AVIF the boxes
    "mdat", of JPEG XL the codestream and the recipe for the JPEG.

    Args:
        content: a file of one of the formats above.

    Returns:
        CRC-32 of these parts, in the order of the file.

    Raises:
        ValueError: the file is of another format.
    """
    match file_format(content):
        case "jpeg":
            parts = _without(content, jpeg_markers.SOS, _DROPPED)
        case "jpeg2000":
            parts = _without(content, _J2K_TILE, {_J2K_COMMENT})
        case "webp":
            parts = (
                part for kind in (b"ALPH", b"VP8 ", b"VP8L") for part in riff.chunks(content, kind)
            )
        case "avif":
            parts = _boxes(content, b"mdat")
        case _:
            parts = jpeg_xl.parts(content)
    total = 0
    for part in parts:
        total = zlib.crc32(part, total)
    return total


def picture_size(content: bytes) -> tuple[int, int]:
    """Read the size of the picture inside a file from its header.

    Args:
        content: a file of one of the formats above.

    Returns:
        Height and width in pixels.

    Raises:
        ValueError: the file is of another format or damaged.
    """
    form = file_format(content)
    if form == "jpeg-xl":
        height, width, _ = jpeg_xl.shape(content)
        return height, width
    with (
        damage.pillow_errors("the picture inside is damaged"),
        PIL.Image.open(io.BytesIO(content), formats=[form]) as picture,
    ):
        return picture.height, picture.width


def embed_metadata(bitstream: bytes, metadata: Metadata) -> bytes:
    """Put EXIF, XMP and the colour profile into a file.

    Args:
        bitstream: a file of one of the formats above, without metadata.
        metadata: what to put in; empty parts are left out.

    Returns:
        The file with them.

    Raises:
        ValueError: as `embed`.
    """
    exif, profile, xmp = metadata.exif, metadata.icc_profile, metadata.xmp
    if file_format(bitstream) != "jpeg":
        for magic, part in ((_EXIF_MAGIC, exif), (_XMP_MAGIC, xmp), (_ICC_MAGIC, profile)):
            bitstream = embed(bitstream, magic + part) if part else bitstream
        return bitstream
    # A profile may need several segments, each with its number and how many there are (ICC.1, B.4).
    room = MAX_SEGMENT_BYTES - len(_ICC_START) - 2
    pieces = [profile[start : start + room] for start in range(0, len(profile), room)]
    segments = [_segment(jpeg_markers.APP1, exif)] if exif else []
    segments += [_segment(jpeg_markers.APP1, XMP_START + xmp)] if xmp else []
    segments += [
        _segment(jpeg_markers.APP2, _ICC_START + bytes([number, len(pieces)]) + piece)
        for number, piece in enumerate(pieces, 1)
    ]
    return _insert(bitstream, _behind_jfif(bitstream), b"".join(segments))


def extract_metadata(content: bytes) -> Metadata:
    """Find EXIF, XMP and the colour profile in a file.

    Args:
        content: what `embed_metadata` returned.

    Returns:
        The metadata.

    Raises:
        ValueError: the file is of another format.
    """
    if file_format(content) != "jpeg":
        magics = (_EXIF_MAGIC, _ICC_MAGIC, _XMP_MAGIC)
        return Metadata(*((extract(content, magic) or b"")[4:] for magic in magics))
    with (
        damage.pillow_errors("the JPEG inside is damaged"),
        PIL.Image.open(io.BytesIO(content), formats=["JPEG"]) as picture,
    ):
        info = picture.info
    return Metadata(info.get("exif", b""), info.get("icc_profile") or b"", info.get("xmp") or b"")


def without_metadata(compact_file: bytes) -> bytes:
    """Take out of a file all that other programs or `embed_metadata` have put into it.

    Args:
        compact_file: a file with a payload of `MAGIC`.

    Returns:
        The payload, and what its pixels depend on, alone; `checksum` tells whether that is all.

    Raises:
        ValueError: the file is of another format or has no payload, or an AVIF file has more parts
            before its pixels, whose place it names.
    """
    payload = extract(compact_file)
    if payload is None:
        raise ValueError("expected a file with a payload. Received: one without")
    match file_format(compact_file):
        case "jpeg":
            bare = b"".join(_without(compact_file, jpeg_markers.SOS, _DROPPED))
        case "jpeg2000":
            bare = b"".join(_without(compact_file, _J2K_TILE, {_J2K_COMMENT}))
        case "webp":
            found = ((kind, riff.chunks(compact_file, kind)) for kind in (b"VP8 ", b"VP8L"))
            bare = riff.webp(
                b"".join(riff.chunk(kind, part) for kind, parts in found for part in parts)
            )
        case "avif":
            bare = _of_boxes(compact_file, (b"ftyp", b"meta", b"mdat"))
            if not compact_file.startswith(bare):
                raise ValueError("expected metadata behind the pixels. Received: some before them")
        case _:
            bare = _of_boxes(compact_file, (b"JXL ", b"ftyp", b"jxll", b"jxlc", b"jxlp", b"jbrd"))
    return embed(bare, payload)


def _without_jfif(bitstream: bytes) -> bytes:
    return bitstream[:2] + bitstream[_behind_jfif(bitstream) :]


def _behind_jfif(bitstream: bytes) -> int:
    """The position behind the JFIF segment, which must come first."""
    if bitstream[2:4] != bytes([0xFF, jpeg_markers.APP0]):
        return 2
    end = 4 + int.from_bytes(bitstream[4:6], "big")
    if end > len(bitstream):
        raise ValueError("the file is cut short")
    return end


def _insert(content: bytes, position: int, part: bytes) -> bytes:
    if position > len(content):
        raise ValueError("the file is cut short")
    return content[:position] + part + content[position:]


def _segment(marker: int, content: bytes) -> bytes:
    if len(content) > MAX_SEGMENT_BYTES:
        raise ValueError(
            f"expected at most {MAX_SEGMENT_BYTES:,} bytes of metadata. Received: {len(content):,}"
        )
    return marker_segments.segment(marker, content)


def _segments(content: bytes, wanted: int, last: int) -> Iterator[bytes]:
    """The contents of the segments of one marker that come before the marker `last`."""
    for marker, start, end in marker_segments.walk(content, last):
        if marker == wanted:
            yield content[start + 4 : end]


def _without(content: bytes, last: int, dropped: set[int]) -> Iterator[bytes]:
    """A file without the segments of some markers that come before the marker `last`."""
    end = marker_segments.START
    yield content[:end]
    for marker, start, end in marker_segments.walk(content, last):
        if marker not in dropped:
            yield content[start:end]
    yield content[end:]


def _boxes(content: bytes, kind: bytes) -> Iterator[bytes]:
    return (part for found, part in boxes(content) if found == kind)


def _of_boxes(content: bytes, kinds: tuple[bytes, ...]) -> bytes:
    return b"".join(box(kind, part) for kind, part in boxes(content) if kind in kinds)
