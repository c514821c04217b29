"""What a picture file says besides its pixels: EXIF, XMP and the colour profile."""

import dataclasses
import re

import PIL.ExifTags
import PIL.Image

__all__ = ["MAX_SEGMENT_BYTES", "XMP_START", "Metadata", "of_pil"]

#: The most bytes that a segment of a JPEG holds, and so the largest EXIF that is kept.
MAX_SEGMENT_BYTES = 65_533
#: Bytes of EXIF without any tags.
_EMPTY_EXIF = 24
#: What precedes XMP in a segment of a JPEG.
XMP_START = b"http://ns.adobe.com/xap/1.0/\0"
_MAX_XMP_BYTES = MAX_SEGMENT_BYTES - len(XMP_START)
#: Colour spaces of ICC profiles (ICC.1, 7.2.6) that fit 8-bit RGB and grey pixels.
_PROFILE_SPACES = {True: b"GRAY", False: b"RGB "}
_SPACE = slice(16, 20)
#: Where a JPEG's image resources of Photoshop hold IPTC.
_IPTC_RESOURCE = 0x0404
#: Texts of PNG from which Pillow takes what is kept.
_KEPT_TEXTS = ("XML:com.adobe.xmp", "Raw profile type exif")
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

    The orientation is left out, since those pixels are upright, and so is an embedded preview.
    A profile of another colour model than the pixels', say CMYK, is left out too. Damaged EXIF,
    EXIF and XMP over 64 KB, IPTC, comments and PNG's texts are dropped; the picture is still read.

    Args:
        picture: a Pillow picture.

    Returns:
        The metadata, and notes on what was dropped.
    """
    notes: list[str] = []
    profile = picture.info.get("icc_profile") or b""
    grey = picture.mode in ("1", "L", "LA", "La") or picture.mode.startswith("I")
    fits = profile[_SPACE] == _PROFILE_SPACES[grey] and picture.mode not in ("CMYK", "LAB", "HSV")
    if profile and not fits:
        notes.append("the colour profile is of another colour model: dropped")
    found = Metadata(_exif(picture, notes), profile if fits else b"", _xmp(picture, notes))
    return found, notes + _dropped(picture)


def _exif(picture: PIL.Image.Image, notes: list[str]) -> bytes:
    try:
        tags = picture.getexif()
        if not len(tags) and len(picture.info.get("exif") or b"") > _EMPTY_EXIF:
            notes.append("damaged EXIF: dropped")  # Pillow has ignored all of it
        orientation = tags.pop(_TAGS.Orientation, None)
        kept = _of_directory(tags, notes) if picture.format == "TIFF" else tags
        exif = kept.tobytes() if len(kept) else b""
        if orientation is not None:
            tags[_TAGS.Orientation] = orientation  # the picture keeps its own
    except Exception:  # Pillow raises a dozen kinds for EXIF that is damaged
        notes.append("damaged EXIF: dropped")
        return b""
    if len(exif) > MAX_SEGMENT_BYTES:
        notes.append(f"EXIF of {len(exif):,} bytes, more than {MAX_SEGMENT_BYTES:,}: dropped")
        return b""
    return exif


def _of_directory(tags: PIL.Image.Exif, notes: list[str]) -> PIL.Image.Exif:
    """Take EXIF out of the directory of a TIFF, which is what Pillow has as its EXIF."""
    kept = PIL.Image.Exif()
    kept.endian = tags.endian
    for tag in _DESCRIBING:
        if tag in tags:
            kept[tag] = tags[tag]
    for directory in _BELOW:
        if below := tags.get_ifd(directory):
            kept[directory] = dict(below)
    if _IPTC_TAG in tags:
        notes.append("IPTC: dropped")
    known = {*_DESCRIBING, *_BELOW, _XMP_TAG, _PROFILE_TAG, _IPTC_TAG}
    if others := sorted(tag for tag in tags if tag >= _FOREIGN and tag not in known):
        notes.append(f"TIFF's tags {', '.join(map(str, others))}: dropped")
    return kept


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
    if picture.info.get("comment"):
        notes.append("the comment: dropped")
    if _IPTC_RESOURCE in picture.info.get("photoshop", {}):
        notes.append("IPTC: dropped")
    if picture.format == "PNG":
        picture.load()  # texts may follow the pixels
        texts = {str(name) for name, value in picture.info.items() if isinstance(value, str)}
        if names := ", ".join(sorted(texts.difference(_KEPT_TEXTS))):
            notes.append(f"PNG's texts ({names}): dropped")
    return notes
