"""Both APIs in this process, from the first request to SIGTERM."""

import asyncio
import os
import signal
import socket
import threading
import urllib.request

import pytest

pytest.importorskip("uvicorn")
pytest.importorskip("tensorflow_serving.apis.predict_pb2")
import grpc

from comrec_tf.server import process
from comrec_tf.server.gate import Limits


@pytest.fixture
def handlers():
    """Signal handlers, as they were before."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_it_says_where_it_listens_answers_there_and_ends_on_sigterm(echo_store, handlers):
    told, answers = [], []

    def client():
        try:
            ports = [int(text.rsplit(":", 1)[1]) for text in told]
            with urllib.request.urlopen(f"http://127.0.0.1:{ports[1]}/readyz", timeout=30) as reply:
                answers.append(reply.status)
            with grpc.insecure_channel(f"127.0.0.1:{ports[0]}") as channel:
                grpc.channel_ready_future(channel).result(30)
                answers.append("gRPC")
        finally:
            os.kill(os.getpid(), signal.SIGTERM)

    def announce(text):
        told.append(text)
        if len(told) == 2:
            threading.Thread(target=client).start()

    options = process.Options(port=0, rest_port=0, grace_seconds=1.0)
    asyncio.run(asyncio.wait_for(process.serve(echo_store, options, announce), 120))
    assert [text.split(" on ")[0] for text in told] == ["gRPC", "REST"]
    assert answers == [200, "gRPC"]


def test_a_port_that_is_taken_is_named(echo_store, handlers):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        options = process.Options(port=port, rest_port=-1)
        with pytest.raises(OSError, match=f"cannot serve at 127.0.0.1:{port}: "):
            asyncio.run(process.serve(echo_store, options, print))


def test_an_address_that_there_is_none_of_is_named(echo_store, handlers):
    # Of an interface that is not there, which no name server need be asked for.
    options = process.Options(host="fe80::1%nowhere", port=8500, rest_port=-1)
    with pytest.raises(OSError, match="cannot serve at fe80::1%nowhere:8500: "):
        asyncio.run(process.serve(echo_store, options, print))


def test_no_more_connections_are_taken_than_there_are_descriptors_for(monkeypatch, caplog):
    limits = [(256, 256)]
    monkeypatch.setattr(process.resource, "getrlimit", lambda _: limits[-1])
    monkeypatch.setattr(process.resource, "setrlimit", lambda _, pair: limits.append(pair))
    allowed = process._affordable(Limits(connections=512, per_address=128))
    assert (256 - 96) // 3 == allowed.connections == allowed.per_address
    assert "256 descriptors" in caplog.text
    limits.append((256, 10**6))
    assert process._affordable(Limits(connections=512)).connections == 512
