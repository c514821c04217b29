import io
import struct
import zlib

import numpy as np
import PIL.ExifTags
import PIL.Image
import PIL.ImageCms
import PIL.PngImagePlugin
import PIL.TiffImagePlugin
import pytest

from comrec_tf.images import files, metadata

SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
TAGS = PIL.ExifTags.Base


def opened(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return PIL.Image.open(buffer)


@pytest.fixture
def exif():
    tags = PIL.Image.Exif()
    tags[TAGS.ImageDescription] = "a photo"
    tags[TAGS.Orientation] = 6
    return tags


def test_exif_is_kept_but_for_the_orientation_that_was_applied(photo, exif):
    source = opened(PIL.Image.fromarray(photo), "JPEG", exif=exif)
    found, notes = metadata.of_pil(source)
    again = PIL.Image.Exif()
    again.load(found.exif)
    assert dict(again) == {TAGS.ImageDescription: "a photo", TAGS.Orientation: 1}
    assert notes == []
    assert files.from_pil(source).shape == (160, 128, 3)


def test_profiles_are_kept_where_they_fit_the_pixels(photo, grey_photo):
    colour, grey = PIL.Image.fromarray(photo), PIL.Image.fromarray(grey_photo[..., 0])
    found, notes = metadata.of_pil(opened(colour, "PNG", icc_profile=SRGB))
    assert (found.icc_profile, notes) == (SRGB, [])
    for other in (
        opened(grey, "PNG", icc_profile=SRGB),
        opened(colour.convert("CMYK"), "JPEG", icc_profile=SRGB),
    ):
        found, notes = metadata.of_pil(other)
        assert found.icc_profile == b""
        assert notes == ["the colour profile is of another colour model: dropped"]


def test_a_picture_without_any_has_none(photo):
    assert metadata.of_pil(PIL.Image.fromarray(photo)) == (metadata.Metadata(), [])


def with_exif(photo, tiff):
    return opened(PIL.Image.fromarray(photo), "JPEG", exif=b"Exif\0\0" + tiff)


DAMAGED = {
    "no directory": b"II*\0\xff\xff\xff\xff" + bytes(24),
    "no TIFF": b"nothing like it, but long enough",
    # Artist, a text, that says it is a rational number without a denominator.
    "a rational by zero": b"II*\0\x08\0\0\0\x01\0\x3b\x01\x05\0\x01\0\0\0\x1a\0\0\0\0\0\0\0"
    + bytes(8),
    # Orientation, a text of no number.
    "an orientation in words": b"II*\0\x08\0\0\0\x01\0\x12\x01\x02\0\x04\0\0\0abc\0\0\0\0\0",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_a_picture_with_damaged_exif_is_still_read(photo, kind):
    source = with_exif(photo, DAMAGED[kind])
    found, _ = metadata.of_pil(source)
    assert len(found.exif) < 100
    np.testing.assert_array_equal(files.from_pil(source).shape, photo.shape)


@pytest.mark.parametrize("error", [TypeError, SyntaxError, KeyError, RuntimeError, MemoryError])
def test_whatever_pillow_raises_for_exif_the_picture_is_read(photo, exif, monkeypatch, error):
    contents = {"JPEG": io.BytesIO(), "TIFF": io.BytesIO()}
    for form, content in contents.items():
        PIL.Image.fromarray(photo).save(content, form, exif=exif)

    def fail(*_):
        raise error("of Pillow")

    monkeypatch.setattr(PIL.Image.Exif, "tobytes", fail)
    read = files.load(contents["TIFF"])
    assert read.metadata.exif == b""
    assert read.notes == ("damaged EXIF: dropped",)
    assert read.picture.shape == (160, 128, 3)
    monkeypatch.setattr(PIL.Image.Exif, "get", fail)
    assert files.load(contents["JPEG"]).picture.shape == photo.shape


def test_exif_that_pillow_passes_over_is_said_to_be_dropped(photo):
    assert metadata.of_pil(with_exif(photo, DAMAGED["no directory"]))[1] == [
        "damaged EXIF: dropped"
    ]


def test_exif_and_xmp_that_no_jpeg_can_hold_are_dropped_and_said(photo, exif):
    exif[TAGS.ImageDescription] = "x" * 66_000
    for form in ("PNG", "WEBP"):
        source = opened(PIL.Image.fromarray(photo), form, exif=exif)
        found, notes = metadata.of_pil(source)
        assert found.exif == b""
        assert notes[0].startswith("EXIF of 66,")
    source = opened(PIL.Image.fromarray(photo), "WEBP", xmp=b"x" * 66_000)
    assert metadata.of_pil(source) == (
        metadata.Metadata(),
        ["XMP of 66,000 bytes, more than 65,504: dropped"],
    )


def test_png_gets_all_of_it_back(photo, exif):
    del exif[TAGS.Orientation]
    xmp = b"<x:xmpmeta>\xc3\xa9</x:xmpmeta>"
    content = files.encode(photo, metadata.Metadata(exif.tobytes(), SRGB, xmp))
    read = files.load(io.BytesIO(content))
    np.testing.assert_array_equal(read.picture, photo)
    assert read.metadata.icc_profile == SRGB
    assert b"a photo" in read.metadata.exif
    assert read.metadata.xmp == xmp


def iptc(caption):
    """A segment of a JPEG with IPTC's caption in Photoshop's resources, as its plugins write it."""
    record = b"\x1c\x02\x78" + len(caption).to_bytes(2, "big") + caption
    resource = b"8BIM\x04\x04\0\0" + len(record).to_bytes(4, "big") + record
    body = b"Photoshop 3.0\0" + resource + b"\0" * (len(record) % 2)
    return b"\xff\xed" + (len(body) + 2).to_bytes(2, "big") + body


def test_a_jpegs_caption_and_comment_are_said_to_be_dropped(photo):
    picture = PIL.Image.fromarray(photo)
    for comment, extra, expected in (
        (b"mine", b"", ["the comment: dropped"]),
        (b"", iptc(b"a caption"), ["IPTC: dropped"]),
        (b"mine", iptc(b"a caption"), ["the comment: dropped", "IPTC: dropped"]),
    ):
        assert metadata.of_pil(opened(picture, "JPEG", comment=comment, extra=extra))[1] == expected
    # Photoshop's resources without a caption, here the resolution, say nothing.
    resolution = iptc(bytes(16)).replace(b"8BIM\x04\x04", b"8BIM\x03\xed")
    assert metadata.of_pil(opened(picture, "JPEG", extra=resolution))[1] == []


def test_a_pngs_texts_are_said_to_be_dropped_also_those_behind_the_pixels(photo):
    texts = PIL.PngImagePlugin.PngInfo()
    texts.add_text("Description", "a photo")
    texts.add_itxt("Copyright", "mine", zip=True)
    texts.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta/>")  # kept, as XMP
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG", pnginfo=texts)
    content, last = buffer.getvalue()[:-12], buffer.getvalue()[-12:]
    behind = b"tEXtSoftware\0ours"
    content += struct.pack(">I", len(behind) - 4) + behind + struct.pack(">I", zlib.crc32(behind))
    found, notes = metadata.of_pil(PIL.Image.open(io.BytesIO(content + last)))
    assert found.xmp == b"<x:xmpmeta/>"
    assert notes == ["PNG's texts (Copyright, Description, Software): dropped"]


@pytest.mark.parametrize(
    ("comment", "notes"),
    [
        (None, []),  # OpenJPEG names itself
        ("Created by OpenJPEG version 2.5.0", []),
        ("Created by OpenJPEG version 2.5.0 for my mother", ["the comment: dropped"]),
        ("mine", ["the comment: dropped"]),
    ],
)
def test_a_comment_by_which_a_program_names_itself_is_nobodys_loss(photo, comment, notes):
    options = {} if comment is None else {"comment": comment}
    source = opened(PIL.Image.fromarray(photo), "JPEG2000", **options)
    assert source.info["comment"].startswith(
        b"Created by OpenJPEG" if comment is None else comment.encode()
    )
    assert metadata.of_pil(source)[1] == notes
    for program in (
        b"Lavc58.134.100",
        b"CREATOR: gd-jpeg v1.0 (using IJG JPEG v80), quality = 85\n",
    ):
        assert metadata.of_pil(opened(PIL.Image.fromarray(photo), "JPEG", comment=program))[1] == []


#: An artist and a lens in UTF-8, which Pillow writes as question marks.
ARTIST = "J\u00fcrgen \u5b57".encode()


def exif_of(artist, orientation=6):
    tags = PIL.Image.Exif()
    tags[TAGS.Artist] = "?" * len(artist)
    if orientation:
        tags[TAGS.Orientation] = orientation
    return tags.tobytes().replace(b"?" * len(artist), artist)


@pytest.mark.parametrize("form", ["JPEG", "PNG", "WEBP", "AVIF"])
def test_text_that_is_not_ascii_keeps_its_bytes_on_the_whole_way(photo, form):
    # Into an AVIF, Pillow itself writes EXIF with an orientation anew.
    content = exif_of(ARTIST, orientation=None if form == "AVIF" else 6)
    found, notes = metadata.of_pil(opened(PIL.Image.fromarray(photo), form, exif=content))
    assert notes == []
    assert ARTIST + b"\0" in found.exif
    for again in ("png", "jpeg", "webp"):
        restored = PIL.Image.open(io.BytesIO(files.encode(photo, found, again)))
        assert metadata.of_pil(restored)[0].exif == found.exif


def test_exif_that_image_magick_put_into_a_png_as_text_is_taken_as_it_is(photo):
    text = exif_of(ARTIST).hex()
    texts = PIL.PngImagePlugin.PngInfo()
    texts.add_text(
        "Raw profile type exif", f"\nexif\n{len(text) // 2:8}\n{text[:72]}\n{text[72:]}\n"
    )
    found, notes = metadata.of_pil(opened(PIL.Image.fromarray(photo), "PNG", pnginfo=texts))
    assert (ARTIST in found.exif, notes) == (True, [])


def test_a_tiff_without_metadata_has_none(photo):
    assert metadata.of_pil(opened(PIL.Image.fromarray(photo), "TIFF")) == (metadata.Metadata(), [])


@pytest.mark.parametrize("big", [False, True])
def test_of_a_tiff_what_describes_the_picture_is_its_exif(photo, big):
    directory = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    directory[TAGS.ImageDescription] = "a photo"
    directory[TAGS.Artist] = ARTIST
    directory[TAGS.Orientation] = 6
    directory[TAGS.XPTitle] = b"t\0\0\0"
    directory[PIL.ExifTags.IFD.Exif] = {TAGS.ExposureTime: 0.5}
    directory[PIL.ExifTags.IFD.GPSInfo] = {PIL.ExifTags.GPS.GPSLatitudeRef: "N"}
    picture = PIL.Image.fromarray(photo)
    options = {"tiffinfo": directory, "icc_profile": SRGB, "dpi": (72, 72), "big_tiff": big}
    found, notes = metadata.of_pil(opened(picture, "TIFF", **options))
    again = PIL.Image.open(io.BytesIO(files.encode(photo, found, "jpeg"))).getexif()
    assert set(again) == {
        *(TAGS.ImageDescription, TAGS.XPTitle, PIL.ExifTags.IFD.Exif, PIL.ExifTags.IFD.GPSInfo),
        *(TAGS.XResolution, TAGS.YResolution, TAGS.ResolutionUnit, TAGS.Artist),
    }
    assert again[TAGS.Artist].encode("latin-1") == ARTIST
    assert again[TAGS.ImageDescription] == "a photo"
    assert again.get_ifd(PIL.ExifTags.IFD.Exif) == {TAGS.ExposureTime: 0.5}
    assert again.get_ifd(PIL.ExifTags.IFD.GPSInfo) == {PIL.ExifTags.GPS.GPSLatitudeRef: "N"}
    assert (found.icc_profile, notes) == (SRGB, [])


def test_a_large_profile_of_a_tiff_does_not_cost_its_exif_and_foreign_tags_are_named(photo):
    directory = PIL.TiffImagePlugin.ImageFileDirectory_v2()
    directory[TAGS.Artist] = "me"
    directory.tagtype |= {33550: 12, 33723: 7, 34377: 7}
    directory[33550] = (1.0, 1.0, 0.0)  # of GeoTIFF
    directory[33723] = b"\x1c\x02\x78\0\x01a"
    directory[34377] = b"8BIM"
    profile = SRGB + bytes(100_000)
    picture = PIL.Image.fromarray(photo)
    found, notes = metadata.of_pil(opened(picture, "TIFF", tiffinfo=directory, icc_profile=profile))
    assert found.icc_profile == profile
    assert b"me\0" in found.exif
    assert len(found.exif) < 100
    assert notes == ["IPTC: dropped", "TIFF's tags 33550, 34377: dropped"]
