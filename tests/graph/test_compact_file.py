"""The twin of `compact_file.container`, which is what it is held to."""

import dataclasses

import pytest
import tensorflow as tf

from comrec_tf.compact_file import container
from comrec_tf.graph import compact_file
from tests.compact_file.cases import EXTREMES, HEADER, PAYLOAD, jpeg
from tests.exporting.web_cases import first_version


@pytest.fixture(scope="module")
def in_graph():
    """Reads with a traced function."""
    traced = tf.function(compact_file.read, input_signature=[tf.TensorSpec([], tf.string)])

    def read(content: bytes) -> container.Header:
        fields = {name: value.numpy().item() for name, value in traced(content).items()}
        return container.Header(**{**fields, "grey": bool(fields["grey"])})

    return read


@pytest.mark.parametrize("header", EXTREMES)
def test_python_and_graph_write_the_same_bytes_and_read_the_same_numbers(header, in_graph):
    tensors = {
        name: tf.constant(value, tf.float32 if name == "step" else tf.int64)
        for name, value in dataclasses.asdict(header).items()
        if name != "checksum"
    }
    expected = container.write(jpeg(), header)
    assert tf.function(compact_file.write)(jpeg(), tensors) == expected
    assert in_graph(expected) == header
    assert len(expected) - len(jpeg()) == compact_file.ADDED_BYTES


@pytest.mark.parametrize("header", EXTREMES)
def test_files_of_the_version_before_are_still_read(header, in_graph):
    assert in_graph(first_version(container.write(jpeg(), header))) == header


def test_what_others_put_in_is_passed_over(in_graph):
    content = container.write(jpeg(comment=b"before", exif=b"Exif\0\0" + bytes(50)), HEADER)
    assert in_graph(content[:2] + b"\xff\xe9\x00\x08Other!" + content[2:]) == HEADER
    content = container.write(jpeg(), HEADER)
    assert in_graph(content[:23] + b"\xff\xfe\x00\x07hello" + content[23:]) == HEADER


def test_a_file_of_segments_alone_is_given_up_soon(in_graph):
    """A million of them would take minutes, before our own and behind."""
    content = container.write(jpeg(), HEADER)
    many = 1_000_000 * b"\xff\xe3\0\2"
    with pytest.raises(tf.errors.InvalidArgumentError, match="no ComRec"):
        in_graph(content[:2] + many + content[2:])
    behind = content.index(b"\xff\xdb")
    with pytest.raises(tf.errors.InvalidArgumentError, match="checksum"):
        in_graph(content[:behind] + many.replace(b"\xe3", b"\xdb") + content[behind:])


@pytest.mark.parametrize("offset", [30, 90, -30, -3])
def test_a_flipped_byte_of_the_picture_is_noticed(offset, in_graph):
    content = bytearray(container.write(jpeg(), HEADER))
    content[offset + (PAYLOAD if offset > 0 else 0)] ^= 1
    with pytest.raises(tf.errors.InvalidArgumentError, match="checksum|no ComRec|JPEG|marker"):
        in_graph(bytes(content))


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
def test_files_without_a_whole_segment_are_refused(content, message, in_graph):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        in_graph(content)


@pytest.mark.parametrize(
    ("offset", "value", "message"),
    [
        (4, b"\2", "version 1 or 3"),
        (9, b"\0", "scale"),
        (10, b"e", "quality"),
        (11, b"\0\0", "step"),
    ],
)
def test_damaged_segments_are_refused(offset, value, message, in_graph):
    content = bytearray(container.write(jpeg(), HEADER))
    content[PAYLOAD + offset : PAYLOAD + offset + len(value)] = value
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        in_graph(bytes(content))


def test_what_is_required_is_checked_before_what_stands_inside():
    @tf.function
    def halved(number):
        with compact_file.require(number % 2 == 0, "expected an even number. Received:", number):
            return tf.identity(number) // 2

    assert int(halved(tf.constant(6))) == 3
    with pytest.raises(tf.errors.InvalidArgumentError, match="an even number"):
        halved(tf.constant(7))
