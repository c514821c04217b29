"""The gate before a small server that repeats lines."""

import asyncio
import contextlib
import os
import socket

import pytest

pytest.importorskip("grpc")
from comrec_tf.server import gate as gate_module
from comrec_tf.server.gate import Gate, Limits


@contextlib.asynccontextmanager
async def gated(folder, limits=None):
    """The gate and its port, before a server that repeats lines until one says bye."""

    async def repeat(reader, writer):
        while (line := await reader.readline()) not in (b"", b"bye\n"):
            writer.write(line)
            await writer.drain()
        writer.close()

    path = os.path.join(folder, "inner")
    inner = await asyncio.start_unix_server(repeat, path)
    listener = socket.create_server(("127.0.0.1", 0))
    gate = Gate(limits or Limits())
    gate.listen(listener, path)
    try:
        yield gate, listener.getsockname()[1]
    finally:
        await gate.close()
        inner.close()


async def ask(connection, line=b"hello\n"):
    reader, writer = connection
    writer.write(line)
    return await asyncio.wait_for(reader.readline(), 5)


async def is_closed(connection):
    try:
        return await asyncio.wait_for(connection[0].read(1), 5) == b""
    except ConnectionError:
        return True


def test_bytes_pass_in_both_directions_and_the_end_as_well(tmp_path):
    async def main():
        async with gated(tmp_path) as (gate, port):
            connection = await asyncio.open_connection("127.0.0.1", port)
            line = b"x" * 60_000 + b"\n"
            for _ in range(20):
                assert await ask(connection, line) == line
            assert gate.connections == 1
            assert await ask(connection, b"bye\n") == b""
            connection[1].close()
            await asyncio.sleep(0.1)
            assert gate.connections == 0

    asyncio.run(main())


def test_silent_connections_give_way_to_new_ones(tmp_path):
    async def main():
        async with gated(tmp_path, Limits(connections=5, per_address=5)) as (gate, port):
            silent = [await asyncio.open_connection("127.0.0.1", port) for _ in range(20)]
            busy = await asyncio.open_connection("127.0.0.1", port)
            assert await ask(busy) == b"hello\n"
            assert gate.connections == 5
            assert gate.turned_away == 16
            assert await is_closed(silent[0])

    asyncio.run(main())


def test_connections_at_work_are_kept_and_new_ones_refused(tmp_path):
    async def main():
        async with gated(tmp_path, Limits(connections=9, per_address=3)) as (_, port):
            busy = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
            for connection in busy:
                await ask(connection, b"x" * 2000 + b"\n")
            late = await asyncio.open_connection("127.0.0.1", port)
            assert await is_closed(late)
            for connection in busy:
                assert await ask(connection) == b"hello\n"
            # Another address has room of its own.
            other = await asyncio.open_connection("127.0.0.1", port, local_addr=("127.0.0.2", 0))
            assert await ask(other) == b"hello\n"

    asyncio.run(main())


def test_connections_that_say_nothing_or_no_more_are_ended(tmp_path, monkeypatch):
    monkeypatch.setattr(gate_module, "_SWEEP_SECONDS", 0.05)

    async def main():
        limits = Limits(first_byte_seconds=0.2, idle_seconds=0.6)
        async with gated(tmp_path, limits) as (gate, port):
            silent = await asyncio.open_connection("127.0.0.1", port)
            idle = await asyncio.open_connection("127.0.0.1", port)
            await ask(idle)
            assert await is_closed(silent)
            assert await ask(idle) == b"hello\n"
            assert await is_closed(idle)
            assert gate.connections == 0

    asyncio.run(main())


def test_a_server_that_has_gone_closes_the_connection_and_the_gate_lives_on(tmp_path):
    async def main():
        async with gated(tmp_path) as (_, port):
            os.unlink(tmp_path / "inner")
            for _ in range(2):
                connection = await asyncio.open_connection("127.0.0.1", port)
                assert await ask(connection) == b""

    asyncio.run(main())
