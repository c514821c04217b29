"""How many parts a serialized PredictRequest has, counted before protobuf makes objects of them.

Two bytes on the wire can become an object of forty bytes: 64 MB of empty strings would take more
than a gigabyte; in a list of numbers one byte can become eight. The walk below only looks at
lengths, and ends when there is too much.
"""

from comrec_tf.server.errors import invalid
from comrec_tf.server.tensors import MAX_LISTED

__all__ = ["MAX_FIELDS", "MAX_LIST_BYTES", "check_request"]

#: The most fields of a request, all its inputs and their values together.
MAX_FIELDS = 4096
_VARINT, _FIXED64, _BYTES, _FIXED32 = 0, 1, 2, 5
_MAX_VARINT_BYTES = 10
#: The most bytes of all lists of numbers: `MAX_LISTED` of them fit whatever they are.
MAX_LIST_BYTES = _MAX_VARINT_BYTES * MAX_LISTED

# What is inside the fields that hold messages, by field number: PredictRequest, an entry of its
# inputs, TensorProto with its shape.
_SHAPE: dict = {2: {}}
_TENSOR: dict = {2: _SHAPE}
#: tensor_content and string_val; whatever else a tensor has of bytes is a list of numbers.
_BYTES_OF_TENSOR = {4, 8}
_REQUEST: dict = {1: {2: {}}, 2: {2: _TENSOR}, 5: {2: {}}}
#: Handles and variants: no signature has any, and they can be nested.
_REFUSED = {14, 15}


def check_request(content: bytes) -> None:
    """Refuse a request that is not a PredictRequest, or one of too many parts or listed numbers.

    Args:
        content: the serialized PredictRequest.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    waiting = [(0, len(content), _REQUEST)]
    count = list_bytes = 0
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
            elif kind == _BYTES and inside is _TENSOR and number not in _BYTES_OF_TENSOR:
                list_bytes += length
                if list_bytes > MAX_LIST_BYTES:
                    raise invalid(
                        f"expected at most {MAX_LIST_BYTES} bytes of listed numbers in a request: "
                        "send them as tensor_content"
                    )
            position += length


def _varint(content: bytes, position: int, end: int) -> tuple[int, int]:
    value = 0
    for index in range(min(_MAX_VARINT_BYTES, end - position)):
        byte = content[position + index]
        value |= (byte & 0x7F) << (7 * index)
        if byte < 0x80:
            return value, position + index + 1
    raise invalid("the bytes are not a PredictRequest")
