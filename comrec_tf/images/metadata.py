"""What a picture file says besides its pixels: EXIF, XMP and the colour profile."""

import dataclasses
import re
from typing import Any

import PIL.ExifTags
import PIL.Image

from comrec_tf.images import exif

__all__ = ["MAX_SEGMENT_BYTES", "XMP_START", "Metadata", "of_pil"]

#: The most bytes that a segment of a JPEG holds, and so the largest EXIF that is kept.
MAX_SEGMENT_BYTES = 65_533
#: What precedes XMP in a segment of a JPEG.
XMP_START = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_XMP_BYTES = MAX_SEGMENT_BYTES - len(XMP_START)
#: Colour spaces of ICC profiles (ICC.1, 7.2.6) that fit 8-bit RGB and grey pixels.
_PROFILE_SPACES = {True: b"GRAY", False: b"RGB "}
_SPACE = slice(16, 20)
#: Where a JPEG's image resources of Photoshop hold IPTC.
_IPTC_RESOURCE = 0x0404
#: EXIF as ImageMagick puts it into PNGs, and the texts of PNG that are kept.
_EXIF_TEXT = "Raw profile type exif"
_KEPT_TEXTS = ("XML:com.adobe.xmp", _EXIF_TEXT)
#: Comments by which programs name themselves: OpenJPEG, GD and FFmpeg. Nobody has written them.
_OF_PROGRAMS = re.compile(
    rb"Created by OpenJPEG version [0-9.]+|Lavc[0-9.]+|"
    rb"CREATOR: gd-jpeg v[0-9.]+ \(using IJG JPEG v[0-9]+\), (default quality|quality = [0-9]+)\n?"
)
_TAGS = PIL.ExifTags.Base
#: Tags of TIFF's first directory that describe a picture. The others say how its pixels are stored.
_DESCRIBING = (
    *(_TAGS.DocumentName, _TAGS.ImageDescription, _TAGS.Make, _TAGS.Model, _TAGS.XResolution),
    *(_TAGS.YResolution, _TAGS.PageName, _TAGS.ResolutionUnit, _TAGS.Software, _TAGS.DateTime),
    *(_TAGS.Artist, _TAGS.HostComputer, _TAGS.WhitePoint, _TAGS.PrimaryChromaticities),
    *(_TAGS.Rating, _TAGS.RatingPercent, _TAGS.Copyright, _TAGS.XPTitle, _TAGS.XPComment),
    *(_TAGS.XPAuthor, _TAGS.XPKeywords, _TAGS.XPSubject),
)
#: Directories below it, of a camera and of the place.
_BELOW = (PIL.ExifTags.IFD.Exif, PIL.ExifTags.IFD.GPSInfo)
#: From here on tags are not TIFF 6.0's: XMP and the colour profile, which Pillow reads by itself,
#: IPTC, and others that nothing here knows.
_FOREIGN, _XMP_TAG, _PROFILE_TAG, _IPTC_TAG = 700, 700, 34675, 33723
#: XMP may repeat the orientation.
_XMP_ORIENTATION = re.compile(
    rb'\s*tiff:Orientation="[0-9]"|<tiff:Orientation>[0-9]</tiff:Orientation>'
)


@dataclasses.dataclass(frozen=True)
class Metadata:
    """EXIF, colour profile and XMP of a picture.

    Attributes:
        exif: "Exif", two zero bytes and a TIFF structure, or empty.
        icc_profile: an ICC profile, or empty.
        xmp: an XMP packet, or empty.
    """

    exif: bytes = b""
    icc_profile: bytes = b""
    xmp: bytes = b""


def of_pil(picture: PIL.Image.Image) -> tuple[Metadata, list[str]]:
    """Read the metadata for the pixels that `files.from_pil` makes of a picture.

    Those pixels are upright: the orientation becomes 1, and an embedded preview is left out. All
    else of EXIF keeps its bytes, except that a TIFF's becomes EXIF first.
    A profile of another colour model than the pixels', say CMYK, is left out too. Damaged EXIF,
    EXIF and XMP over 64 KB, IPTC, comments and PNG's texts are dropped; the picture is still read.

    Args:
        picture: a Pillow picture.

    Returns:
        The metadata, and notes on what was dropped.
    """
    notes: list[str] = []
    if picture.format == "PNG":
        picture.load()  # EXIF and texts may follow the pixels
    profile = picture.info.get("icc_profile") or b""
    grey = picture.mode in ("1", "L", "LA", "La") or picture.mode.startswith("I")
    fits = profile[_SPACE] == _PROFILE_SPACES[grey] and picture.mode not in ("CMYK", "LAB", "HSV")
    if profile and not fits:
        notes.append("the colour profile is of another colour model: dropped")
    found = Metadata(_exif(picture, notes), profile if fits else b"", _xmp(picture, notes))
    return found, notes + _dropped(picture)


def _exif(picture: PIL.Image.Image, notes: list[str]) -> bytes:
    try:
        found = (
            _of_directory(picture.getexif(), notes) if picture.format == "TIFF" else _raw(picture)
        )
        kept = exif.upright(found) if found else b""
    except Exception:  # Pillow raises a dozen kinds for EXIF that is damaged
        notes.append("damaged EXIF: dropped")
        return b""
    if len(kept) > MAX_SEGMENT_BYTES:
        notes.append(f"EXIF of {len(kept):,} bytes, more than {MAX_SEGMENT_BYTES:,}: dropped")
        return b""
    return kept


def _raw(picture: PIL.Image.Image) -> bytes:
    """EXIF as the file has it."""
    if _EXIF_TEXT in picture.info and "exif" not in picture.info:
        return bytes.fromhex("".join(picture.info[_EXIF_TEXT].split("\n")[3:]))
    return bytes(picture.info.get("exif") or b"")


class _Text(str):
    """A text of TIFF, which Pillow reads as Latin-1, to be written with the bytes that it had."""

    def encode(self, encoding: str = "", errors: str = "") -> bytes:
        return super().encode("latin-1")


def _as_it_was(value: Any) -> Any:
    if isinstance(value, dict):
        return {tag: _as_it_was(each) for tag, each in value.items()}
    return _Text(value) if isinstance(value, str) else value


def _of_directory(tags: PIL.Image.Exif, notes: list[str]) -> bytes:
    """Take EXIF out of the directory of a TIFF, which is what Pillow has as its EXIF."""
    kept = PIL.Image.Exif()
    kept.endian = tags.endian
    for tag in _DESCRIBING:
        if tag in tags:
            kept[tag] = _as_it_was(tags[tag])
    for directory in _BELOW:
        if below := tags.get_ifd(directory):
            kept[directory] = _as_it_was(below)
    if _IPTC_TAG in tags:
        notes.append("IPTC: dropped")
    known = {*_DESCRIBING, *_BELOW, _XMP_TAG, _PROFILE_TAG, _IPTC_TAG}
    if others := sorted(tag for tag in tags if tag >= _FOREIGN and tag not in known):
        notes.append(f"TIFF's tags {', '.join(map(str, others))}: dropped")
    return kept.tobytes() if len(kept) else b""


def _xmp(picture: PIL.Image.Image, notes: list[str]) -> bytes:
    xmp = picture.info.get("xmp") or b""
    xmp = xmp.encode() if isinstance(xmp, str) else bytes(xmp)
    if len(xmp) > _MAX_XMP_BYTES:
        notes.append(f"XMP of {len(xmp):,} bytes, more than {_MAX_XMP_BYTES:,}: dropped")
        return b""
    return _XMP_ORIENTATION.sub(b"", xmp)


def _dropped(picture: PIL.Image.Image) -> list[str]:
    """Notes on what has no place in `Metadata`."""
    notes = []
    comment = picture.info.get("comment") or b""
    comment = comment.encode(errors="replace") if isinstance(comment, str) else bytes(comment)
    if comment and not _OF_PROGRAMS.fullmatch(comment.rstrip(b"\0")):
        notes.append("the comment: dropped")
    if _IPTC_RESOURCE in picture.info.get("photoshop", {}):
        notes.append("IPTC: dropped")
    if picture.format == "PNG":
        texts = {str(name) for name, value in picture.info.items() if isinstance(value, str)}
        if names := ", ".join(sorted(texts.difference(_KEPT_TEXTS))):
            notes.append(f"PNG's texts ({names}): dropped")
    return notes
