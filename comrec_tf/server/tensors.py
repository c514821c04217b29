"""TensorProto to array and back, checked against the signature before anything is expanded."""

import math
from typing import Any

import numpy as np
import tensorflow as tf

from comrec_tf.server.errors import invalid

__all__ = ["MAX_LISTED", "checked_shape", "from_array", "in_range", "to_array"]

#: The most numbers that are sent one by one; more are sent as bytes (tensor_content).
MAX_LISTED = 65_536
_LISTS = {
    tf.float16: "half_val",
    tf.bfloat16: "half_val",
    tf.float32: "float_val",
    tf.float64: "double_val",
    tf.int8: "int_val",
    tf.int16: "int_val",
    tf.int32: "int_val",
    tf.uint8: "int_val",
    tf.uint16: "int_val",
    tf.int64: "int64_val",
    tf.bool: "bool_val",
    tf.uint32: "uint32_val",
    tf.uint64: "uint64_val",
}


def to_array(name: str, proto: Any, info: Any) -> np.ndarray:
    """Make an input's array.

    A few bytes can declare a shape of billions of values, so there must be exactly as many values
    as the shape says.

    Args:
        name: of the input, for messages.
        proto: TensorProto.
        info: TensorInfo of the signature.

    Returns:
        The array; strings as objects.

    Raises:
        RequestError: INVALID_ARGUMENT: dtype, shape or count of values are not those of the
            signature.
    """
    dtype = tf.dtypes.as_dtype(info.dtype)
    if proto.dtype != info.dtype:
        raise invalid(f"{name} must be {dtype.name}. Received: {_dtype_name(proto.dtype)}")
    if proto.tensor_shape.unknown_rank:
        raise invalid(f"{name} must have a shape. Received: none")
    shape = checked_shape(name, [dim.size for dim in proto.tensor_shape.dim], info)
    count = math.prod(shape)
    if dtype == tf.string:
        _check_count(name, shape, len(proto.string_val), count)
        array = np.empty(count, object)
        array[:] = list(proto.string_val)
        return array.reshape(shape)
    numpy_dtype = np.dtype(dtype.as_numpy_dtype)
    if proto.tensor_content:
        _check_count(name, shape, len(proto.tensor_content) / numpy_dtype.itemsize, count)
        return np.frombuffer(proto.tensor_content, numpy_dtype).reshape(shape)
    listed = getattr(proto, _LISTS.get(dtype, ""), ())
    _check_count(name, shape, len(listed), count)
    if count > MAX_LISTED:
        raise invalid(
            f"{name} must bring more than {MAX_LISTED} numbers as tensor_content. Received: {count}"
        )
    if dtype in (tf.float16, tf.bfloat16):
        return np.array(listed, np.uint16).view(numpy_dtype).reshape(shape)
    return in_range(name, np.array(listed), numpy_dtype).reshape(shape)


def checked_shape(name: str, shape: list[int], info: Any) -> tuple[int, ...]:
    """Check a shape against a signature.

    Args:
        name: of the input, for messages.
        shape: what a request declares.
        info: TensorInfo of the signature.

    Returns:
        The shape.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    expected = [dim.size for dim in info.tensor_shape.dim]
    fits = len(shape) == len(expected) and all(
        size >= 0 and want in (-1, size) for size, want in zip(shape, expected, strict=True)
    )
    if not fits and not info.tensor_shape.unknown_rank:
        told = ", ".join("?" if size < 0 else str(size) for size in expected)
        raise invalid(f"{name} must have the shape [{told}]. Received: {list(shape)[:8]}")
    return tuple(shape)


def in_range(name: str, array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Convert numbers to a type that holds them all.

    Args:
        name: of the input, for messages.
        array: numbers.
        dtype: the type wanted.

    Returns:
        The same numbers.

    Raises:
        RequestError: INVALID_ARGUMENT: some do not fit.
    """
    if dtype.kind in "iu" and array.size:
        limits = np.iinfo(dtype)
        if array.min() < limits.min or array.max() > limits.max:
            raise invalid(f"{name} must be {dtype.name}. Received: numbers out of its range")
    return array.astype(dtype)


def from_array(array: np.ndarray) -> Any:
    """Make the TensorProto of an output as TensorFlow Serving does: values in the lists.

    Args:
        array: what a signature returned.

    Returns:
        TensorProto; more than `MAX_LISTED` numbers go as tensor_content, which clients read a
        hundred times as fast.
    """
    if array.dtype != object and array.size <= MAX_LISTED:
        dtype = tf.dtypes.as_dtype(array.dtype)
        if _LISTS.get(dtype, "half_val") != "half_val":
            proto = tf.make_tensor_proto([], dtype, [0])
            proto.tensor_shape.CopyFrom(tf.TensorShape(array.shape).as_proto())
            proto.ClearField("tensor_content")
            getattr(proto, _LISTS[dtype]).extend(array.ravel().tolist())
            return proto
    return tf.make_tensor_proto(array)


def _check_count(name: str, shape: tuple[int, ...], received: float, expected: int) -> None:
    if received != expected:
        raise invalid(
            f"{name} of the shape {list(shape)} must have {expected} values. Received: {received:g}"
        )


def _dtype_name(number: int) -> str:
    try:
        return tf.dtypes.as_dtype(number).name
    except (TypeError, KeyError):
        return f"type {number}"
