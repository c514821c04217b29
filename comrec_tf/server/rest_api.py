"""TensorFlow Serving's REST API: predict, status and metadata under /v1/models."""

import base64
import binascii
import json
from collections.abc import Mapping
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tensorflow_serving.apis import get_model_metadata_pb2

from comrec_tf.server.errors import HTTP_STATUS, RequestError
from comrec_tf.server.servable import Servable
from comrec_tf.server.store import ModelStore

__all__ = ["make_app"]

_BYTES_SUFFIX = "_bytes"


def make_app(store: ModelStore, *, max_body_bytes: int = 256 * 1024**2) -> Starlette:
    """Make an ASGI application.

    Args:
        store: the models.
        max_body_bytes: of a request.

    Returns:
        The application.
    """

    async def model(request: Request) -> Response:
        try:
            name, version, verb = _parse(request.path_params["rest"])
            if request.method == "GET":
                with store.borrow(name, version) as servable:
                    answer = {"": _status, "metadata": _metadata}.get(verb)
                    if answer is None:
                        raise _malformed(request)
                    return JSONResponse(answer(servable, name))
            if verb != "predict":
                raise _malformed(request)
            body = await _body(request, max_body_bytes)
            return await run_in_threadpool(_predict, store, name, version, body)
        except RequestError as error:
            return JSONResponse({"error": error.message}, HTTP_STATUS[error.code])

    return Starlette(routes=[Route("/v1/models/{rest:path}", model, methods=["GET", "POST"])])


def _malformed(request: Request) -> RequestError:
    return RequestError(
        grpc.StatusCode.INVALID_ARGUMENT, f"Malformed request: {request.method} {request.url.path}"
    )


def _parse(rest: str) -> tuple[str, int | None, str]:
    """``NAME[/versions/N][:predict|/metadata]`` in parts."""
    path, _, verb = rest.partition(":")
    if not verb and path.endswith("/metadata"):
        path, verb = path.removesuffix("/metadata"), "metadata"
    name, separator, version = path.partition("/versions/")
    if not separator:
        return name, None, verb
    if not version.isdecimal():
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, f"expected a version number. Received: {version}"
        )
    return name, int(version), verb


async def _body(request: Request, max_bytes: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > max_bytes:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT, f"expected at most {max_bytes} bytes"
            )
        chunks.append(chunk)
    return b"".join(chunks)


def _predict(store: ModelStore, name: str, version: int | None, body: bytes) -> Response:
    try:
        request = json.loads(body)
        if not isinstance(request, dict):
            raise ValueError("expected an object")
    except ValueError as error:
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, f"JSON Parse error: {error}"
        ) from error
    by_rows = "instances" in request
    if by_rows == ("inputs" in request):
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "expected either instances or inputs in the request"
        )
    with store.use(name, version) as servable:
        signature = servable.signature(request.get("signature_name", ""))
        columns = (
            _columns(request["instances"], signature.inputs)
            if by_rows
            else _named(request["inputs"], signature.inputs)
        )
        inputs = {
            key: _array(key, value, signature.inputs[key])
            for key, value in columns.items()
            if key in signature.inputs
        }
        inputs.update({key: np.array(0) for key in columns if key not in signature.inputs})
        outputs = servable.run(request.get("signature_name", ""), inputs)
    values = {key: _json(key, value) for key, value in outputs.items()}
    alone = len(values) == 1
    if not by_rows:
        return JSONResponse({"outputs": next(iter(values.values())) if alone else values})
    if len({len(value) for value in values.values()}) > 1:
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "the outputs have no rows in common: use inputs"
        )
    rows = [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]
    return JSONResponse(
        {"predictions": [next(iter(row.values())) for row in rows] if alone else rows}
    )


def _columns(instances: Any, expected: Mapping[str, Any]) -> dict[str, list[Any]]:
    """Rows as columns; a row is an object of names, or the value of the only input."""
    if not isinstance(instances, list) or not instances:
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "instances must be a list that is not empty"
        )
    rows = [row if isinstance(row, dict) and "b64" not in row else None for row in instances]
    if all(row is None for row in rows):
        return _named(instances, expected)
    names = {frozenset(row or ()) for row in rows}
    if len(names) > 1:
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, "all instances must have the same inputs"
        )
    return {name: [row[name] for row in instances] for name in sorted(next(iter(names)))}


def _named(inputs: Any, expected: Mapping[str, Any]) -> dict[str, Any]:
    if isinstance(inputs, dict) and "b64" not in inputs:
        return inputs
    # The value of the input that has no default, or of the only one.
    required = [name for name in expected if name.endswith(_BYTES_SUFFIX)] or list(expected)
    return {required[0]: inputs}


def _array(name: str, value: Any, info: Any) -> np.ndarray:
    dtype = tf.dtypes.as_dtype(info.dtype)
    try:
        if dtype == tf.string:
            return np.array(_decoded(value), object)
        array = np.array(value)
        if dtype.is_integer and array.dtype.kind == "f" and np.any(array % 1):
            raise ValueError("not whole numbers")
        return array.astype(dtype.as_numpy_dtype)
    except (ValueError, TypeError, binascii.Error, OverflowError) as error:
        raise RequestError(
            grpc.StatusCode.INVALID_ARGUMENT, f"{name} must be {dtype.name}: {error}"
        ) from error


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(item) for item in value]
    if isinstance(value, dict) and set(value) == {"b64"}:
        return base64.b64decode(value["b64"], validate=True)
    if isinstance(value, str):
        return value.encode()
    raise ValueError(f'expected {{"b64": "..."}} or text. Received: {type(value).__name__}')


def _json(name: str, value: np.ndarray) -> Any:
    if value.dtype != object:
        return value.tolist()
    # TensorFlow Serving tells bytes from text by the name.
    if name.endswith(_BYTES_SUFFIX):
        return [{"b64": base64.b64encode(item).decode()} for item in value.tolist()]
    return [item.decode(errors="replace") for item in value.tolist()]


def _status(servable: Servable, name: str) -> dict[str, Any]:
    status = {"error_code": "OK", "error_message": ""}
    version = {"version": str(servable.version), "state": "AVAILABLE", "status": status}
    return {"model_version_status": [version]}


def _metadata(servable: Servable, name: str) -> dict[str, Any]:
    signatures = get_model_metadata_pb2.SignatureDefMap()
    for key, signature in servable.signatures.items():
        signatures.signature_def[key].CopyFrom(signature)
    return {
        "model_spec": {"name": name, "signature_name": "", "version": str(servable.version)},
        "metadata": {"signature_def": json_format.MessageToDict(signatures)},
    }
