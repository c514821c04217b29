"""TensorFlow Serving's gRPC API: PredictionService, ModelService, health, reflection."""

import asyncio
import contextlib
import importlib
import logging
import pathlib
import time
from collections.abc import Callable
from typing import Any

import grpc
from google.protobuf import message
from grpc import aio
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection
from tensorflow_serving.apis import get_model_metadata_pb2, get_model_status_pb2

from comrec_tf.server.admission import Admission
from comrec_tf.server.answers import Predictor
from comrec_tf.server.errors import RequestError, invalid
from comrec_tf.server.metrics import Metrics
from comrec_tf.server.store import ModelStore

__all__ = ["GrpcApi"]

_log = logging.getLogger(__name__)
_PREDICTION = "tensorflow.serving.PredictionService"
_MODELS = "tensorflow.serving.ModelService"
_GENERAL_SERVICES = ("grpc.health.v1.Health", reflection.SERVICE_NAME)
#: The most bytes of a request about a model, and of the metadata of any request.
_SMALL_BYTES = 16_384
#: A later deadline means that the client has set none.
_NO_DEADLINE_SECONDS = 1e6
_STREAMS = 128
_IDLE_SECONDS = 300


class GrpcApi:
    """The gRPC server, in the event loop that makes it.

    Methods are registered as streams of bytes, which makes no difference to clients: so a request
        is
    admitted before it is received, and parsed only when its turn has come.

    Args:
        store: the models.
        predictor: answers Predict.
        admission: decides when.
        metrics: counts requests.
        max_message_bytes: of a request or reply.
        handshake_seconds: until a connection has finished the handshake of HTTP/2.
    """

    def __init__(
        self,
        store: ModelStore,
        predictor: Predictor,
        admission: Admission,
        metrics: Metrics,
        *,
        max_message_bytes: int,
        handshake_seconds: float = 10.0,
    ) -> None:
        self._store = store
        self._predictor = predictor
        self._admission = admission
        self._metrics = metrics
        self._server = aio.server(
            options=[
                ("grpc.max_receive_message_length", max_message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.max_metadata_size", _SMALL_BYTES),
                ("grpc.max_concurrent_streams", _STREAMS),
                ("grpc.max_connection_idle_ms", 1000 * _IDLE_SECONDS),
                ("grpc.server_handshake_timeout_ms", round(1000 * handshake_seconds)),
            ]
        )
        _register_descriptors()
        for service, methods in (
            (_PREDICTION, {"Predict": self._predict, "GetModelMetadata": self._metadata}),
            (_MODELS, {"GetModelStatus": self._status}),
        ):
            handlers = {
                name: grpc.stream_unary_rpc_method_handler(_answers(method))
                for name, method in methods.items()
            }
            self._server.add_generic_rpc_handlers(
                [grpc.method_handlers_generic_handler(service, handlers)]
            )
        self._health = health.aio.HealthServicer()
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        reflection.enable_server_reflection(
            [_PREDICTION, _MODELS, *_GENERAL_SERVICES], self._server
        )

    async def start(
        self, path: str, tls: tuple[str, str] | None = None, client_ca: str = ""
    ) -> None:
        """Serve.

        Args:
            path: of the Unix socket.
            tls: files of the private key and the certificate chain; None for no encryption.
            client_ca: file of the certificates that clients must show one of; empty for none.

        Raises:
            OSError: a file cannot be read, or is not what it should be.
        """
        try:
            if tls is None:
                self._server.add_insecure_port(f"unix:{path}")
            else:
                key, certificate = (pathlib.Path(file).read_bytes() for file in tls)
                ca = pathlib.Path(client_ca).read_bytes() if client_ca else None
                credentials = grpc.ssl_server_credentials([(key, certificate)], ca, ca is not None)
                self._server.add_secure_port(f"unix:{path}", credentials)
        except RuntimeError as error:
            raise OSError(f"cannot serve gRPC: {error}") from error
        await self._server.start()
        await self._set_health(ready=True)

    async def _set_health(self, *, ready: bool) -> None:
        status = health_pb2.HealthCheckResponse
        # "" tells whether the process is alive, the services whether they take requests.
        await self._health.set("", status.SERVING)
        for name in (_PREDICTION, _MODELS):
            await self._health.set(name, status.SERVING if ready else status.NOT_SERVING)

    async def drain(self) -> None:
        """Tell health checks that no more requests are wanted."""
        await self._set_health(ready=False)

    async def stop(self, grace_seconds: float) -> None:
        """Finish requests in flight and end.

        Args:
            grace_seconds: how long they have.
        """
        await self._server.stop(grace_seconds)

    async def _predict(self, context: Any) -> bytes:
        left = context.time_remaining()
        limited = left is not None and left < _NO_DEADLINE_SECONDS
        deadline = time.monotonic() + left if limited else None
        figures = self._metrics.request("GRPC")
        status = "CANCELLED"
        try:
            with self._admission.holding() as holding:
                content = await self._admission.arrive(lambda: _received(context))
                figures.bytes_in = len(content)
                holding.add(len(content))
                reply = await self._admission.run(
                    lambda: self._predictor.grpc(content, deadline, figures), deadline
                )
            status = "OK"
            context.set_trailing_metadata([("comrec-engine", figures.engine)])
            return reply
        except RequestError as error:
            status = error.code.name
            raise
        finally:
            figures.end(status)

    async def _metadata(self, context: Any) -> bytes:
        request = await self._asked(context, get_model_metadata_pb2.GetModelMetadataRequest)
        if list(request.metadata_field) != ["signature_def"]:
            raise invalid("expected the metadata field signature_def and no other")
        signatures = get_model_metadata_pb2.SignatureDefMap()
        reply = get_model_metadata_pb2.GetModelMetadataResponse()
        with self._store.borrow(*_wanted(request.model_spec)) as servable:
            for name, signature in servable.signatures.items():
                signatures.signature_def[name].CopyFrom(signature)
            reply.model_spec.name = request.model_spec.name
            reply.model_spec.version.value = servable.version
        reply.metadata["signature_def"].Pack(signatures)
        return reply.SerializeToString()

    async def _status(self, context: Any) -> bytes:
        request = await self._asked(context, get_model_status_pb2.GetModelStatusRequest)
        reply = get_model_status_pb2.GetModelStatusResponse()
        with self._store.borrow(*_wanted(request.model_spec)) as servable:
            status = reply.model_version_status.add()
            status.version = servable.version
            status.state = get_model_status_pb2.ModelVersionStatus.AVAILABLE
            status.status.error_code = 0
        return reply.SerializeToString()

    async def _asked(self, context: Any, kind: Any) -> Any:
        content = await self._admission.arrive(lambda: _received(context))
        if len(content) > _SMALL_BYTES:
            raise invalid(f"expected at most {_SMALL_BYTES} bytes")
        try:
            return kind.FromString(content)
        except message.DecodeError:
            raise invalid(f"the bytes are not a {kind.DESCRIPTOR.name}") from None


async def _received(context: Any) -> bytes:
    content = await context.read()
    if content is aio.EOF:
        raise invalid("expected a request. Received: nothing")
    return content


def _wanted(spec: Any) -> tuple[str, int | None, str]:
    version = spec.version.value if spec.HasField("version") else None
    return spec.name, version, spec.version_label


def _answers(method: Callable[..., Any]) -> Callable[..., Any]:
    """Turn a request's error into its status, and any other error into INTERNAL."""

    async def wrapped(_: Any, context: Any) -> bytes:
        try:
            return await method(context)
        except RequestError as error:
            code, told = error.code, error.message
        except asyncio.CancelledError:
            raise
        except Exception as error:
            _log.exception("a request failed: %s", type(error).__name__)
            code, told = grpc.StatusCode.INTERNAL, "internal error"
        await context.abort(code, told)
        raise AssertionError("abort raises")

    return wrapped


def _register_descriptors() -> None:
    """Register the services with protobuf, so that reflection can describe them.

    The stubs do not need that. In tensorflow-serving-api 2.16 these modules first register their
    descriptors and then write to an attribute that protobuf 4 has made read-only.
    """
    for name in ("prediction_service_pb2", "model_service_pb2"):
        with contextlib.suppress(AttributeError):
            importlib.import_module(f"tensorflow_serving.apis.{name}")
