import io
import struct

import PIL.ExifTags
import PIL.Image
import pytest

from comrec_tf.images import exif

TAGS, IFD = PIL.ExifTags.Base, PIL.ExifTags.IFD
ASCII, SHORT, LONG, UNDEFINED = 2, 3, 4, 7
THUMBNAIL = b"\xff\xd8 a preview \xff\xd9"
#: What no encoding of Pillow's keeps: UTF-8 and Latin-1.
ARTIST, LENS = "J\u00fcrgen \u5b57".encode(), b"Fotovariogoni\xf6n\0"


def directory(order, start, entries, following=0):
    """A directory of TIFF 6.0: (tag, type, count, value) each; longer values behind it."""
    head = struct.pack(f"{order}H", len(entries))
    values, place = b"", start + 2 + 12 * len(entries) + 4
    for tag, kind, count, value in entries:
        if isinstance(value, int):
            value = struct.pack(f"{order}{'H' if kind == SHORT else 'I'}", value)
        if len(value) > 4:
            values, value = values + value, struct.pack(f"{order}I", place + len(values))
        head += struct.pack(f"{order}HHI4s", tag, kind, count, value)
    return head + struct.pack(f"{order}I", following) + values


def camera_exif(order, orientation=6, *, preview=True, behind=b""):
    """EXIF as cameras write it: directories one behind the other, the preview the last."""
    start = {"<": b"II*\0", ">": b"MM\0*"}[order] + struct.pack(f"{order}I", 8)
    # The maker's own offset is from the beginning of EXIF: it says where the artist is.
    maker = b"MAKER\0" + struct.pack(f"{order}I", 50)

    def first(camera, following):
        entries = [
            (TAGS.Orientation, SHORT, 1, orientation),
            (TAGS.Artist, ASCII, len(ARTIST) + 1, ARTIST + b"\0"),
            (IFD.Exif, LONG, 1, camera),
        ]
        return directory(order, 8, entries, following)

    camera = [
        (TAGS.MakerNote, UNDEFINED, len(maker), maker),
        (TAGS.LensModel, ASCII, len(LENS), LENS),
    ]
    second = 8 + len(first(0, 0))
    third = second + len(directory(order, second, camera))
    size = 2 + 2 * 12 + 4
    entries = [(0x0201, LONG, 1, third + size), (0x0202, LONG, 1, len(THUMBNAIL))]
    content = start + first(second, third if preview else 0) + directory(order, second, camera)
    if preview:
        content += directory(order, third, entries) + THUMBNAIL
    return exif.START + content + behind


def read(content):
    tags = PIL.Image.Exif()
    tags.load(content)
    return tags


@pytest.mark.parametrize("order", "<>")
def test_all_but_the_orientation_and_the_preview_keeps_its_bytes_and_its_place(order):
    given = camera_exif(order)
    assert read(given)[TAGS.Orientation] == 6
    assert read(given).get_ifd(IFD.IFD1)[0x0202] == len(THUMBNAIL)
    made = exif.upright(given)
    expected = bytearray(camera_exif(order, 1, preview=False))
    assert made == expected
    tags = read(made)
    assert tags[TAGS.Orientation] == 1
    assert tags[TAGS.Artist].encode("latin-1") == ARTIST
    camera = tags.get_ifd(IFD.Exif)
    assert camera[TAGS.LensModel].encode("latin-1") == LENS[:-1]
    place = struct.unpack(f"{order}I", camera[TAGS.MakerNote][6:])[0] + len(exif.START)
    assert made[place:].startswith(ARTIST)
    assert given[place:].startswith(ARTIST)
    assert not tags.get_ifd(IFD.IFD1)
    assert exif.upright(made) == made
    assert exif.upright(given[len(exif.START) :]) == made


def test_what_lies_behind_the_preview_keeps_its_place_too():
    given = camera_exif("<", behind=b"of the maker")
    made = exif.upright(given)
    assert len(made) == len(given)
    assert made.endswith(THUMBNAIL + b"of the maker")
    assert not read(made).get_ifd(IFD.IFD1)
    # Filling is nobody's.
    assert exif.upright(camera_exif("<", behind=bytes(99))) == exif.upright(camera_exif("<"))


def test_an_orientation_of_another_type_becomes_a_short_number():
    words = [(TAGS.Orientation, ASCII, 4, b"abc\0"), (TAGS.ImageWidth, SHORT, 1, 7)]
    made = exif.upright(b"II*\0" + struct.pack("<I", 8) + directory("<", 8, words))
    assert dict(read(made)) == {TAGS.Orientation: 1, TAGS.ImageWidth: 7}


def test_nothing_is_left_of_an_orientation_alone():
    only = PIL.Image.Exif()
    only[TAGS.Orientation] = 6
    assert exif.upright(only.tobytes()) == b""
    assert exif.upright(PIL.Image.Exif().tobytes()) == b""


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"Exif\0\0",
        b"nothing like it",
        b"II*\0\xff\xff\xff\xff" + bytes(24),
        b"II*\0\x08\0\0\0\x01",
    ],
)
def test_what_is_no_exif_is_refused(content):
    with pytest.raises(ValueError, match=r"expected a (TIFF structure|directory)"):
        exif.upright(content)


def test_a_preview_that_leads_nowhere_or_in_circles_costs_nothing_else():
    given = bytearray(exif.upright(camera_exif(">")))
    end = len(exif.START) + 8 + 2 + 3 * 12
    for place in (8, 2**32 - 1, len(given)):
        given[end : end + 4] = struct.pack(">I", place)
        assert exif.upright(bytes(given)) == exif.upright(camera_exif(">"))


def test_cut_anywhere_it_is_refused_or_stays_as_long():
    content = camera_exif("<")
    for size in range(len(content)):
        try:
            made = exif.upright(content[:size])
        except ValueError:
            continue
        assert len(made) <= size
        with PIL.Image.open(io.BytesIO(jpeg_with(made))) as picture:
            picture.load()


def jpeg_with(content):
    buffer = io.BytesIO()
    PIL.Image.new("L", (8, 8)).save(buffer, "JPEG", exif=content)
    return buffer.getvalue()
