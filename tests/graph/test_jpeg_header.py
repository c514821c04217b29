import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.compression import ordinary_jpeg
from comrec_tf.graph import jpeg_header

FACTORS = {"grey": [1, 1], "4:4:4": [1, 1], "4:2:2": [2, 1], "4:2:0": [2, 2], "CMYK": [1, 1]}


@pytest.fixture(scope="module")
def read():
    traced = tf.function(jpeg_header.read, input_signature=[tf.TensorSpec([], tf.string)])
    return lambda content: {name: value.numpy() for name, value in traced(content).items()}


def jpeg(kind="4:2:0", quality=50, **options) -> bytes:
    pixels = np.random.default_rng(0).integers(0, 256, (19, 26, 3), np.uint8)
    mode = {"grey": "L", "CMYK": "CMYK"}.get(kind, "RGB")
    if mode == "RGB":
        options["subsampling"] = kind
    buffer = io.BytesIO()
    PIL.Image.fromarray(pixels).convert(mode).save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


@pytest.mark.parametrize("kind", FACTORS)
@pytest.mark.parametrize(("quality", "progressive"), [(7, False), (50, True), (93, False)])
def test_it_says_what_pillow_says(read, kind, quality, progressive):
    content = jpeg(kind, quality, progressive=progressive)
    expected = ordinary_jpeg.read(content, 10_000)
    found = read(content)
    assert found["table"].tolist() == expected.table.tolist()
    assert (found["factors"].tolist(), expected.subsampling) == (FACTORS[kind], kind)
    assert found["components"] == {"grey": 1, "CMYK": 4}.get(kind, 3)


def test_tables_of_one_segment_and_of_16_bits_are_read(read):
    content = jpeg("4:4:4")
    first = content.index(b"\xff\xdb")
    luma, chroma = (np.frombuffer(content[p : p + 64], np.uint8) for p in (first + 5, first + 74))
    behind = first + 2 * 69
    steps = luma.astype(">u2") + 300
    body = b"\x01" + chroma.tobytes() + b"\x10" + steps.tobytes()
    segment = b"\xff\xdb" + (2 + len(body)).to_bytes(2, "big") + body
    made = content[:first] + segment + content[behind:]
    expected = ordinary_jpeg.read(made, 10_000)
    assert expected.table.max() > 255
    assert read(made)["table"].tolist() == expected.table.tolist()


def test_fill_bytes_and_unknown_segments_are_passed_over(read):
    content = jpeg()
    more = b"\xff\xff\xff\xe3\0\x04ab" + b"\xff\xfe\0\x06\xff\xda\xff\xdb"
    made = content[:2] + more + content[2:]
    assert ordinary_jpeg.read(made, 10_000).subsampling == "4:2:0"
    assert read(made)["table"].tolist() == read(content)["table"].tolist()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JPEG"),
        (b"\x89PNG", "not a JPEG"),
        (b"\xff\xd8", "damaged"),
        (jpeg()[:100], "damaged"),
        (b"\xff\xd8" + b"\xff\xe0\0\2" * 100_000, "damaged"),
        (jpeg().replace(b"\xff\xdb", b"\xff\xef"), "damaged"),
    ],
)
def test_what_is_no_whole_header_is_refused_soon(read, content, message):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        read(content)


def test_damage_of_all_kinds_fails_in_no_other_way(read):
    random = np.random.default_rng(0)
    whole = jpeg()
    contents = [whole[:cut] for cut in range(0, len(whole), 11)]
    for _ in range(200):
        content = bytearray(whole)
        for place in random.integers(2, 200, 3):
            content[place] = random.integers(0, 256)
        contents.append(bytes(content))
    refused = 0
    for content in contents:
        try:
            assert read(content)["table"].min() >= 1
        except tf.errors.InvalidArgumentError:
            refused += 1
    assert 0 < refused < len(contents)
