import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.images import jpeg_markers, marker_segments


@pytest.fixture(scope="module")
def jpeg():
    buffer = io.BytesIO()
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    PIL.Image.fromarray(pixels).save(buffer, "JPEG", comment=b"a comment", exif=b"Exif\0\0II*\0")
    return buffer.getvalue()


def test_segments_of_a_jpeg_are_those_that_pillow_reads(jpeg):
    found = [
        (marker, jpeg[start + 4 : end])
        for marker, start, end in marker_segments.walk(jpeg, jpeg_markers.SOS)
    ]
    with PIL.Image.open(io.BytesIO(jpeg)) as picture:
        applications = [(0xE0 + int(name[3:]), content) for name, content in picture.applist[:2]]
        assert picture.quantization.keys() == {0, 1}
    assert found[:2] == applications
    assert (jpeg_markers.COM, b"a comment") in found
    assert sum(len(content) for marker, content in found if marker == jpeg_markers.DQT) == 2 * 65
    assert jpeg_markers.SOS not in dict(found)


def test_what_is_written_is_walked_over_again(jpeg):
    segments = list(marker_segments.walk(jpeg, jpeg_markers.SOS))
    written = b"".join(
        marker_segments.segment(marker, jpeg[start + 4 : end]) for marker, start, end in segments
    )
    assert written == jpeg[2 : segments[-1][2]]


def test_a_walk_ends_before_what_is_no_segment_and_where_a_file_is_cut_short():
    file = b"\xff\xd8" + marker_segments.segment(0xE1, b"content")
    assert list(marker_segments.walk(file + b"pixels", 0xDA)) == [(0xE1, 2, 13)]
    assert list(marker_segments.walk(file[:8], 0xDA)) == [(0xE1, 2, 13)]
    assert list(marker_segments.walk(file[:5], 0xDA)) == []
    assert list(marker_segments.walk(file, 0xE1)) == []


def test_a_content_that_is_too_long_is_refused():
    assert len(marker_segments.segment(0xE1, bytes(65_533))) == 65_537
    with pytest.raises(OverflowError):
        marker_segments.segment(0xE1, bytes(65_534))
