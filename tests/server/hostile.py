"""A hostile client: what strangers send, in bounded numbers, to servers on this machine alone.

Each attack is a function of the host and the ports of gRPC and REST. Those that get answers return
them as names of statuses; those that hold connections are contexts.
"""

import contextlib
import http.client
import json
import random
import socket
import threading
import time

import grpc

HOST = "127.0.0.1"
OTHER_HOST = "127.0.0.2"
PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
SETTINGS = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00"
PREDICT = "/tensorflow.serving.PredictionService/Predict"
MODEL = "tiny"


def varint(number: int) -> bytes:
    out = b""
    while number > 0x7F:
        out += bytes([number & 0x7F | 0x80])
        number >>= 7
    return out + bytes([number])


def field(number: int, content: bytes) -> bytes:
    return varint(number << 3 | 2) + varint(len(content)) + content


def request(tensor: bytes, model: str = MODEL, name: bytes = b"image_bytes") -> bytes:
    """A serialized PredictRequest, made without protobuf, which would refuse some of them."""
    return field(1, field(1, model.encode())) + field(2, field(1, name) + field(2, tensor))


def declared(size: int, dtype: int = 7) -> bytes:
    """A request of about 49 bytes that declares a shape of many more values than it brings."""
    shape = field(2, field(2, b"\x08" + varint(size)))
    value = field(8, b"x") if dtype == 7 else field(7, b"\x01")
    return request(b"\x08" + varint(dtype) + shape + value)


def grpc_requests() -> dict[str, bytes]:
    """Requests that are wrong in themselves, by what is wrong."""
    rng = random.Random(0)
    strings = field(8, b"") * 1_000_000
    return {
        "a shape of ten million": declared(10**7),
        "a shape of 2e8": declared(2 * 10**8),
        "a shape of 2e18 numbers": declared(2 * 10**18, dtype=3),
        "a negative shape": declared(2**64 - 5),
        "a million empty strings": request(b"\x08\x07" + strings),
        "four million numbers in a list": request(b"\x08\x09" + field(10, b"\x01" * 4_000_000)),
        "a million dimensions": request(b"\x08\x07" + field(2, field(2, b"") * 500_000)),
        "a million outputs": request(b"\x08\x07") + field(3, b"") * 500_000,
        "nested variants": request(b"\x08\x15" + field(15, field(3, field(15, b"") * 9) * 9)),
        "no message": bytes(rng.randrange(256) for _ in range(3000)),
        "a length beyond the end": b"\x12\xff\xff\xff\xff\x0f",
        "nothing": b"",
    }


def send_grpc(content: bytes, port: int, timeout: float = 20.0, address: str = HOST) -> str:
    """The name of the status of one call."""
    with grpc.insecure_channel(f"{address}:{port}") as channel:
        try:
            channel.unary_unary(PREDICT)(content, timeout=timeout)
        except grpc.RpcError as error:
            return error.code().name
    return "OK"


def rest_requests() -> dict[str, tuple[str, str, bytes]]:
    """Requests with their method and path, by what is wrong; all of them are a 400 or 404."""
    predict = f"/v1/models/{MODEL}:predict"
    huge = "9" * 5000
    return {
        "millions of empty lists": (
            "POST",
            predict,
            b'{"instances": [' + b"[]," * 5_000_000 + b"[]]}",
        ),
        "a long text among numbers": (
            "POST",
            predict,
            json.dumps(
                {
                    "signature_name": "times",
                    "inputs": {"image_bytes": ["x"], "times": ["a" * 200_000] + ["b"] * 500},
                }
            ).encode(),
        ),
        "deep nesting": ("POST", predict, b'{"instances": ' + b"[" * 200_000),
        "a list for a name": (
            "POST",
            predict,
            json.dumps({"signature_name": ["a"], "instances": ["x"]}).encode(),
        ),
        "a long number": ("POST", predict, b'{"instances": [' + huge.encode() + b"]}"),
        "no JSON": ("POST", predict, bytes(range(256)) * 100),
        "a version of 5,000 digits": ("GET", f"/v1/models/{MODEL}/versions/{huge}", b""),
        "a version of other digits": ("GET", f"/v1/models/{MODEL}/versions/%D9%A3", b""),
        "a path of dots": ("GET", "/v1/models/../../../../etc/passwd", b""),
        "another verb": ("POST", f"/v1/models/{MODEL}:regress", b"{}"),
        "another method": ("DELETE", f"/v1/models/{MODEL}", b""),
    }


def send_rest(method: str, path: str, body: bytes, port: int) -> int:
    """The HTTP status of one request."""
    connection = http.client.HTTPConnection(HOST, port, timeout=30)
    with contextlib.closing(connection):
        connection.request(method, path, body or None)
        response = connection.getresponse()
        response.read()
        return response.status


@contextlib.contextmanager
def held(port: int, count: int, opening: bytes = b"", address: str = HOST):
    """Connections that say `opening` and then nothing."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            with contextlib.suppress(OSError):
                made = socket.create_connection((HOST, port), 5, (address, 0))
                stack.callback(made.close)
                made.sendall(opening)
        yield


HALF_OPEN = {
    "silent": b"",
    "half an HTTP/2 preface": PREFACE[:10],
    "HTTP/2 and no call": PREFACE + SETTINGS,
    "half a head": b"POST /v1/models/tiny:predict HTTP/1.1\r\nHost: x\r\nX: ",
    "a head and half a body": (
        b"POST /v1/models/tiny:predict HTTP/1.1\r\nHost: x\r\nContent-Length: 50000000\r\n\r\n{"
    ),
}


@contextlib.contextmanager
def slow_streams(port: int, count: int):
    """Calls that begin and never send their message."""
    stop = threading.Event()

    def nothing():
        stop.wait(120)
        return iter(())

    def late():
        yield from nothing()

    with grpc.insecure_channel(f"{HOST}:{port}") as channel:
        calls = [channel.stream_unary(PREDICT).future(late(), timeout=120) for _ in range(count)]
        try:
            yield
        finally:
            stop.set()
            for call in calls:
                call.cancel()


def garbage(port: int, count: int, seed: int = 0) -> None:
    """Connections that send bytes which are not HTTP, and go."""
    rng = random.Random(seed)
    for _ in range(count):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 5) as made:
            start = rng.choice(
                [b"", PREFACE, PREFACE + SETTINGS, b"GET / HTTP/1.1\r\n", b"\x16\3\1"]
            )
            made.sendall(start + rng.randbytes(rng.randrange(1, 5000)))


def disconnects(port: int, count: int, body: bytes) -> None:
    """REST requests whose client goes before, while or after it has sent them."""
    head = f"POST /v1/models/{MODEL}:predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(body)}"
    whole = head.encode() + b"\r\n\r\n" + body
    for number in range(count):
        with contextlib.suppress(OSError), socket.create_connection((HOST, port), 5) as made:
            made.sendall(whole[: len(whole) * (number % 4 + 1) // 4])
            if number % 2:
                # A reset instead of an end.
                made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def everything(port: int, rest_port: int, seconds: float, body: bytes = b"{}") -> int:
    """All attacks in turn until the time is up; returns how many rounds.

    What is held open comes from an address of its own: among connections of one address an honest
    one may have to give way.
    """
    end = time.monotonic() + seconds
    rounds = 0
    while time.monotonic() < end:
        for content in grpc_requests().values():
            send_grpc(content, port)
        for method, path, content in rest_requests().values():
            with contextlib.suppress(OSError, http.client.HTTPException):
                send_rest(method, path, content, rest_port)
        garbage(port, 20, rounds)
        garbage(rest_port, 20, rounds)
        disconnects(rest_port, 20, body)
        with contextlib.ExitStack() as stack:
            for opening in HALF_OPEN.values():
                stack.enter_context(held(port, 30, opening, OTHER_HOST))
                stack.enter_context(held(rest_port, 30, opening, OTHER_HOST))
            stack.enter_context(slow_streams(port, 50))
            time.sleep(min(2.0, max(0.0, end - time.monotonic())))
        rounds += 1
    return rounds
