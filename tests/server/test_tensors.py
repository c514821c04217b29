import numpy as np
import pytest
import tensorflow as tf
from tensorflow.core.framework import tensor_pb2, types_pb2

pytest.importorskip("grpc")
from comrec_tf.server import tensors
from comrec_tf.server.errors import RequestError
from tests.server.makers import info_of

STRINGS = info_of(tf.string, [None])
NUMBERS = info_of(tf.int32, [None])


@pytest.mark.parametrize(
    ("value", "info"),
    [
        (np.array([b"a\0", b""], object), STRINGS),
        (np.arange(5, dtype=np.int32), NUMBERS),
        (np.array([5], np.int32), NUMBERS),
        (np.zeros([0], np.int32), NUMBERS),
        (
            np.arange(24, dtype=np.uint8).reshape(1, 2, 4, 3),
            info_of(tf.uint8, [None, None, None, 3]),
        ),
        (np.array([0.5, 1.5], np.float32), info_of(tf.float32, [None])),
        (np.array([True, False]), info_of(tf.bool, [2])),
    ],
)
def test_arrays_survive_both_ways_and_both_forms(value, info):
    for proto in (tf.make_tensor_proto(value), tensors.from_array(value)):
        np.testing.assert_array_equal(tensors.to_array("x", proto, info), value)
        np.testing.assert_array_equal(tf.make_ndarray(tensors.from_array(value)), value)


def test_numbers_are_answered_in_the_lists_as_tensorflow_serving_does():
    assert list(tensors.from_array(np.array([512, 768], np.int32)).int_val) == [512, 768]
    assert tensors.from_array(np.zeros(100_000, np.uint8)).tensor_content


def declared(dtype, *sizes, **values):
    proto = tensor_pb2.TensorProto(dtype=dtype, **values)
    for size in sizes:
        proto.tensor_shape.dim.add(size=size)
    return proto


@pytest.mark.parametrize(
    ("proto", "info", "message"),
    [
        # The 49-byte request: one value, and a shape of ten million.
        (declared(types_pb2.DT_STRING, 10**7, string_val=[b"x"]), STRINGS, "10000000 values"),
        (declared(types_pb2.DT_INT32, 2 * 10**8, int_val=[1]), NUMBERS, "200000000 values"),
        (declared(types_pb2.DT_INT32, 3, tensor_content=b"12345678"), NUMBERS, "3 values"),
        (declared(types_pb2.DT_INT32, 3, tensor_content=b"123"), NUMBERS, "3 values"),
        (declared(types_pb2.DT_INT32, -1, int_val=[1]), NUMBERS, "the shape"),
        (declared(types_pb2.DT_INT32, int_val=[1]), NUMBERS, r"the shape \[\?\]. Received: \[\]"),
        (declared(types_pb2.DT_INT32, 1, 1, int_val=[1]), NUMBERS, "the shape"),
        (declared(types_pb2.DT_INT64, 1, int64_val=[1]), NUMBERS, "must be int32. Received: int64"),
        (declared(99, 1), NUMBERS, "Received: type 99"),
        (declared(types_pb2.DT_UINT8, 1, int_val=[256]), info_of(tf.uint8, [None]), "range"),
        (declared(types_pb2.DT_UINT8, 1, int_val=[-1]), info_of(tf.uint8, [None]), "range"),
        (
            declared(types_pb2.DT_UINT8, 70_000, int_val=[1] * 70_000),
            info_of(tf.uint8, [None]),
            "as tensor_content",
        ),
    ],
)
def test_what_is_not_of_the_signature_is_refused_before_it_is_expanded(proto, info, message):
    with pytest.raises(RequestError, match=message) as caught:
        tensors.to_array("x", proto, info)
    assert caught.value.code.name == "INVALID_ARGUMENT"


def test_an_unknown_rank_is_refused():
    proto = declared(types_pb2.DT_INT32, int_val=[1])
    proto.tensor_shape.unknown_rank = True
    with pytest.raises(RequestError, match="must have a shape"):
        tensors.to_array("x", proto, NUMBERS)
