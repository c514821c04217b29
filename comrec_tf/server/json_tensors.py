"""The JSON of TensorFlow Serving's REST API: bodies to arrays, arrays to replies.

As strict as `json_tensor.cc`: every input of the signature must be given, even if it has a default.
"""

import base64
import binascii
import dataclasses
import json
import reprlib
from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from comrec_tf.server.errors import invalid
from comrec_tf.server.tensors import checked_shape, in_range

__all__ = ["MAX_VALUES", "Body", "arrays", "parse", "reply"]

#: The most values of a body: a list or an object takes up to a hundred bytes.
MAX_VALUES = 2_000_000
_BYTES_SUFFIX = "_bytes"


@dataclasses.dataclass(frozen=True)
class Body:
    """What a request asks for.

    Attributes:
        signature_name: empty for the default.
        by_rows: whether inputs came as "instances", and outputs go as "predictions".
        inputs: the JSON value of either.
    """

    signature_name: str
    by_rows: bool
    inputs: Any


def parse(content: bytes) -> Body:
    """Read a body.

    Args:
        content: JSON.

    Returns:
        What it asks for.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    # Counted before parsing: a megabyte of "[]," would become a hundred megabytes of lists.
    values = sum(content.count(sign) for sign in (b"[", b"{", b","))
    if values > MAX_VALUES:
        raise invalid(f"expected at most {MAX_VALUES} values. Received: {values}; use gRPC")
    try:
        request = json.loads(content)
    except (ValueError, RecursionError) as error:
        reason = "nested too deeply" if isinstance(error, RecursionError) else error
        raise invalid(f"JSON Parse error: {reason}") from error
    if not isinstance(request, dict):
        raise invalid("JSON Value: Is not object")
    name = request.get("signature_name", "")
    if not isinstance(name, str):
        raise invalid("'signature_name' key must be a string value")
    by_rows = "instances" in request
    if by_rows and "inputs" in request:
        raise invalid("expecting only one of 'inputs' or 'instances' keys to exist")
    if not by_rows and "inputs" not in request:
        raise invalid("Missing 'inputs' or 'instances' key")
    inputs = request["instances" if by_rows else "inputs"]
    if by_rows and (not isinstance(inputs, list) or not inputs):
        raise invalid("'instances' must be a list that is not empty")
    return Body(name, by_rows, inputs)


def arrays(body: Body, expected: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Make the inputs of a signature.

    Args:
        body: what was asked for.
        expected: TensorInfo by name.

    Returns:
        Arrays by name.

    Raises:
        RequestError: INVALID_ARGUMENT.
    """
    columns = (_columns if body.by_rows else _named)(body.inputs, expected)
    return {name: _array(name, columns[name], info) for name, info in expected.items()}


def _columns(instances: list[Any], expected: Mapping[str, Any]) -> dict[str, list[Any]]:
    if not _is_names(instances[0]):
        if any(map(_is_names, instances)):
            raise invalid("expecting values or lists alone in 'instances', but got an object")
        if len(expected) > 1:
            raise invalid(
                "instances is a plain list, but expecting list of objects as multiple input "
                f"tensors required: {','.join(sorted(expected))}"
            )
        return {next(iter(expected)): instances}
    for number, row in enumerate(instances):
        if not _is_names(row) or set(row) != set(expected):
            raise invalid(
                f"Failed to process element: {number} of 'instances' list. "
                f"JSON object: keys must be equal to: {','.join(sorted(expected))}"
            )
    return {name: [row[name] for row in instances] for name in expected}


def _named(inputs: Any, expected: Mapping[str, Any]) -> dict[str, Any]:
    if not _is_names(inputs):
        if len(expected) > 1:
            raise invalid(
                "inputs is a plain value/list, but expecting an object as multiple input tensors "
                f"required: {','.join(sorted(expected))}"
            )
        return {next(iter(expected)): inputs}
    missing = [name for name in sorted(expected) if name not in inputs]
    if missing:
        raise invalid(f"Missing named input: {missing[0]} in 'inputs' object.")
    return inputs


def _is_names(value: Any) -> bool:
    return isinstance(value, dict) and set(value) != {"b64"}


def _array(name: str, value: Any, info: Any) -> np.ndarray:
    dtype = tf.dtypes.as_dtype(info.dtype)
    if dtype == tf.string:
        return _strings(name, value, info)
    # As objects at first: NumPy would give each text of a list the room of the longest.
    array = np.array(value, object)
    kinds = set(map(type, array.flat))
    if list in kinds:
        raise invalid(f"{name} must be {dtype.name} in lists of one length")
    checked_shape(name, list(array.shape), info)
    allowed = {bool} if dtype.is_bool else {int} if dtype.is_integer else {int, float}
    if kinds - allowed:
        wrong = reprlib.repr(next(item for item in array.flat if type(item) not in allowed))
        raise invalid(f"JSON Value: {wrong[:80]} is not of expected type: {dtype.name} ({name})")
    try:
        return in_range(name, array, np.dtype(dtype.as_numpy_dtype))
    except OverflowError as error:  # a whole number that no float holds
        raise invalid(f"{name} must be {dtype.name}: {error}") from error


def _strings(name: str, value: Any, info: Any) -> np.ndarray:
    shape = checked_shape(name, [len(value)] if isinstance(value, list) else [], info)
    array = np.empty(shape, object)
    for index, item in enumerate(value):
        if isinstance(item, str):
            array[index] = item.encode(errors="surrogatepass")
        elif isinstance(item, dict) and set(item) == {"b64"} and isinstance(item["b64"], str):
            try:
                array[index] = base64.b64decode(item["b64"], validate=True)
            except (binascii.Error, ValueError) as error:
                raise invalid(f"Unable to base64 decode: {name}, {error}") from error
        else:
            raise invalid(
                f"{name} must be text or an object of base64. Received: {type(item).__name__}"
            )
    return array


def reply(outputs: Mapping[str, np.ndarray], *, by_rows: bool) -> bytes:
    """Write what a signature returned.

    Args:
        outputs: arrays by name.
        by_rows: see `Body`.

    Returns:
        JSON; a single output goes without its name.

    Raises:
        RequestError: INVALID_ARGUMENT: rows are wanted of outputs that have none in common.
    """
    values = {name: _values(name, array) for name, array in outputs.items()}
    alone = len(values) == 1
    if not by_rows:
        answer: dict[str, Any] = {"outputs": next(iter(values.values())) if alone else values}
    elif len({len(value) for value in values.values()}) > 1:
        raise invalid("the outputs have no rows in common: use inputs")
    elif alone:
        answer = {"predictions": next(iter(values.values()))}
    else:
        rows = zip(*values.values(), strict=True)
        answer = {"predictions": [dict(zip(values, row, strict=True)) for row in rows]}
    return json.dumps(answer).encode()


def _values(name: str, array: np.ndarray) -> list[Any]:
    if array.dtype != object:
        return array.tolist()
    # TensorFlow Serving tells bytes from text by the name.
    if name.endswith(_BYTES_SUFFIX):
        return [{"b64": base64.b64encode(item).decode()} for item in array.tolist()]
    return [item.decode(errors="replace") for item in array.tolist()]
