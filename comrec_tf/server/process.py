"""The process: both APIs behind the gate, from the first request to the last."""

import asyncio
import contextlib
import dataclasses
import logging
import os
import resource
import signal
import socket
import ssl
import tempfile
from collections.abc import Callable, Iterator

import uvicorn

from comrec_tf.server.admission import Admission
from comrec_tf.server.answers import Predictor
from comrec_tf.server.gate import Gate, Limits
from comrec_tf.server.grpc_api import GrpcApi
from comrec_tf.server.metrics import Metrics
from comrec_tf.server.rest_api import RestApi, timed_protocol
from comrec_tf.server.store import ModelStore

__all__ = ["Options", "serve"]

_log = logging.getLogger(__name__)
#: Descriptors that are needed for other things: models, libraries, files.
_OWN_DESCRIPTORS = 96
#: Descriptors of a connection: to the client, and both ends of the one behind the gate.
_DESCRIPTORS_EACH = 3
_MANY_DESCRIPTORS = 65_536
_MAX_HEAD_BYTES = 16_384
_KEEP_ALIVE_SECONDS = 60


@dataclasses.dataclass(frozen=True)
class Options:
    """How to serve.

    Attributes:
        host: address to listen on.
        port: of gRPC; 0 for any that is free.
        rest_port: of REST; 0 for any that is free, -1 for none.
        max_in_flight: requests that run at the same time.
        max_waiting: requests that wait for that.
        max_message_bytes: of a request or an answer.
        max_held_bytes: of all requests that wait or run.
        max_pixels: of all pictures of a request.
        arrival_seconds: how long one request may take to arrive.
        head_seconds: how long a connection may take to send the head of a request.
        limits: of connections.
        tls: files of the private key and the certificate chain; None for no encryption.
        client_ca: file of the certificates that clients must show one of; empty for none.
        grace_seconds: how long requests in flight have at the end.
    """

    host: str = "127.0.0.1"
    port: int = 8500
    rest_port: int = 8501
    max_in_flight: int = 4
    max_waiting: int = 32
    max_message_bytes: int = 64 * 1024**2
    max_held_bytes: int = 512 * 1024**2
    max_pixels: int = 100_000_000
    arrival_seconds: float = 60.0
    head_seconds: float = 10.0
    limits: Limits = dataclasses.field(default_factory=Limits)
    tls: tuple[str, str] | None = None
    client_ca: str = ""
    grace_seconds: float = 30.0


async def serve(store: ModelStore, options: Options, announce: Callable[[str], None]) -> None:
    """Serve until SIGTERM or SIGINT, then finish the requests in flight.

    Args:
        store: the models.
        options: how.
        announce: told where each API listens.

    Raises:
        OSError: the server cannot listen on an address, or cannot read a file of TLS.
    """
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_say)
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    metrics = Metrics()
    admission = Admission(
        max_in_flight=options.max_in_flight,
        max_waiting=options.max_waiting,
        max_bytes=options.max_held_bytes,
        arrival_seconds=options.arrival_seconds,
    )
    admission.on_turn = metrics.waited
    predictor = Predictor(
        store, max_pixels=options.max_pixels, max_reply_bytes=options.max_message_bytes
    )
    gate = Gate(_affordable(options.limits))
    _tell(metrics, admission, gate)
    grpc_api = GrpcApi(
        store,
        predictor,
        admission,
        metrics,
        max_message_bytes=options.max_message_bytes,
        handshake_seconds=options.head_seconds,
    )
    rest_api = RestApi(
        store, predictor, admission, metrics, max_body_bytes=options.max_message_bytes
    )
    with tempfile.TemporaryDirectory(prefix="comrec-") as folder, contextlib.ExitStack() as stack:
        listeners = [
            stack.enter_context(_listener(options.host, port))
            for port in (options.port, options.rest_port)
            if port >= 0
        ]
        inner = [os.path.join(folder, name) for name in ("grpc", "rest")]
        await grpc_api.start(inner[0], options.tls, options.client_ca)
        web = _Web(_uvicorn_config(rest_api, inner[1], options))
        answering = asyncio.create_task(web.serve())
        while not web.started and not answering.done():
            await asyncio.sleep(0.01)
        if answering.done():
            await answering
        for name, listener, path in zip(("gRPC", "REST"), listeners, inner, strict=False):
            port = listener.getsockname()[1]
            gate.listen(listener, path)
            announce(f"{name} on {options.host}:{port}")
        await stop.wait()
        rest_api.ready = False
        await grpc_api.drain()
        await gate.close()
        web.should_exit = True
        await asyncio.gather(grpc_api.stop(options.grace_seconds), answering)
    admission.close()


class _Web(uvicorn.Server):
    """uvicorn without its own handling of signals: `serve` handles them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _uvicorn_config(rest_api: RestApi, path: str, options: Options) -> uvicorn.Config:
    key, certificate = options.tls or (None, None)
    return uvicorn.Config(
        rest_api.app,
        uds=path,
        http=timed_protocol(options.head_seconds),
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        h11_max_incomplete_event_size=_MAX_HEAD_BYTES,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, int(options.grace_seconds)),
        ssl_keyfile=key,
        ssl_certfile=certificate,
        ssl_ca_certs=options.client_ca or None,
        ssl_cert_reqs=ssl.CERT_REQUIRED if options.client_ca else ssl.CERT_NONE,
    )


def _listener(host: str, port: int) -> socket.socket:
    with contextlib.ExitStack() as stack:
        try:
            family, kind, protocol, _, address = socket.getaddrinfo(
                host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = stack.enter_context(socket.socket(family, kind, protocol))
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
            listener.listen(socket.SOMAXCONN)
        except OSError as error:
            raise OSError(f"cannot serve at {host}:{port}: {error.strerror}") from error
        stack.pop_all()
    return listener


def _affordable(limits: Limits) -> Limits:
    """Raise the limit of descriptors, and lower the limits of connections to what they allow."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    soft = _MANY_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, _MANY_DESCRIPTORS)
    with contextlib.suppress(ValueError, OSError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = max(8, (soft - _OWN_DESCRIPTORS) // _DESCRIPTORS_EACH)
    if most < limits.connections:
        _log.warning("%d descriptors allow %d connections at a time", soft, most)
    return dataclasses.replace(
        limits,
        connections=min(most, limits.connections),
        per_address=min(most, limits.per_address),
    )


def _tell(metrics: Metrics, admission: Admission, gate: Gate) -> None:
    for name, text, value in (
        ("comrec_requests_running", "Requests that run.", lambda: admission.running),
        ("comrec_requests_waiting", "Requests that wait for a turn.", lambda: admission.waiting),
        ("comrec_held_bytes", "Bytes of requests that wait or run.", lambda: admission.held_bytes),
        ("comrec_connections", "Connections.", lambda: gate.connections),
        ("comrec_connections_turned_away", "Refused or ended.", lambda: gate.turned_away),
    ):
        metrics.gauge(name, text, value)


def _say(_: asyncio.AbstractEventLoop, context: dict) -> None:
    error = context.get("exception")
    _log.error("%s: %s", context.get("message"), type(error).__name__ if error else "")
