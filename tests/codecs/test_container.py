import dataclasses
import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.codecs import container

HEADER = container.Header(preset_id=0xDEADBEEF, scale=2, quality=37, height=1025, width=70_001)
EXTREMES = [
    HEADER,
    container.Header(0, 1, 1, 1, 1),
    container.Header(2**32 - 1, 2, 100, 2**24 - 1, 2**24 - 1),
]


def jpeg(**kwargs) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.arange(64, dtype=np.uint8).reshape(8, 8)).save(buffer, "JPEG", **kwargs)
    return buffer.getvalue()


def in_graph(content: bytes) -> dict[str, int]:
    signature = [tf.TensorSpec([], tf.string)]
    traced = tf.function(container.read_graph, input_signature=signature)
    return {name: int(value) for name, value in traced(content).items()}


@pytest.mark.parametrize("header", EXTREMES)
def test_what_is_written_is_read(header):
    assert container.read(container.write(jpeg(), header)) == header


@pytest.mark.parametrize("header", EXTREMES)
def test_python_and_graph_write_the_same_bytes_and_read_the_same_numbers(header):
    fields = dataclasses.asdict(header)
    tensors = {name: tf.constant(value, tf.int64) for name, value in fields.items()}
    expected = container.write(jpeg(), header)
    assert tf.function(container.write_graph)(jpeg(), tensors) == expected
    assert in_graph(expected) == fields


def test_the_segment_is_21_bytes_and_follows_the_jfif_header():
    plain = jpeg()
    content = container.write(plain, HEADER)
    assert len(content) - len(plain) == container.SEGMENT_BYTES == 21
    assert content[:20] == plain[:20]
    assert content[20:22] == b"\xff\xe9"
    assert content[41:] == plain[20:]


def test_a_viewer_sees_the_same_picture():
    plain = jpeg()
    content = container.write(plain, HEADER)
    assert PIL.Image.open(io.BytesIO(content)).tobytes() == (
        PIL.Image.open(io.BytesIO(plain)).tobytes()
    )


@pytest.mark.parametrize("read", [container.read, in_graph])
def test_segments_of_others_are_skipped(read):
    plain = jpeg(comment=b"before", exif=b"Exif\x00\x00" + bytes(50))
    foreign = b"\xff\xe9\x00\x08Other!"
    content = container.write(plain, HEADER)
    content = content[:2] + foreign + content[2:]
    header = read(content)
    assert (header if isinstance(header, dict) else dataclasses.asdict(header)) == (
        dataclasses.asdict(HEADER)
    )


@pytest.mark.parametrize("read", [container.read, in_graph])
@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "not a JPEG"),
        (b"\xff", "not a JPEG"),
        (b"\x89PNG", "not a JPEG"),
        (b"\xff\xd8", "no ComRec segment"),
        (b"\xff\xd8\xff\xe9\x00\x13", "no ComRec segment"),
        (jpeg(), "no ComRec segment"),
        (b"\xff\xd8\xff\xe9\x00\x13ComR\x01", "21 bytes long"),
    ],
)
def test_files_without_a_whole_segment_are_refused(read, content, message):
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=message):
        read(content)


@pytest.mark.parametrize("read", [container.read, in_graph])
@pytest.mark.parametrize(
    ("offset", "value", "message"), [(8, 2, "version 1"), (13, 0, "scale"), (14, 101, "quality")]
)
def test_damaged_segments_are_refused(read, offset, value, message):
    content = bytearray(container.write(jpeg(), HEADER))
    content[20 + offset] = value
    with pytest.raises((ValueError, tf.errors.InvalidArgumentError), match=message):
        read(bytes(content))


@pytest.mark.parametrize("field", ["preset_id", "scale", "quality", "height", "width"])
def test_numbers_out_of_range_are_not_written(field):
    for value in (-1, 2**32):
        with pytest.raises(ValueError, match=f"{field}={value}"):
            dataclasses.replace(HEADER, **{field: value})
