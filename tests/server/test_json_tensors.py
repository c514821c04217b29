"""As TensorFlow Serving's json_tensor.cc reads and writes it."""

import json
import time
import tracemalloc

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("grpc")
from comrec_tf.server import json_tensors
from comrec_tf.server.errors import RequestError
from tests.server.makers import info_of

FILES = {"image_bytes": info_of(tf.string, [None])}
BOTH = {**FILES, "quality": info_of(tf.int32, [None])}
STRENGTH = {"strength": info_of(tf.float32, [None])}
PIXELS = {"pixels": info_of(tf.uint8, [None, None, None, 3])}
B64 = {"b64": "AAE="}


def read(body, expected):
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return json_tensors.arrays(json_tensors.parse(content), expected)


def test_rows_and_columns_and_values_without_a_name_are_read():
    one = {"image_bytes": B64}
    for body in (
        {"instances": [one, one]},
        {"instances": [B64, B64]},
        {"inputs": [B64, B64]},
        {"inputs": {"image_bytes": [B64, B64], "unknown names are passed over": 1}},
    ):
        assert read(body, FILES)["image_bytes"].tolist() == [b"\0\1", b"\0\1"]
    arrays = read({"inputs": {"image_bytes": [B64], "quality": [40]}}, BOTH)
    assert arrays["quality"].tolist() == [40]
    assert arrays["quality"].dtype == np.int32
    assert read({"instances": ["text"]}, FILES)["image_bytes"].tolist() == [b"text"]
    pixels = np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3)
    np.testing.assert_array_equal(read({"instances": pixels.tolist()}, PIXELS)["pixels"], pixels)


@pytest.mark.parametrize(
    ("body", "expected", "message"),
    [
        # Defaults of a signature are not filled in over REST.
        ({"instances": [{"image_bytes": B64}]}, BOTH, "keys must be equal to: image_bytes,quality"),
        ({"inputs": {"image_bytes": [B64]}}, BOTH, "Missing named input: quality"),
        ({"instances": [B64]}, BOTH, "instances is a plain list"),
        ({"inputs": [B64]}, BOTH, "inputs is a plain value/list"),
        ({"instances": [{"image_bytes": B64, "more": 1}]}, FILES, "keys must be equal to"),
        ({"instances": [{"image_bytes": B64}, B64]}, FILES, "process element: 1"),
        ({"instances": [B64, {"image_bytes": B64}]}, FILES, "but got an object"),
        # A scalar instead of a list.
        ({"inputs": {"image_bytes": B64}}, FILES, r"the shape \[\?\]. Received: \[\]"),
        ({"inputs": {"image_bytes": [B64], "quality": 40}}, BOTH, r"quality must have the shape"),
        (
            {"inputs": {"image_bytes": [B64], "quality": [40.0]}},
            BOTH,
            "not of expected type: int32",
        ),
        (
            {"inputs": {"image_bytes": [B64], "quality": [True]}},
            BOTH,
            "not of expected type: int32",
        ),
        ({"inputs": {"image_bytes": [B64], "quality": ["x"]}}, BOTH, "not of expected type: int32"),
        ({"inputs": {"image_bytes": [B64], "quality": [2**40]}}, BOTH, "out of its range"),
        ({"inputs": {"image_bytes": [B64], "quality": [10**30]}}, BOTH, "int32"),
        ({"instances": [[[[1, 2, 3]], [[1, 2]]]]}, PIXELS, "lists of one length"),
        ({"instances": [[[[1, 2, 300]]]]}, PIXELS, "out of its range"),
        ({"inputs": [{"a": 1}]}, STRENGTH, "'a': 1} is not of expected type: float32"),
        ({"instances": [True, 1]}, STRENGTH, "True is not of expected type: float32"),
        ({"instances": [10**400]}, STRENGTH, "strength must be float32"),
        ({"instances": [{"b64": "%"}]}, FILES, "Unable to base64 decode"),
        ({"instances": [{"b64": 5}]}, FILES, "must be text or an object of base64"),
        ({"instances": [5]}, FILES, "Received: int"),
        ({"instances": []}, FILES, "not empty"),
        ({"instances": "x"}, FILES, "not empty"),
        ({}, FILES, "Missing 'inputs' or 'instances'"),
        ({"instances": [B64], "inputs": [B64]}, FILES, "only one of"),
        ({"signature_name": ["a"], "instances": [B64]}, FILES, "must be a string"),
        ([], FILES, "Is not object"),
        (b"", FILES, "JSON Parse error"),
        (b"\xff{", FILES, "JSON Parse error"),
        (b'{"instances": [' + b"9" * 5000 + b"]}", FILES, "JSON Parse error"),
        (b"[" * 100_000, FILES, "nested too deeply"),
    ],
)
def test_what_tensorflow_serving_refuses_is_refused(body, expected, message):
    with pytest.raises(RequestError, match=message) as caught:
        read(body, expected)
    assert caught.value.code.name == "INVALID_ARGUMENT"
    assert len(caught.value.message) < 500


def test_a_body_of_millions_of_empty_lists_is_refused_before_it_is_parsed():
    body = b'{"instances": [' + b"[]," * 10_000_000 + b"[]]}"
    begun = time.process_time()
    with pytest.raises(RequestError, match="at most 2000000 values"):
        json_tensors.parse(body)
    # It took 14 seconds and 3 GB to parse.
    assert time.process_time() - begun < 5


def test_a_long_text_among_numbers_is_refused_without_room_for_many_of_its_length():
    body = json_tensors.parse(json.dumps({"instances": ["a" * 200_000] + ["b"] * 500}).encode())
    tracemalloc.start()
    try:
        with pytest.raises(RequestError, match="'aaaa.* is not of expected type: float32"):
            json_tensors.arrays(body, STRENGTH)
        # NumPy asked for 400 MB.
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_whole_numbers_and_fractions_become_floats():
    assert read({"instances": [1, 0.25]}, STRENGTH)["strength"].tolist() == [1.0, 0.25]
    assert read({"instances": [1, 0.25]}, STRENGTH)["strength"].dtype == np.float32


def test_replies_go_by_rows_and_columns_and_bytes_by_the_name():
    outputs = {"code_bytes": np.array([b"\0\1"], object), "height": np.array([7])}
    row = {"code_bytes": B64, "height": 7}
    assert json.loads(json_tensors.reply(outputs, by_rows=True)) == {"predictions": [row]}
    columns = {"code_bytes": [B64], "height": [7]}
    assert json.loads(json_tensors.reply(outputs, by_rows=False)) == {"outputs": columns}
    alone = {"text": np.array([b"abc"], object)}
    assert json.loads(json_tensors.reply(alone, by_rows=True)) == {"predictions": ["abc"]}
    uneven = {"a": np.array([1, 2]), "b": np.array([1])}
    with pytest.raises(RequestError, match="no rows in common"):
        json_tensors.reply(uneven, by_rows=True)
