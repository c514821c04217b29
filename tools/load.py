"""Put a server of exported presets under load and say what it withstood.

Clients in threads send `encode` and `decode` for a while, over gRPC with retries. The server is the
embedded one, as a process of its own; with --kill_after it is killed (kill -9) at that time and
started again. Every reply is checked against the first for the same input, so that what is counted
as answered was answered right.
"""

import argparse
import collections
import concurrent.futures
import io
import statistics
import subprocess
import sys
import time

import grpc
import PIL.Image
import skimage.data
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

_RETRIED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}


def main() -> int:
    """Run and print; returns the exit code: 1 if a request was lost or answered wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model_base_path", help="folder with versions, made by comrec_tf.export")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--side", type=int, default=256, help="height and width of the pictures")
    parser.add_argument("--bad_share", type=float, default=0.05, help="requests with bad bytes")
    parser.add_argument("--kill_after", type=float, help="seconds until kill -9 and a new start")
    parser.add_argument("--port", type=int, default=18500)
    options = parser.parse_args()
    server = _start(options)
    try:
        return _load(options, server)
    finally:
        for process in server:
            process.kill()


def _start(options: argparse.Namespace) -> list[subprocess.Popen]:
    command = [sys.executable, "-m", "comrec_tf.serve", f"--port={options.port}"]
    command += [f"--model_base_path=load={options.model_base_path}", "--rest_api_port=-1"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)  # noqa: S603
    assert process.stdout is not None
    if not process.stdout.readline():
        raise RuntimeError("the server did not start")
    return [process]


def _load(options: argparse.Namespace, server: list[subprocess.Popen]) -> int:
    photo = skimage.data.astronaut()[: options.side, : options.side]
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    stub = prediction_service_pb2_grpc.PredictionServiceStub(
        grpc.insecure_channel(f"127.0.0.1:{options.port}")
    )
    code = _call(stub, "encode", buffer.getvalue())
    expected = {"encode": code, "decode": _call(stub, "decode", code)}
    inputs = {"encode": buffer.getvalue(), "decode": code}
    seconds: dict[str, list[float]] = collections.defaultdict(list)
    counts: collections.Counter[str] = collections.Counter()
    begun = time.monotonic()
    end = begun + options.seconds

    def client(number: int) -> None:
        turn = number
        while time.monotonic() < end:
            turn += 1
            verb = ("encode", "decode")[turn % 2]
            bad = options.bad_share and turn % round(1 / options.bad_share) == 0
            start = time.monotonic()
            try:
                reply = _retried(stub, verb, b"bad" if bad else inputs[verb], counts)
            except grpc.RpcError as error:
                asked = bad and error.code() == grpc.StatusCode.INVALID_ARGUMENT
                counts["refused as asked for" if asked else "lost"] += 1
                continue
            if bad or reply != expected[verb]:
                counts["wrong"] += 1
            seconds[verb].append(time.monotonic() - start)

    with concurrent.futures.ThreadPoolExecutor(options.clients) as pool:
        clients = [pool.submit(client, number) for number in range(options.clients)]
        if options.kill_after is not None:
            time.sleep(options.kill_after)
            server.pop().kill()
            server += _start(options)
        for future in clients:
            future.result()
    elapsed = time.monotonic() - begun
    for verb, values in seconds.items():
        marks = statistics.quantiles(values, n=100)
        print(
            f"{verb}: {len(values)} answered, {len(values) / elapsed:.1f} a second, seconds "
            f"p50 {marks[49]:.3f}, p95 {marks[94]:.3f}, p99 {marks[98]:.3f}"
        )
    for name in ("tried again", "refused as asked for", "wrong", "lost"):
        print(f"{name}: {counts[name]}")
    return 1 if counts["wrong"] or counts["lost"] else 0


def _retried(
    stub: prediction_service_pb2_grpc.PredictionServiceStub,
    verb: str,
    content: bytes,
    counts: "collections.Counter[str]",
) -> bytes:
    for attempt in range(60):
        try:
            return _call(stub, verb, content)
        except grpc.RpcError as error:
            if error.code() not in _RETRIED or attempt == 59:
                raise
        counts["tried again"] += 1
        time.sleep(min(1.0, 0.05 * 2**attempt))
    raise AssertionError("the last attempt returns or raises")


def _call(
    stub: prediction_service_pb2_grpc.PredictionServiceStub, verb: str, content: bytes
) -> bytes:
    given, wanted = ("image_bytes", "code_bytes")[:: 1 if verb == "encode" else -1]
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "load"
    request.model_spec.signature_name = verb
    shape = {"dim": [{"size": 1}]}
    request.inputs[given].CopyFrom(
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[content])
    )
    return stub.Predict(request, timeout=30).outputs[wanted].string_val[0]


if __name__ == "__main__":
    sys.exit(main())
