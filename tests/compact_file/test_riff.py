import io

import numpy as np
import PIL.Image

from comrec_tf.compact_file import riff


def test_chunks_are_found_by_their_kind_whatever_their_length():
    content = riff.webp(riff.chunk(b"odd ", b"abc") + riff.chunk(b"ComR", b"ours") * 2)
    assert riff.is_webp(content)
    assert list(riff.chunks(content, b"odd ")) == [b"abc"]
    assert list(riff.chunks(content, b"ComR")) == [b"ours", b"ours"]
    assert list(riff.chunks(content, b"none")) == []
    assert list(riff.chunks(content[:-2], b"ComR")) == [b"ours", b"ou"]
    assert not riff.is_webp(b"RIFF\4\0\0\0WAVE")


def test_a_file_of_pillows_is_the_same_made_of_its_chunks_and_shown_with_more(photo):
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "WEBP")
    content = buffer.getvalue()
    (pixels,) = riff.chunks(content, b"VP8 ")
    assert riff.webp(riff.chunk(b"VP8 ", pixels)) == content
    more = riff.webp(content[riff.START :] + riff.chunk(b"ComR", b"odd"))
    with PIL.Image.open(io.BytesIO(more)) as shown, PIL.Image.open(buffer) as expected:
        np.testing.assert_array_equal(np.asarray(shown), np.asarray(expected))
