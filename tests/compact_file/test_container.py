import dataclasses
import io
import zlib

import numpy as np
import PIL.Image
import pytest

from comrec_tf.compact_file import carriers, container
from tests.compact_file.cases import EXTREMES, HEADER, PAYLOAD, jpeg


def bare(header: container.Header) -> container.Header:
    return dataclasses.replace(header, checksum=None)


@pytest.mark.parametrize("header", EXTREMES)
def test_what_is_written_is_read_with_the_checksum_of_the_picture(header):
    content = container.write(jpeg(), header)
    assert bare(container.read(content)) == header
    assert container.read(content).checksum == carriers.checksum(jpeg())
    container.verify(content, container.read(content))


def test_the_segment_is_21_bytes_and_takes_the_place_of_the_jfif_header():
    plain = jpeg()
    assert plain[2:4] == b"\xff\xe0"
    content = container.write(plain, HEADER)
    assert content[:4] == plain[:2] + b"\xff\xe9"
    assert content[23:] == plain[20:]
    assert container.write(plain[:2] + plain[20:], HEADER) == content


def test_the_picture_inside_has_its_colours_without_the_jfif_header(photo):
    for subsampling in ("4:2:0", "4:4:4"):
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo).save(buffer, "JPEG", subsampling=subsampling)
        content = container.write(buffer.getvalue(), HEADER)
        seen = np.asarray(PIL.Image.open(io.BytesIO(content)))
        np.testing.assert_array_equal(seen, np.asarray(PIL.Image.open(buffer)))


def test_the_layout_is_what_the_module_says():
    content = container.write(jpeg(), HEADER)[PAYLOAD : PAYLOAD + 17]
    expected = b"ComR" + bytes([3]) + b"\xde\xad\xbe\xef" + bytes([2 + 4 + 8, 37])
    expected += (64 * 21 + 32).to_bytes(2, "big")
    # JFIF's own segment is the 18 bytes from the third on.
    without = jpeg()[:2] + jpeg()[20:]
    assert content == expected + zlib.crc32(without).to_bytes(4, "big")


def version_1(header: container.Header) -> bytes:
    payload = b"ComR" + bytes([1]) + header.preset_id.to_bytes(4, "big")
    payload += bytes([header.scale + 4 * header.grey, header.quality])
    payload += int(64 * header.step).to_bytes(2, "big")
    payload += header.height.to_bytes(3, "big") + header.width.to_bytes(3, "big")
    plain = jpeg()
    return plain[:20] + b"\xff\xe9" + (2 + len(payload)).to_bytes(2, "big") + payload + plain[20:]


@pytest.mark.parametrize("header", EXTREMES)
def test_files_of_the_version_before_are_still_read(header):
    assert container.read(version_1(header)) == header
    container.verify(version_1(header), header)


@pytest.mark.parametrize("offset", [30, 90, -30, -3])
def test_a_flipped_byte_of_the_picture_is_noticed(offset):
    content = bytearray(container.write(jpeg(), HEADER))
    content[offset + (PAYLOAD if offset > 0 else 0)] ^= 1
    with pytest.raises(ValueError, match="checksum|no ComRec|damaged"):
        container.verify(bytes(content), container.read(bytes(content)))


def test_metadata_that_others_put_in_leave_the_checksum_alone():
    content = container.write(jpeg(), HEADER)
    comment = b"\xff\xfe\x00\x07hello"
    changed = content[:23] + comment + content[23:]
    container.verify(changed, container.read(changed))


def test_a_viewer_sees_the_same_picture():
    plain = jpeg()
    content = container.write(plain, HEADER)
    assert PIL.Image.open(io.BytesIO(content)).tobytes() == (
        PIL.Image.open(io.BytesIO(plain)).tobytes()
    )


def test_segments_of_others_are_skipped():
    plain = jpeg(comment=b"before", exif=b"Exif\x00\x00" + bytes(50))
    foreign = b"\xff\xe9\x00\x08Other!"
    content = container.write(plain, HEADER)
    content = content[:2] + foreign + content[2:]
    assert bare(container.read(content)) == HEADER


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JPEG"),
        (b"\xff", "not a JPEG"),
        (b"\x89PNG", "not a JPEG"),
        (b"\xff\xd8", "no ComRec data"),
        (b"\xff\xd8\xff\xe9\x00\x15", "no ComRec data"),
        (jpeg(), "no ComRec data"),
        (b"\xff\xd8\xff\xe9\x00\x15ComR\x01", "17 bytes long"),
    ],
)
def test_files_without_a_whole_segment_are_refused(content, message):
    with pytest.raises(ValueError, match=message):
        container.read(content)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, b"\2", "version 1 or 3"),
        (9, b"\0", "scale"),
        (10, b"e", "quality"),
        (11, b"\0\0", "step"),
    ],
)
def test_damaged_segments_are_refused(offset, value, message):
    content = bytearray(container.write(jpeg(), HEADER))
    content[PAYLOAD + offset : PAYLOAD + offset + len(value)] = value
    with pytest.raises(ValueError, match=message):
        container.read(bytes(content))


@pytest.mark.parametrize("field", ["preset_id", "scale", "quality", "step", "height", "width"])
def test_numbers_out_of_range_are_not_written(field):
    for value in (-1, 2**32):
        with pytest.raises(ValueError, match=f"{field}={value}"):
            dataclasses.replace(HEADER, **{field: value})


@pytest.mark.parametrize("given", ["photo.jpg", memoryview(b"photo"), None])
def test_what_is_no_bytes_is_refused_by_its_kind(given):
    kind = type(given).__name__
    with pytest.raises(TypeError, match=f"the bytes of a compact file. Received: {kind}$"):
        container.read(given)
