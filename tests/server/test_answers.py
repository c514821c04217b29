"""Predict from bytes to bytes, with a model that gives back what it gets."""

import base64
import json

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tensorflow_serving.apis import predict_pb2

from comrec_tf.server.answers import Predictor
from comrec_tf.server.errors import RequestError
from comrec_tf.server.metrics import Metrics
from tests.server.makers import png


@pytest.fixture
def figures():
    return Metrics().request("GRPC")


def request_of(signature="", model="tiny", version=None, only=(), **inputs) -> bytes:
    request = predict_pb2.PredictRequest(output_filter=only)
    request.model_spec.name, request.model_spec.signature_name = model, signature
    if version is not None:
        request.model_spec.version.value = version
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request.SerializeToString()


def code_of(call) -> tuple[str, str]:
    with pytest.raises(RequestError) as caught:
        call()
    return caught.value.code.name, caught.value.message


def test_a_grpc_request_becomes_a_response_of_its_signature(echo_store, figures):
    content = request_of("times", image_bytes=[b"a"], times=np.array([5], np.int32))
    reply = predict_pb2.PredictResponse.FromString(
        Predictor(echo_store).grpc(content, None, figures)
    )
    assert (reply.model_spec.name, reply.model_spec.version.value) == ("tiny", 1)
    assert reply.model_spec.signature_name == "times"
    outputs = {name: tf.make_ndarray(value).tolist() for name, value in reply.outputs.items()}
    assert outputs == {"code_bytes": [b"a"], "height": [5]}
    content = request_of("times", only=["height"], image_bytes=[b"a"])
    reply = predict_pb2.PredictResponse.FromString(
        Predictor(echo_store).grpc(content, None, figures)
    )
    assert list(reply.outputs) == ["height"]


def test_what_was_done_is_told_to_the_metrics(echo_store, figures):
    picture = png(3, 4)
    answer = Predictor(echo_store).grpc(request_of(image_bytes=[picture]), None, figures)
    assert (figures.model, figures.pixels, figures.bytes_out) == ("tiny", 12, len(answer))
    assert figures.run_seconds > 0
    assert figures.engine == "tensorflow"


def test_a_rest_request_becomes_rows_or_columns(echo_store, figures):
    encoded = {"b64": base64.b64encode(b"\0\1").decode()}
    predictor = Predictor(echo_store)
    rows = json.dumps({"instances": [{"image_bytes": encoded}]}).encode()
    assert json.loads(predictor.rest("tiny", None, rows, figures)) == {"predictions": [encoded]}
    body = {"signature_name": "times", "inputs": {"image_bytes": [encoded], "times": [4]}}
    columns = json.loads(predictor.rest("tiny", 1, json.dumps(body).encode(), figures))
    assert columns == {"outputs": {"code_bytes": [encoded], "height": [4]}}


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no message", "INVALID_ARGUMENT"),
        (request_of(model="other", image_bytes=[b"a"]), "NOT_FOUND"),
        (request_of(version=7, image_bytes=[b"a"]), "NOT_FOUND"),
        (request_of("nothing", image_bytes=[b"a"]), "FAILED_PRECONDITION"),
        (request_of(image_bytes=[1.5]), "INVALID_ARGUMENT"),
        (request_of("encode", image_bytes=[b"junk"]), "INVALID_ARGUMENT"),
    ],
)
def test_each_failure_has_the_status_of_tensorflow_serving(echo_store, figures, content, code):
    assert code_of(lambda: Predictor(echo_store).grpc(content, None, figures))[0] == code


def test_a_strangers_model_does_not_become_a_label_of_the_metrics(echo_store, figures):
    content = request_of(model="stranger", image_bytes=[b"a"])
    code_of(lambda: Predictor(echo_store).grpc(content, None, figures))
    assert figures.model == ""


def test_a_signature_that_is_not_there_is_a_wrong_request_over_rest(echo_store, figures):
    body = json.dumps({"signature_name": "no", "instances": ["a"]}).encode()
    code, told = code_of(lambda: Predictor(echo_store).rest("tiny", None, body, figures))
    assert (code, '"no" not found' in told) == ("INVALID_ARGUMENT", True)


def test_too_many_pixels_and_too_long_an_answer_are_refused(echo_store, figures):
    small = Predictor(echo_store, max_pixels=11, max_reply_bytes=20)
    code, told = code_of(lambda: small.grpc(request_of(image_bytes=[png(3, 4)]), None, figures))
    assert (code, figures.pixels) == ("INVALID_ARGUMENT", 0)
    assert "at most 11 pixels" in told
    code, told = code_of(lambda: small.grpc(request_of(image_bytes=[b"x" * 50]), None, figures))
    assert code == "RESOURCE_EXHAUSTED"
    assert "send fewer pictures" in told
