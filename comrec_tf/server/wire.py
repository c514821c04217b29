"""How many parts a serialized PredictRequest has, counted before protobuf makes objects of them.

Two bytes on the wire can become an object of forty bytes: 64 MB of empty strings would take more
than a gigabyte. The walk below only looks at lengths, and ends when there are too many parts.
"""

from comrec_tf.server.errors import invalid

__all__ = ["MAX_FIELDS", "check_request"]

#: The most fields of a request, all its inputs and their values together.
MAX_FIELDS = 4096
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10

# What is inside the fields that hold messages, by field number: PredictRequest, an entry of its
# inputs, TensorProto with its shape.
_SHAPE: dict = {2: {}}
_TENSOR: dict = {2: _SHAPE}
_REQUEST: dict = {1: {2: {}}, 2: {2: _TENSOR}, 5: {2: {}}}
#: Handles and variants: no signature has any, and they can be nested.
_REFUSED = {14, 15}


def check_request(content: bytes) -> None:
    """Refuse a request that is not a PredictRequest, or one of too many parts.

    Args:
        content: the serialized PredictRequest.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    waiting = [(0, len(content), _REQUEST)]
    count = 0
    while waiting:
        position, end, inside = waiting.pop()
        while position < end:
            count += 1
            if count > MAX_FIELDS:
                raise invalid(f"expected at most {MAX_FIELDS} values in a request")
            tag, position = _varint(content, position, end)
            number, kind = tag >> 3, tag & 7
            if kind == _VARINT:
                _, position = _varint(content, position, end)
                continue
            if kind == _BYTES:
                length, position = _varint(content, position, end)
            elif kind in (_FIXED32, _FIXED64):
                length = 4 if kind == _FIXED32 else 8
            else:
                raise invalid("the bytes are not a PredictRequest")
            if length > end - position or (inside is _TENSOR and number in _REFUSED):
                raise invalid("the bytes are not a PredictRequest")
            if kind == _BYTES and number in inside:
                waiting.append((position, position + length, inside[number]))
            position += length


def _varint(content: bytes, position: int, end: int) -> tuple[int, int]:
    value = 0
    for index in range(min(_MAX_VARINT_BYTES, end - position)):
        byte = content[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise invalid("the bytes are not a PredictRequest")
