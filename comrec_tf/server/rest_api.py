"""TensorFlow Serving's REST API: predict, status and metadata under /v1/models, and metrics."""

import asyncio
import logging
import re
from collections.abc import Coroutine
from typing import Any

import grpc
from google.protobuf import json_format
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from tensorflow_serving.apis import get_model_metadata_pb2
from uvicorn.protocols.http.h11_impl import H11Protocol

from comrec_tf.server.admission import Admission, Holding
from comrec_tf.server.answers import Predictor
from comrec_tf.server.errors import HTTP_STATUS, RequestError, invalid
from comrec_tf.server.metrics import Metrics
from comrec_tf.server.servable import Servable
from comrec_tf.server.store import ModelStore

__all__ = ["RestApi", "timed_protocol"]

_log = logging.getLogger(__name__)
_PATH = re.compile(r"(?P<name>[^/:]+)(?:/versions/(?P<version>[^/:]+))?(?P<verb>/metadata|:\w+)?")
_LARGEST_VERSION = 2**63 - 1


class RestApi:
    """The REST API as an ASGI application.

    Args:
        store: the models.
        predictor: answers predict.
        admission: decides when.
        metrics: counts requests.
        max_body_bytes: of a request.
    """

    def __init__(
        self,
        store: ModelStore,
        predictor: Predictor,
        admission: Admission,
        metrics: Metrics,
        *,
        max_body_bytes: int,
    ) -> None:
        self._store = store
        self._predictor = predictor
        self._admission = admission
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes
        #: Whether the server takes requests, as readiness reports.
        self.ready = True
        self.app = Starlette(
            routes=[
                Route("/v1/models/{rest:path}", self._model, methods=["GET", "POST"]),
                Route("/monitoring/prometheus/metrics", self._monitoring),
                Route("/livez", lambda _: JSONResponse({"alive": True})),
                Route("/readyz", self._readiness),
            ],
            exception_handlers={404: _unknown, 405: _unknown},
        )

    async def _readiness(self, _: Request) -> Response:
        return JSONResponse({"ready": self.ready}, 200 if self.ready else 503)

    async def _monitoring(self, _: Request) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def _model(self, request: Request) -> Response:
        try:
            name, version, verb = _parse(request)
            if request.method == "GET":
                with self._store.borrow(name, version) as servable:
                    answer = {"": _status, "metadata": _metadata}[verb]
                    return JSONResponse(answer(servable, name))
            return await self._predict(request, name, version)
        except RequestError as error:
            return JSONResponse({"error": error.message}, HTTP_STATUS[error.code])
        except ClientDisconnect:
            return Response(status_code=499)
        except Exception as error:
            _log.exception("a request failed: %s", type(error).__name__)
            return JSONResponse({"error": "internal error"}, 500)

    async def _predict(self, request: Request, name: str, version: int | None) -> Response:
        figures = self._metrics.request("REST")
        status = "CANCELLED"
        try:
            with self._admission.holding() as holding:
                body = await self._admission.arrive(lambda: self._body(request, holding))
                figures.bytes_in = len(body)
                reply = await _unless_gone(
                    request,
                    self._admission.run(lambda: self._predictor.rest(name, version, body, figures)),
                )
            status = "OK"
            engine = {"Comrec-Engine": figures.engine}
            return Response(reply, headers=engine, media_type="application/json")
        except RequestError as error:
            status = error.code.name
            raise
        finally:
            figures.end(status)

    async def _body(self, request: Request, holding: Holding) -> bytes:
        length = request.headers.get("content-length", "0")
        too_large = invalid(f"expected a body of at most {self._max_body_bytes} bytes")
        if not length.isdecimal() or int(length[:20]) > self._max_body_bytes:
            raise too_large
        chunks = []
        async for chunk in request.stream():
            if holding.bytes + len(chunk) > self._max_body_bytes:
                raise too_large
            holding.add(len(chunk))
            chunks.append(chunk)
        return b"".join(chunks)


async def _unless_gone(request: Request, work: Coroutine[Any, Any, bytes]) -> bytes:
    """Wait for an answer as long as the client does; a client that leaves gives up its turn."""
    answer = asyncio.ensure_future(work)
    gone = asyncio.ensure_future(request.receive())
    try:
        await asyncio.wait([answer, gone], return_when=asyncio.FIRST_COMPLETED)
        if not answer.done():
            raise ClientDisconnect
        return answer.result()
    finally:
        answer.cancel()
        gone.cancel()


def _parse(request: Request) -> tuple[str, int | None, str]:
    """``NAME[/versions/N][:predict|/metadata]`` in parts."""
    match = _PATH.fullmatch(request.path_params["rest"])
    verbs = {"GET": ("", "metadata"), "POST": ("predict",)}.get(request.method, ())
    verb = (match["verb"] or "")[1:] if match else None
    if match is None or verb not in verbs:
        raise invalid(f"Malformed request: {request.method} {request.url.path[:200]}")
    version = match["version"]
    if version is None:
        return match["name"], None, verb
    if not re.fullmatch("[0-9]{1,19}", version) or int(version) > _LARGEST_VERSION:
        raise invalid(f"expected a version number. Received: {version[:40]}")
    return match["name"], int(version), verb


async def _unknown(request: Request, _: Exception) -> Response:
    told = f"Malformed request: {request.method} {request.url.path[:200]}"
    return JSONResponse({"error": told}, HTTP_STATUS[grpc.StatusCode.NOT_FOUND])


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
        # TensorFlow Serving keeps the names of the fields as they are.
        "metadata": {
            "signature_def": json_format.MessageToDict(signatures, preserving_proto_field_name=True)
        },
    }


def timed_protocol(header_seconds: float) -> type[H11Protocol]:
    """Make uvicorn's protocol with a limit on how long the head of a request may take.

    Args:
        header_seconds: counted from the connection, or from the first byte of a further request.

    Returns:
        The class, for `uvicorn.Config`.
    """

    class Protocol(H11Protocol):
        _late: asyncio.TimerHandle | None = None

        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            self._late = self.loop.call_later(header_seconds, transport.abort)

        def data_received(self, data: bytes) -> None:
            super().data_received(data)
            answering = self.cycle is not None and not self.cycle.response_complete
            if answering:
                self._disarm()
            elif self._late is None:
                self._late = self.loop.call_later(header_seconds, self.transport.abort)

        def connection_lost(self, exc: Exception | None) -> None:
            self._disarm()
            super().connection_lost(exc)

        def _disarm(self) -> None:
            if self._late is not None:
                self._late.cancel()
                self._late = None

    return Protocol
