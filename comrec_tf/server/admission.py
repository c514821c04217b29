"""Admission: how many requests arrive, wait and run at a time, and how many bytes they hold."""

import asyncio
import collections
import concurrent.futures
import contextlib
import time
from collections.abc import Callable, Coroutine, Iterator
from typing import Any, TypeVar

import grpc

from comrec_tf.server.errors import RequestError

__all__ = ["Admission", "Holding"]

_T = TypeVar("_T")
#: A request that has been arriving for longer is dropped if others wait to arrive.
_SLOW_SECONDS = 0.5
#: The most requests that wait to arrive; they cost almost nothing.
_MAX_EXPECTED = 1024


def _exhausted(message: str) -> RequestError:
    return RequestError(grpc.StatusCode.RESOURCE_EXHAUSTED, f"{message}: try again later")


class Holding:
    """The bytes that one request holds; see `Admission.holding`."""

    def __init__(self, admission: "Admission") -> None:
        self._admission = admission
        self.bytes = 0

    def add(self, count: int) -> None:
        """Hold more bytes.

        Args:
            count: how many.

        Raises:
            RequestError: RESOURCE_EXHAUSTED: all requests together would hold too many.
        """
        if self._admission.held_bytes + count > self._admission.max_bytes:
            raise _exhausted("the requests that wait hold too many bytes")
        self._admission.held_bytes += count
        self.bytes += count


class Admission:
    """Decides which requests go on, before a byte of them is parsed; for one event loop.

    A request arrives (its bytes are received), waits for its turn, runs in a thread, and leaves.

    Args:
        max_in_flight: requests that run at the same time.
        max_waiting: requests that wait for their turn, and about as many that arrive; more are
            refused.
        max_bytes: the most bytes that requests that have arrived hold together.
        arrival_seconds: how long one request may take to arrive.
    """

    def __init__(
        self,
        *,
        max_in_flight: int = 4,
        max_waiting: int = 32,
        max_bytes: int = 512 * 1024**2,
        arrival_seconds: float = 60.0,
    ) -> None:
        self.max_bytes = max_bytes
        #: Bytes held now.
        self.held_bytes = 0
        #: Requests that run now.
        self.running = 0
        #: Called with the seconds that a request waited for its turn.
        self.on_turn: Callable[[float], None] = lambda seconds: None
        self._max_in_flight = max_in_flight
        self._max_waiting = max_waiting
        self._max_arriving = max_in_flight + max_waiting
        self._arrival_seconds = arrival_seconds
        self._expected = 0
        self._arriving: dict[asyncio.Future, float] = {}
        self._queue: collections.deque[asyncio.Future] = collections.deque()
        self._threads = concurrent.futures.ThreadPoolExecutor(max_in_flight, "request")

    @property
    def waiting(self) -> int:
        """Requests that wait for their turn now."""
        return len(self._queue)

    @contextlib.contextmanager
    def holding(self) -> Iterator[Holding]:
        """Count a request's bytes for as long as the context lasts.

        Returns:
            A context that gives the `Holding`.
        """
        holding = Holding(self)
        try:
            yield holding
        finally:
            self.held_bytes -= holding.bytes

    async def arrive(self, received: Callable[[], Coroutine[Any, Any, _T]]) -> _T:
        """Wait until a request has arrived.

        If too many arrive at once, the one that has taken longest is dropped: a client that sends
        slowly takes no place from others.

        Args:
            received: makes the coroutine that receives it.

        Returns:
            Its result.

        Raises:
            RequestError: DEADLINE_EXCEEDED or RESOURCE_EXHAUSTED.
        """
        await self._room_to_arrive()
        task = asyncio.ensure_future(received())
        self._arriving[task] = time.monotonic()
        try:
            done, _ = await asyncio.wait([task], timeout=self._arrival_seconds)
            if not done:
                raise RequestError(
                    grpc.StatusCode.DEADLINE_EXCEEDED,
                    f"expected the request to arrive within {self._arrival_seconds:g} seconds",
                )
            if task.cancelled():
                raise _exhausted("the request arrived too slowly while others waited")
            return task.result()
        finally:
            self._arriving.pop(task, None)
            task.cancel()

    async def _room_to_arrive(self) -> None:
        if self._expected >= _MAX_EXPECTED:
            raise _exhausted("too many requests arrive")
        self._expected += 1
        try:
            while len(self._arriving) >= self._max_arriving:
                oldest, begun = next(iter(self._arriving.items()))
                patience = begun + _SLOW_SECONDS - time.monotonic()
                if patience <= 0:
                    oldest.cancel()
                    del self._arriving[oldest]
                    return
                await asyncio.wait(
                    self._arriving, timeout=patience, return_when=asyncio.FIRST_COMPLETED
                )
                # Requests that have arrived are removed by their own tasks.
                await asyncio.sleep(0)
        finally:
            self._expected -= 1

    async def run(self, work: Callable[[], _T], deadline: float | None = None) -> _T:
        """Run a request's work in a thread when its turn has come, first come, first served.

        Args:
            work: what to run.
            deadline: time (`time.monotonic`) when the client stops waiting; None for never.

        Returns:
            What `work` returned.

        Raises:
            RequestError: RESOURCE_EXHAUSTED where too many wait already, or DEADLINE_EXCEEDED.
        """
        begun = time.monotonic()
        await self._turn(deadline)
        self.on_turn(time.monotonic() - begun)
        future = asyncio.get_running_loop().run_in_executor(self._threads, work)
        future.add_done_callback(self._leave)
        # If a client leaves, its work goes on; the turn ends with the work.
        return await asyncio.shield(future)

    async def _turn(self, deadline: float | None) -> None:
        if self.running < self._max_in_flight:
            self.running += 1
            return
        if len(self._queue) >= self._max_waiting:
            raise _exhausted("too many requests wait")
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        try:
            await asyncio.wait([turn], timeout=left)
        except asyncio.CancelledError:
            if turn.done():
                self._pass_on()
            raise
        finally:
            if not turn.done():
                self._queue.remove(turn)
        if not turn.done():
            raise RequestError(
                grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline passed while waiting"
            )

    def _pass_on(self) -> None:
        if self._queue:
            self._queue.popleft().set_result(None)
        else:
            self.running -= 1

    def _leave(self, future: asyncio.Future) -> None:
        self._pass_on()
        if not future.cancelled():
            future.exception()  # retrieved here, since the client has left

    def close(self) -> None:
        """End the threads, which finish what they run."""
        self._threads.shutdown()
