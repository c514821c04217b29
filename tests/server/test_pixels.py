import struct
import zlib

import numpy as np
import pytest

pytest.importorskip("grpc")
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import container
from comrec_tf.server import pixels
from tests.server.makers import png


def test_pictures_arrays_and_originals_of_compact_files_are_counted():
    bitstream = JpegCodec().encode(np.zeros((8, 8, 3), np.uint8), 50)
    header = container.Header(0, 2, 50, 16.0, 15, 16, False)
    assert pixels.count({"image_bytes": [png(3, 4), png(5, 6)]}) == 12 + 30
    assert pixels.count({"code_bytes": [container.write(bitstream, header)]}) == 15 * 16
    assert pixels.count({"pixels": np.zeros((2, 3, 4, 3), np.uint8)}) == 24
    both = {"image_bytes": [png(1, 1)], "pixels": np.zeros((1, 2, 2, 1), np.uint8)}
    assert pixels.count(both) == 5
    assert pixels.count({"quality": np.array([90])}) == 0


def test_what_is_no_picture_counts_nothing():
    assert pixels.count({"image_bytes": [b"junk", b""], "code_bytes": [b"junk", png(2, 2)]}) == 0


def test_a_bomb_counts_more_than_any_limit():
    header = b"IHDR" + struct.pack(">IIBBBBB", 2**31 - 1, 2**31 - 1, 8, 0, 0, 0, 0)
    checksum = struct.pack(">I", zlib.crc32(header))
    head = b"\x89PNG\r\n\x1a\n\0\0\0\r" + header + checksum
    head += b"\0\0\0\0IDAT" + struct.pack(">I", zlib.crc32(b"IDAT"))
    assert pixels.count({"image_bytes": [head]}) > 10**12
