"""Gate: the listening sockets, with limits on connections that the servers behind do not have.

gRPC's own server has no limit for an address and cannot prefer one connection to another; uvicorn
accepts connections until there are no descriptors left. So each listens on its own Unix socket, and
the gate passes bytes on. If there are too many connections, one that does nothing is ended.
"""

import asyncio
import collections
import contextlib
import dataclasses
import functools
import socket
import time

__all__ = ["Gate", "Limits"]

_CHUNK = 65_536
#: A connection whose client has sent less may be ended if there are too many.
_LITTLE = 1024
#: A connection that has been quiet for longer may be ended if there are too many.
_QUIET_SECONDS = 30.0
#: How long to go on reading from a client after the answer, so that it can read the answer.
_LINGER_SECONDS = 1.0
_SWEEP_SECONDS = 1.0
_NO_DESCRIPTOR_SECONDS = 0.2


@dataclasses.dataclass(frozen=True)
class Limits:
    """What connections may take.

    Attributes:
        connections: at a time, of all addresses.
        per_address: at a time, of one address.
        first_byte_seconds: until a client sends its first byte.
        idle_seconds: without a byte in either direction.
    """

    connections: int = 512
    per_address: int = 128
    first_byte_seconds: float = 10.0
    idle_seconds: float = 600.0


@dataclasses.dataclass(eq=False)
class _Connection:
    client: socket.socket
    address: str
    inner: str
    moved: float
    received: int = 0
    ending: bool = False
    task: asyncio.Task | None = None


class Gate:
    """Accepts connections and passes their bytes on; for one event loop.

    Args:
        limits: for all listening sockets together.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._connections: set[_Connection] = set()
        self._by_address: collections.Counter[str] = collections.Counter()
        self._tasks: list[asyncio.Task] = []
        #: Connections that were refused, or ended for others, since the start.
        self.turned_away = 0

    @property
    def connections(self) -> int:
        """Connections now."""
        return len(self._connections)

    def listen(self, listener: socket.socket, inner: str) -> None:
        """Take connections until `close`.

        Args:
            listener: a listening socket.
            inner: path of the Unix socket to pass them on to.
        """
        if not self._tasks:
            self._tasks.append(asyncio.create_task(self._sweep()))
        self._tasks.append(asyncio.create_task(self._accept(listener, inner)))

    async def close(self) -> None:
        """Take no more connections; those that are open stay until the servers end them."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, listener: socket.socket, inner: str) -> None:
        loop = asyncio.get_running_loop()
        listener.setblocking(False)
        with listener:
            while True:
                try:
                    client, address = await loop.sock_accept(listener)
                except OSError:
                    # No descriptor is left, or the client has gone already.
                    await asyncio.sleep(_NO_DESCRIPTOR_SECONDS)
                    continue
                host = address[0] if isinstance(address, tuple) else ""
                if not await self._make_room(host, inner):
                    self.turned_away += 1
                    client.close()
                    continue
                connection = _Connection(client, host, inner, time.monotonic())
                connection.task = asyncio.create_task(_pass_on(connection))
                self._connections.add(connection)
                self._by_address[host] += 1
                connection.task.add_done_callback(functools.partial(self._done, connection))

    def _done(self, connection: _Connection, task: asyncio.Task) -> None:
        if not task.cancelled():
            task.exception()  # the client or the server behind has gone: there is nobody to tell
        # Closed here, since a task that is ended before it begins closes nothing.
        connection.client.close()
        self._connections.discard(connection)
        self._by_address[connection.address] -= 1
        if not self._by_address[connection.address]:
            del self._by_address[connection.address]

    async def _make_room(self, host: str, inner: str) -> bool:
        """Whether there is room for one more, if need be after ending one that does nothing."""
        crowded = self._by_address[host] >= self._limits.per_address
        if not crowded and len(self._connections) < self._limits.connections:
            return True
        late = time.monotonic() - _QUIET_SECONDS
        idle = [
            c
            for c in self._connections
            if (c.received < _LITTLE or c.moved < late)
            and (not crowded or c.address == host)
            and not c.ending
        ]
        if not idle:
            return False
        # First those to the same API: an attack on one should leave the other alone.
        victim = min(idle, key=lambda c: (c.inner != inner, c.moved))
        _end(victim)
        # Its descriptors must be free before new ones are taken.
        await asyncio.wait([victim.task] if victim.task else [], timeout=_LINGER_SECONDS)
        self.turned_away += 1
        return True

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_SWEEP_SECONDS)
            now = time.monotonic()
            for connection in list(self._connections):
                allowed = (
                    self._limits.idle_seconds
                    if connection.received
                    else self._limits.first_byte_seconds
                )
                if now - connection.moved > allowed:
                    _end(connection)


def _end(connection: _Connection) -> None:
    connection.ending = True
    if connection.task is not None:
        connection.task.cancel()


async def _pass_on(connection: _Connection) -> None:
    async with contextlib.AsyncExitStack() as stack:
        client = connection.client
        client.setblocking(False)
        client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        reader, writer = await asyncio.open_connection(sock=client)
        stack.callback(writer.transport.abort)
        # Only now: a client that says nothing costs one descriptor, not three.
        first = await _read(reader, connection)
        if not first:
            return
        connection.received += len(first)
        inner_reader, inner_writer = await asyncio.open_unix_connection(connection.inner)
        stack.callback(inner_writer.transport.abort)
        inner_writer.write(first)
        inwards = asyncio.create_task(_pump(reader, inner_writer, connection, inwards=True))
        stack.callback(inwards.cancel)
        await _pump(inner_reader, writer, connection)
        # Closing a socket with unread bytes would reset the connection, and the answer would be
        # lost.
        await asyncio.wait([inwards], timeout=_LINGER_SECONDS)
        with contextlib.suppress(OSError):
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), _LINGER_SECONDS)


async def _read(reader: asyncio.StreamReader, connection: _Connection) -> bytes:
    try:
        content = await reader.read(_CHUNK)
    except OSError:
        return b""
    connection.moved = time.monotonic()
    return content


async def _pump(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    connection: _Connection,
    *,
    inwards: bool = False,
) -> None:
    """Copy until the reader ends; bytes are read even if they can no longer be written."""
    while content := await _read(reader, connection):
        if inwards:
            connection.received += len(content)
        with contextlib.suppress(OSError):
            if not writer.is_closing():
                writer.write(content)
                await writer.drain()
                connection.moved = time.monotonic()
    with contextlib.suppress(OSError, RuntimeError):
        if writer.can_write_eof():
            writer.write_eof()
