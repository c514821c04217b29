"""Serve exported presets with TensorFlow Serving's gRPC and REST API, without TensorFlow Serving.

    python -m comrec_tf.serve --model_base_path=models/comrec --port=8500 --rest_api_port=8501

For development, tests and small sites. models/comrec holds versions, folders with numbers as names
that comrec_tf.export made; the largest is served, and a larger one as soon as it appears. Several
models: --model_base_path=comrec=models/comrec,fast=models/fast.

SIGTERM and SIGINT end it once requests in flight are done. Exit codes: 0 ended so, 1 an error that
the message describes, 2 a wrong command line.
"""

import pathlib
import signal
import sys
import threading
from collections.abc import Sequence

from absl import flags

from comrec_tf.commands import frame

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _serve)


def _define(values: flags.FlagValues) -> None:
    def number(name: str, default: int, description: str, lowest: int = 1) -> None:
        flags.DEFINE_integer(name, default, description, lower_bound=lowest, flag_values=values)

    flags.DEFINE_list(
        "model_base_path",
        None,
        "Folder with the versions of a model, or NAME=FOLDER; several by commas.",
        flag_values=values,
    )
    flags.mark_flag_as_required("model_base_path", flag_values=values)
    flags.DEFINE_string(
        "model_name", "", "Name of a single model; its folder's name if empty.", flag_values=values
    )
    flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.", flag_values=values)
    number("port", 8500, "Port of gRPC; 0 for any that is free.", 0)
    number("rest_api_port", 8501, "Port of REST; 0 for any that is free, -1 for none.", -1)
    number("max_in_flight", 2, "Requests that run at the same time.")
    number("max_waiting", 32, "Requests that wait; more get RESOURCE_EXHAUSTED.", 0)
    number("max_message_megabytes", 256, "Size of a request or reply at most.")
    flags.DEFINE_float(
        "poll_seconds", 1.0, "How often to look for new versions.", flag_values=values
    )
    flags.DEFINE_float(
        "grace_seconds", 30.0, "How long requests in flight have at the end.", flag_values=values
    )
    for name, description in (
        ("tls_key", "Private key, PEM: with --tls_certificate both APIs are encrypted."),
        ("tls_certificate", "Certificate chain, PEM."),
        ("tls_client_ca", "Certificates, PEM, of which clients must show one."),
    ):
        flags.DEFINE_string(name, "", description, flag_values=values)


def _serve(values: flags.FlagValues, positional: list[str]) -> int:
    if positional:
        raise ValueError(f"expected flags only. Received: {' '.join(positional)}")
    if bool(values.tls_key) != bool(values.tls_certificate):
        raise ValueError("--tls_key and --tls_certificate go together. Received: one of them")
    base_paths = _base_paths(values)
    try:
        import uvicorn

        from comrec_tf.server import grpc_api, rest_api
    except ImportError as error:
        raise OSError(f'serving needs more: pip install "comrec-tf[serving]" ({error})') from error
    from comrec_tf.server.store import ModelStore

    store = ModelStore(
        base_paths,
        poll_seconds=values.poll_seconds,
        max_in_flight=values.max_in_flight,
        max_waiting=values.max_waiting,
    )
    max_bytes = values.max_message_megabytes * 1024**2
    tls = (values.tls_key, values.tls_certificate) if values.tls_key else None
    server, port = grpc_api.make_server(
        store,
        f"{values.host}:{values.port}",
        max_message_bytes=max_bytes,
        tls=tls,
        client_ca=values.tls_client_ca,
    )
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    server.start()
    print(f"gRPC on {values.host}:{port}", flush=True)
    web = None
    if values.rest_api_port >= 0:
        web = _Web(
            uvicorn.Config(
                rest_api.make_app(store, max_body_bytes=max_bytes),
                host=values.host,
                port=values.rest_api_port,
                log_level="warning",
                ssl_keyfile=values.tls_key or None,
                ssl_certfile=values.tls_certificate or None,
                ssl_ca_certs=values.tls_client_ca or None,
                ssl_cert_reqs=2 if values.tls_client_ca else 0,
                timeout_graceful_shutdown=int(values.grace_seconds),
            )
        )
        print(f"REST on {values.host}:{web.start()}", flush=True)
    stop.wait()
    if web is not None:
        web.stop()
    server.stop(values.grace_seconds).wait()
    store.close()
    return frame.SUCCESS


def _base_paths(values: flags.FlagValues) -> dict[str, str]:
    base_paths = {}
    for text in values.model_base_path:
        name, separator, folder = text.partition("=")
        if not separator:
            name, folder = values.model_name or pathlib.PurePath(text).name, text
        if name in base_paths:
            raise ValueError(f"expected models of different names. Received: {name} twice")
        base_paths[name] = folder
    return base_paths


class _Web:
    """uvicorn in a thread: signals are the command's own."""

    def __init__(self, config: "object") -> None:
        import uvicorn

        class Server(uvicorn.Server):
            def install_signal_handlers(self) -> None:
                pass

        self._server = Server(config)  # type: ignore[arg-type]
        self._thread = threading.Thread(target=self._server.run, daemon=True)

    def start(self) -> int:
        """Start; returns the port."""
        self._thread.start()
        while not self._server.started:
            if not self._thread.is_alive():
                raise OSError(f"cannot serve REST at port {self._server.config.port}")
            self._thread.join(0.01)
        return int(self._server.servers[0].sockets[0].getsockname()[1])

    def stop(self) -> None:
        """Finish requests in flight and end."""
        self._server.should_exit = True
        self._thread.join()


if __name__ == "__main__":
    sys.exit(main(sys.argv))
