"""TensorFlow Serving's gRPC API: PredictionService, ModelService, health, reflection."""

import concurrent.futures
import contextlib
import functools
import importlib
import pathlib
import time
from collections.abc import Callable
from typing import Any

import grpc
import tensorflow as tf
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from comrec_tf.server.errors import RequestError
from comrec_tf.server.store import ModelStore

__all__ = ["make_server"]

_SERVICES = ("tensorflow.serving.PredictionService", "tensorflow.serving.ModelService")
_GENERAL_SERVICES = ("grpc.health.v1.Health", reflection.SERVICE_NAME)
#: Threads that take requests; how many run and wait is the store's to say.
_THREADS = 64


def make_server(
    store: ModelStore,
    address: str,
    *,
    max_message_bytes: int = 256 * 1024**2,
    tls: tuple[str, str] | None = None,
    client_ca: str = "",
) -> tuple[grpc.Server, int]:
    """Make a server; call its `start`.

    Args:
        store: the models.
        address: host and port, port 0 for any that is free.
        max_message_bytes: of a request or reply.
        tls: files of the private key and the certificate chain; without, there is no encryption.
        client_ca: file of the certificates that clients must show one of; empty for none.

    Returns:
        The server and its port.

    Raises:
        OSError: the address cannot be had, or a file cannot be read.
    """
    server = grpc.server(
        concurrent.futures.ThreadPoolExecutor(_THREADS),
        options=[
            ("grpc.max_receive_message_length", max_message_bytes),
            ("grpc.max_send_message_length", max_message_bytes),
            # Another server on the same port would get half of the requests.
            ("grpc.so_reuseport", 0),
        ],
    )
    prediction_service_pb2_grpc.add_PredictionServiceServicer_to_server(_Prediction(store), server)
    model_service_pb2_grpc.add_ModelServiceServicer_to_server(_Models(store), server)
    _register_descriptors()
    alive = health.HealthServicer()
    for name in ("", *_SERVICES):
        alive.set(name, health_pb2.HealthCheckResponse.SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(alive, server)
    reflection.enable_server_reflection([*_SERVICES, *_GENERAL_SERVICES], server)
    try:
        if tls is None:
            port = server.add_insecure_port(address)
        else:
            key, certificate = (pathlib.Path(path).read_bytes() for path in tls)
            ca = pathlib.Path(client_ca).read_bytes() if client_ca else None
            credentials = grpc.ssl_server_credentials([(key, certificate)], ca, ca is not None)
            port = server.add_secure_port(address, credentials)
    except RuntimeError as error:
        raise OSError(f"cannot serve gRPC at {address}: {error}") from error
    return server, port


def _register_descriptors() -> None:
    """Make protobuf know the services, which reflection describes.

    The stubs do without. In tensorflow-serving-api 2.16 these modules first register their
    descriptors and then write to an attribute that protobuf 4 has made read-only.
    """
    for name in ("prediction_service_pb2", "model_service_pb2"):
        with contextlib.suppress(AttributeError):
            importlib.import_module(f"tensorflow_serving.apis.{name}")


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Make a request's error its status."""

    @functools.wraps(method)
    def wrapped(self: Any, request: Any, context: grpc.ServicerContext) -> Any:
        try:
            return method(self, request, context)
        except RequestError as error:
            context.abort(error.code, error.message)

    return wrapped


def _version(spec: Any) -> int | None:
    return spec.version.value if spec.HasField("version") else None


class _Prediction(prediction_service_pb2_grpc.PredictionServiceServicer):
    def __init__(self, store: ModelStore) -> None:
        self._store = store

    @_answers
    def Predict(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        left = context.time_remaining()
        # A client without a deadline has one in the far future.
        deadline = None if left is None or left > 1e6 else time.monotonic() + left
        spec = request.model_spec
        try:
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
        except (TypeError, ValueError) as error:
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error
        timeout = None if deadline is None else left
        with self._store.use(spec.name, _version(spec), spec.version_label, timeout) as servable:
            outputs = servable.run(
                spec.signature_name, inputs, list(request.output_filter), deadline
            )
            reply = predict_pb2.PredictResponse()
            reply.model_spec.name = spec.name
            reply.model_spec.version.value = servable.version
            reply.model_spec.signature_name = spec.signature_name or "serving_default"
        for name, value in outputs.items():
            reply.outputs[name].CopyFrom(tf.make_tensor_proto(value))
        return reply

    @_answers
    def GetModelMetadata(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        spec = request.model_spec
        if list(request.metadata_field) != ["signature_def"]:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"expected the metadata field signature_def. Received: {request.metadata_field}",
            )
        signatures = get_model_metadata_pb2.SignatureDefMap()
        reply = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._store.borrow(spec.name, _version(spec), spec.version_label) as servable:
            for name, signature in servable.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
            reply.model_spec.name = spec.name
            reply.model_spec.version.value = servable.version
        reply.metadata["signature_def"].Pack(signatures)
        return reply


class _Models(model_service_pb2_grpc.ModelServiceServicer):
    def __init__(self, store: ModelStore) -> None:
        self._store = store

    @_answers
    def GetModelStatus(self, request: Any, context: grpc.ServicerContext) -> Any:  # noqa: N802
        spec = request.model_spec
        reply = get_model_status_pb2.GetModelStatusResponse()
        with self._store.borrow(spec.name, _version(spec), spec.version_label) as servable:
            status = reply.model_version_status.add()
            status.version = servable.version
            status.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
            status.status.error_code = 0
        return reply
