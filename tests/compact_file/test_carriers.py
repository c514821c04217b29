import io

import imagecodecs
import numpy as np
import PIL.Image
import pytest

from comrec_tf.compact_file import boxes, carriers
from comrec_tf.images.metadata import Metadata

PAYLOAD = carriers.MAGIC + bytes(range(15))
FORMATS = {
    "jpeg": ("JPEG", {}),
    "jpeg2000": ("JPEG2000", {"no_jp2": True}),
    "webp": ("WEBP", {"quality": 30}),
    "avif": ("AVIF", {"quality": 30}),
    "jpeg-xl": ("JPEG", {"quality": 30}),
}


def saved(name: str, photo) -> bytes:
    buffer = io.BytesIO()
    form, options = FORMATS[name]
    PIL.Image.fromarray(photo).save(buffer, form, **options)
    if name == "jpeg-xl":
        return bytes(imagecodecs.jpegxl_encode_jpeg(buffer.getvalue(), usecontainer=True))
    return buffer.getvalue()


def seen(content: bytes) -> np.ndarray:
    """What a viewer makes of a file."""
    if content[4:8] == b"JXL ":
        return imagecodecs.jpegxl_decode(content)
    return np.asarray(PIL.Image.open(io.BytesIO(content)))


@pytest.fixture(params=FORMATS)
def file(request, photo):
    return request.param, saved(request.param, photo)


def test_formats_are_told_by_their_first_bytes(file):
    name, content = file
    assert carriers.file_format(content) == carriers.file_format(content[:12]) == name
    with pytest.raises(ValueError, match="not a JPEG, JPEG XL, WebP, AVIF or JPEG 2000"):
        carriers.file_format(b"\x89PNG\r\n\x1a\n" + content)


@pytest.mark.parametrize("payload", [PAYLOAD, PAYLOAD + b"\xff"])
def test_what_is_put_in_is_found_and_viewers_see_the_same_picture(file, payload):
    _, content = file
    assert carriers.extract(content) is None
    carrying = carriers.embed(content, payload)
    assert carriers.extract(carrying) == payload
    np.testing.assert_array_equal(seen(content), seen(carrying))
    assert len(carrying) - len(content) <= len(payload) + 24


def test_it_is_found_beside_what_other_programs_put_in(photo):
    exif = PIL.Image.Exif()
    exif[0x010E] = "a description"
    for form in ("WEBP", "AVIF"):
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo).save(buffer, form, exif=exif)
        carrying = carriers.embed(buffer.getvalue(), PAYLOAD)
        assert carriers.extract(carrying) == PAYLOAD
        assert PIL.Image.open(io.BytesIO(carrying)).getexif()[0x010E] == "a description"
        other = carriers.embed(buffer.getvalue(), b"Else" + bytes(7))
        assert carriers.extract(other) is None


@pytest.mark.parametrize("keep", [0, 3, 12, 20, -5])
def test_files_cut_short_never_end_in_anything_but_an_answer_or_a_value_error(file, keep):
    _, content = file
    cut = carriers.embed(content, PAYLOAD)[:keep]
    try:
        found = carriers.extract(cut)
    except ValueError:
        found = None
    assert found is None or PAYLOAD.startswith(found[: len(PAYLOAD)])


def test_lengths_that_lie_do_not_hang():
    box = (0).to_bytes(4, "big") + b"ftypavif" + bytes(8)
    assert carriers.extract(box) is None
    endless = (1).to_bytes(4, "big") + b"ftypavif" + bytes(16)
    assert carriers.extract(endless) is None
    assert carriers.extract(b"\xff\xd8\xff\xe0\x00\x00" * 9) is None


@pytest.mark.parametrize(
    "metadata", [Metadata(), Metadata(b"Exif\0\0MM\0*" + bytes(300), b"p" * 99)]
)
def test_exif_and_profile_come_back_beside_the_payload(file, metadata):
    _, content = file
    carrying = carriers.embed(carriers.embed_metadata(content, metadata), PAYLOAD)
    assert carriers.extract_metadata(carrying) == metadata
    assert carriers.extract(carrying) == PAYLOAD
    np.testing.assert_array_equal(seen(content), seen(carrying))


def test_viewers_of_a_jpeg_see_them_and_long_profiles_take_several_segments(photo):
    profile = np.random.default_rng(0).bytes(150_000)
    exif = PIL.Image.Exif()
    exif[0x010E] = "a description"
    metadata = Metadata(exif.tobytes(), profile)
    content = carriers.embed_metadata(saved("jpeg", photo), metadata)
    viewer = PIL.Image.open(io.BytesIO(content))
    assert viewer.getexif()[0x010E] == "a description"
    assert viewer.info["icc_profile"] == profile


def test_metadata_that_a_format_cannot_hold_is_an_error(photo):
    for name, metadata in (
        ("jpeg", Metadata(bytes(70_000))),
        ("jpeg2000", Metadata(b"", bytes(70_000))),
    ):
        with pytest.raises(ValueError, match=r"at most 65,533 bytes of metadata. Received: 70,0"):
            carriers.embed_metadata(saved(name, photo), metadata)


def test_metadata_can_be_taken_out_again_to_the_byte(file):
    name, content = file
    bare = carriers.embed(content, PAYLOAD)
    extra = Metadata(b"Exif\0\0MM\0*\0\0\0\x08", b"a profile", b"a place")
    full = carriers.embed(carriers.embed_metadata(content, extra), PAYLOAD)
    left = carriers.without_metadata(full)
    if name == "jpeg2000":  # its encoder signs with a comment, which goes too
        assert len(left) < len(bare)
        np.testing.assert_array_equal(seen(left), seen(bare))
    else:
        assert left == bare
    assert carriers.extract(left) == PAYLOAD
    assert carriers.checksum(left) == carriers.checksum(full)
    with pytest.raises(ValueError, match="expected a file with a payload"):
        carriers.without_metadata(content)


def test_what_other_programs_put_in_is_taken_out_or_told_by_the_checksum(photo):
    exif = PIL.Image.Exif()
    exif[0x010E] = "a place"
    for name in ("jpeg", "webp", "avif"):
        buffer = io.BytesIO()
        form, options = FORMATS[name]
        PIL.Image.fromarray(photo).save(buffer, form, exif=exif, **options)
        own = carriers.embed(saved(name, photo), PAYLOAD)
        left = carriers.without_metadata(carriers.embed(buffer.getvalue(), PAYLOAD))
        if name == "avif":  # there they lie between the pixels
            assert carriers.checksum(left) != carriers.checksum(own)
        else:
            assert left == own
    content = saved("avif", photo)
    behind_type = int.from_bytes(content[:4], "big")
    moved = content[:behind_type] + boxes.box(b"free", bytes(8)) + content[behind_type:]
    with pytest.raises(ValueError, match="expected metadata behind the pixels"):
        carriers.without_metadata(carriers.embed(moved, PAYLOAD))
