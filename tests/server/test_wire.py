import contextlib

import pytest

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
import numpy as np
import tensorflow as tf
from tensorflow_serving.apis import predict_pb2

from comrec_tf.server import tensors, wire
from comrec_tf.server.errors import RequestError


def request_of(**inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tiny"
    request.model_spec.version.value = 3
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


def test_usual_requests_are_let_through():
    request = request_of(image_bytes=[b"\x00" * 3000, b""] * 100, quality=np.arange(50))
    request.output_filter.append("code_bytes")
    wire.check_request(request.SerializeToString())
    wire.check_request(b"")


def test_a_request_of_many_empty_parts_is_refused_before_it_is_parsed():
    few = request_of(image_bytes=[b""] * 10)
    for grow in (
        lambda r: r.inputs["image_bytes"].string_val.extend([b""] * 5000),
        lambda r: [r.inputs["image_bytes"].tensor_shape.dim.add() for _ in range(5000)],
        lambda r: r.output_filter.extend([""] * 5000),
        lambda r: [r.inputs[str(number)] for number in range(5000)],
    ):
        many = predict_pb2.PredictRequest()
        many.CopyFrom(few)
        grow(many)
        with pytest.raises(RequestError, match="at most 4096 values"):
            wire.check_request(many.SerializeToString())


@pytest.mark.parametrize("pieces", [1, 5])
def test_lists_of_more_numbers_than_are_taken_are_refused_before_they_are_parsed(pieces):
    request = predict_pb2.PredictRequest()
    for piece in range(pieces):
        tensor = request.inputs[str(piece)]
        tensor.int64_val.extend(np.ones(4_000_000 // pieces, np.int64))
    with pytest.raises(RequestError, match="at most 655360 bytes of listed numbers"):
        wire.check_request(request.SerializeToString())


def test_as_many_numbers_as_are_taken_may_be_listed_and_more_come_as_bytes():
    listed = np.full(tensors.MAX_LISTED, -1)  # ten bytes each
    request = predict_pb2.PredictRequest()
    request.inputs["quality"].int64_val.extend(listed)
    request.inputs["pixels"].CopyFrom(tf.make_tensor_proto(np.ones(2_000_000, np.uint8)))
    wire.check_request(request.SerializeToString())


def test_bytes_that_are_no_message_are_refused():
    whole = request_of(image_bytes=[b"picture"]).SerializeToString()
    for content in (b"\x12\xff\xff\xff\xff\x0f", b"\xff" * 30, whole[:-1], b"\x0b\x0c"):
        with pytest.raises(RequestError, match="not a PredictRequest"):
            wire.check_request(content)


def test_nested_tensors_are_refused():
    tensor = tf.make_tensor_proto(1)
    tensor.variant_val.add().tensors.add()
    request = predict_pb2.PredictRequest()
    request.inputs["image_bytes"].CopyFrom(tensor)
    with pytest.raises(RequestError, match="not a PredictRequest"):
        wire.check_request(request.SerializeToString())


def test_every_request_that_protobuf_cannot_parse_is_refused_or_left_to_it():
    """Whatever the bytes, the walk raises no other errors."""
    random = np.random.default_rng(0)
    whole = bytearray(request_of(image_bytes=[b"picture"], quality=[1, 2]).SerializeToString())
    for _ in range(2000):
        content = bytearray(whole)
        for place in random.integers(0, len(content), 3):
            content[place] = random.integers(0, 256)
        with contextlib.suppress(RequestError):
            wire.check_request(bytes(content))
