"""Serve exported presets with TensorFlow Serving's gRPC and REST API, without TensorFlow Serving.

    comrec serve --model_base_path=models/comrec --port=8500 --rest_api_port=8501

For development, tests and small sites. models/comrec holds versions, folders with numbers as names
that comrec export made; the largest that loads is served, and a larger one as soon as it appears.
Several models: --model_base_path=comrec=models/comrec,fast=models/fast.

SIGTERM and SIGINT end it once requests in flight are done.

Exit codes: 0 ended so, 1 an error that the message describes, 2 a wrong command line.
"""

import asyncio
import functools
import os
import sys

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text

__all__ = ["COMMAND", "main"]

_MAX_PORT = 65_535


def _define(values: flags.FlagValues) -> None:
    def number(
        name: str, default: int, description: str, lowest: int = 1, highest: int | None = None
    ) -> None:
        flags.DEFINE_integer(name, default, description, lowest, highest, flag_values=values)

    def seconds(name: str, default: float, description: str) -> None:
        flags.DEFINE_float(name, default, description, lower_bound=0.01, flag_values=values)

    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_list(
            "model_base_path",
            None,
            "Folder with the versions of a model, or NAME=FOLDER; several by commas.",
            flag_values=values,
        )
        flags.DEFINE_string(
            "model_name",
            "",
            "Name of a single model. Default: its folder's name.",
            flag_values=values,
        )
        flags.DEFINE_string("host", "127.0.0.1", "Address to listen on.", flag_values=values)
        number("port", 8500, "Port of gRPC; 0 for any that is free.", 0, _MAX_PORT)
        description = "Port of REST; 0 for any that is free, -1 for none."
        number("rest_api_port", 8501, description, -1, _MAX_PORT)
        for name, description in (
            ("tls_key", "Private key, PEM: with --tls_certificate both APIs are encrypted."),
            ("tls_certificate", "Certificate chain, PEM."),
            ("tls_client_ca", "Certificates, PEM, of which clients must show one."),
        ):
            flags.DEFINE_string(name, "", f"{description} Default: none.", flag_values=values)
        flags.DEFINE_enum(
            "log_format", "text", ["text", "json"], "Lines of the log.", flag_values=values
        )
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_enum(
            "engine",
            "auto",
            ["auto", *vocabulary.ENGINES],
            "What restores JPEGs: the model itself (tensorflow), the preset beside it (litert, or "
            "openvino of the extra of that name), or the one of these that a look after the "
            "warm-up finds the fastest. The signature compress, and files that are no JPEG, are "
            "always the preset's: litert's where tensorflow is asked for.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "enable_model_warmup",
            True,
            "Run the requests in a model's assets.extra before it takes others.",
            flag_values=values,
        )
    with help_text.group(values, help_text.RUN):
        number(
            "max_in_flight",
            4,
            "Requests that run at the same time, each on its share of the cores: more for "
            "throughput, fewer so that one is answered sooner.",
        )
        number("max_waiting", 32, "Requests that wait; more get RESOURCE_EXHAUSTED.", 0)
        number("max_message_megabytes", 64, "Size of a request or reply at most.")
        number("max_held_megabytes", 512, "Size of all requests that wait or run at most.")
        number("max_pixels", 100_000_000, "Pixels of all pictures of a request at most.")
        number("max_connections", 512, "Connections at a time.")
        number("max_connections_per_address", 128, "Connections at a time from one address.")
        seconds("head_seconds", 10.0, "How long a connection may take to say what it wants.")
        seconds("arrival_seconds", 60.0, "How long a request may take to arrive.")
        seconds("idle_seconds", 600.0, "How long a connection may pass nothing on.")
        seconds("poll_seconds", 1.0, "How often to look for new versions.")
        seconds("grace_seconds", 30.0, "How long requests in flight have at the end.")
    flags.mark_flag_as_required("model_base_path", flag_values=values)


def _serve(values: flags.FlagValues, positional: list[str]) -> int:
    if bool(values.tls_key) != bool(values.tls_certificate):
        raise frame.UsageError("--tls_key and --tls_certificate go together. Received: one of them")
    base_paths = _base_paths(values)
    # gRPC's core would log a line for each connection that does not speak HTTP/2.
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")
    try:
        import tensorflow as tf

        from comrec_tf.server import gate, logs, process
    except ImportError as error:
        hint = vocabulary.install_hint("serving")
        raise OSError(f"serving needs {error.name or error}: {hint}") from error
    from comrec_tf.server.servable import Servable
    from comrec_tf.server.store import ModelStore

    # TensorFlow warns that sessions of TensorFlow 1 are deprecated; TensorFlow Serving uses them.
    tf.get_logger().setLevel("ERROR")
    logs.configure(as_json=values.log_format == "json")
    options = process.Options(
        host=values.host,
        port=values.port,
        rest_port=values.rest_api_port,
        max_in_flight=values.max_in_flight,
        max_waiting=values.max_waiting,
        max_message_bytes=values.max_message_megabytes * 1024**2,
        max_held_bytes=values.max_held_megabytes * 1024**2,
        max_pixels=values.max_pixels,
        arrival_seconds=values.arrival_seconds,
        head_seconds=values.head_seconds,
        limits=gate.Limits(
            connections=values.max_connections,
            per_address=values.max_connections_per_address,
            first_byte_seconds=values.head_seconds,
            idle_seconds=values.idle_seconds,
        ),
        tls=(values.tls_key, values.tls_certificate) if values.tls_key else None,
        client_ca=values.tls_client_ca,
        grace_seconds=values.grace_seconds,
    )
    store = ModelStore(
        base_paths,
        poll_seconds=values.poll_seconds,
        load=functools.partial(
            Servable,
            engine=values.engine,
            warm_up=values.enable_model_warmup,
            at_once=values.max_in_flight,
        ),
    )
    asyncio.run(process.serve(store, options, lambda text: print(text, flush=True)))
    store.close()
    return frame.SUCCESS


def _base_paths(values: flags.FlagValues) -> dict[str, str]:
    base_paths = {}
    for text in values.model_base_path:
        name, separator, folder = text.partition("=")
        if not separator:
            # The name of "." and "..", too; one that is a link keeps its own.
            name, folder = values.model_name or os.path.basename(os.path.abspath(text)), text
        if not name:
            raise frame.UsageError(f"expected models of a name, NAME=FOLDER. Received: {text}")
        if name in base_paths:
            raise frame.UsageError(f"expected models of different names. Received: {name} twice")
        base_paths[name] = folder
    return base_paths


COMMAND = frame.Command("serve", __doc__, _define, _serve)

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
