import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import joined_tables


def saved(picture: np.ndarray, **options) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture.squeeze()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def decoded(content: bytes) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(content)))


@pytest.mark.parametrize("progressive", [False, True])
def test_a_file_is_smaller_and_decodes_to_the_same(photo, grey_photo, progressive):
    for picture, tables in ((photo, 2), (grey_photo, 1)):
        content = saved(picture, quality=30, optimize=True, progressive=progressive)
        joined = joined_tables.join(content)
        np.testing.assert_array_equal(decoded(joined), decoded(content))
        before_scan = joined[: joined.index(b"\xff\xda")]
        assert (before_scan.count(b"\xff\xdb"), before_scan.count(b"\xff\xc4")) == (1, 1)
        # Four bytes for each segment less: quantisation tables, and two Huffman tables for each.
        if not progressive:
            assert len(content) - len(joined) == 4 * (tables - 1) + 4 * (2 * tables - 1)


def test_what_is_joined_already_stays_and_so_do_all_other_segments(photo):
    once = joined_tables.join(saved(photo, comment=b"one", exif=b"Exif\0\0" + bytes(40)))
    assert joined_tables.join(once) == once
    picture = PIL.Image.open(io.BytesIO(once))
    assert picture.info["comment"] == b"one"
    assert picture.info["exif"] == b"Exif\0\0" + bytes(40)
