"""Nothing that a client sends stops the server; see `hostile`, the client of this test."""

import contextlib
import json
import threading
import time

import numpy as np
import pytest

grpc = pytest.importorskip("grpc")
pytest.importorskip("tensorflow_serving.apis.predict_pb2")
pytest.importorskip("uvicorn")
from tests.server import hostile  # noqa: E402
from tests.server.running import Server  # noqa: E402

FLAGS = ["--head_seconds=1", "--arrival_seconds=2"]


@pytest.fixture(scope="module")
def server(echo_model):
    """With no more descriptors than connections of a few would use up."""
    running = Server(echo_model, *FLAGS, descriptors=256)
    for _ in range(3):
        answers(running)
    yield running
    assert running.stop() == 0
    log = running.process.stderr.read()
    assert "Traceback" not in log
    assert len(log) < 10_000, log


def answers(server) -> float:
    """Both APIs answer; returns how long it took."""
    begun = time.monotonic()
    with grpc.insecure_channel(f"127.0.0.1:{server.ports[0]}") as channel:
        server.channel = channel
        reply = server.predict("encode", timeout=10, image_bytes=[b"a", b"b"])
    assert reply["code_bytes"].tolist() == [b"a", b"b"]
    assert server.rest("tiny:predict", {"instances": ["a"]}) == (
        200,
        {"predictions": [{"b64": "YQ=="}]},
    )
    return time.monotonic() - begun


@pytest.mark.parametrize("kind", hostile.grpc_requests())
def test_requests_that_are_wrong_are_refused_without_time_or_memory(server, kind):
    before = server.resident()
    begun = time.monotonic()
    status = hostile.send_grpc(hostile.grpc_requests()[kind], server.ports[0])
    assert status == ("NOT_FOUND" if kind == "nothing" else "INVALID_ARGUMENT")
    assert time.monotonic() - begun < 10
    assert server.resident() - before < 200
    answers(server)


@pytest.mark.parametrize("kind", hostile.rest_requests())
def test_nonsense_over_rest_is_the_clients_fault(server, kind):
    before = server.resident()
    status = hostile.send_rest(*hostile.rest_requests()[kind], server.ports[1])
    assert status in (400, 404)
    assert server.resident() - before < 200
    answers(server)


@pytest.mark.parametrize("port", [0, 1])
@pytest.mark.parametrize("kind", hostile.HALF_OPEN)
def test_connections_that_are_held_open_leave_both_apis_answering(server, kind, port):
    with hostile.held(server.ports[port], 300, hostile.HALF_OPEN[kind]):
        assert answers(server) < 10
    answers(server)


def test_connections_of_many_addresses_leave_both_apis_answering(server):
    with contextlib.ExitStack() as stack:
        for number in range(10):
            address = f"127.0.0.{number + 2}"
            stack.enter_context(hostile.held(server.ports[number % 2], 30, address=address))
        assert answers(server) < 10


def test_calls_that_never_send_their_message_take_no_place(server):
    with hostile.slow_streams(server.ports[0], 100):
        # For a second after they began none of them counts as slow.
        time.sleep(1.5)
        assert answers(server) < 10


def test_garbage_and_disconnects_leave_no_trace(server):
    body = json.dumps({"instances": ["x" * 100_000]}).encode()
    threads = [
        threading.Thread(target=hostile.garbage, args=[server.ports[0], 100]),
        threading.Thread(target=hostile.garbage, args=[server.ports[1], 100]),
        threading.Thread(target=hostile.disconnects, args=[server.ports[1], 100, body]),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answers(server)
    metrics = {}
    for line in server_metrics(server).splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            metrics[name] = float(value)
    for name in ("comrec_requests_running", "comrec_requests_waiting", "comrec_held_bytes"):
        assert metrics[name] == 0


def server_metrics(server) -> str:
    import urllib.request

    address = f"http://127.0.0.1:{server.ports[1]}/monitoring/prometheus/metrics"
    with urllib.request.urlopen(address, timeout=20) as reply:
        return reply.read().decode()


def test_a_body_or_message_over_the_limit_is_refused(echo_model):
    running = Server(echo_model, "--max_message_megabytes=1", "--max_pixels=100")
    try:
        large = hostile.request(b"\x08\x07" + hostile.field(8, b"x" * 1_100_000))
        assert hostile.send_grpc(large, running.ports[0]) == "RESOURCE_EXHAUSTED"
        path = "/v1/models/tiny:predict"
        assert hostile.send_rest("POST", path, b" " * 1_100_000, running.ports[1]) == 400
        png = picture_of(11, 10)
        with pytest.raises(grpc.RpcError, match="at most 100 pixels"):
            running.predict(image_bytes=[png])
        assert running.predict(image_bytes=[picture_of(10, 10)])["code_bytes"].size == 1
    finally:
        running.stop()


def picture_of(height, width) -> bytes:
    import io

    import PIL.Image

    buffer = io.BytesIO()
    PIL.Image.fromarray(np.zeros((height, width), np.uint8)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.mark.slow
def test_a_minute_of_everything_at_once(echo_model):
    running = Server(echo_model, *FLAGS, descriptors=1024)
    try:
        answers(running)
        before = running.resident()
        attack = threading.Thread(target=hostile.everything, args=[*running.ports, 60.0])
        attack.start()
        slowest = 0.0
        while attack.is_alive():
            slowest = max(slowest, answers(running))
            time.sleep(0.2)
        attack.join()
        assert slowest < 20
        assert running.resident() - before < 500
    finally:
        assert running.stop() == 0
        log = running.process.stderr.read()
        assert "Traceback" not in log
        assert len(log) < 10_000, log
