import asyncio
import threading
import time

import pytest

pytest.importorskip("grpc")
from comrec_tf.server import admission as admission_module
from comrec_tf.server.admission import Admission
from comrec_tf.server.errors import RequestError


async def code_of(work):
    try:
        await work
    except RequestError as error:
        return error.code.name
    return "OK"


def test_so_many_run_so_many_wait_and_more_are_refused():
    async def main():
        admission = Admission(max_in_flight=2, max_waiting=3)
        go_on = threading.Event()
        calls = [asyncio.create_task(code_of(admission.run(go_on.wait))) for _ in range(8)]
        await asyncio.sleep(0.05)
        assert (admission.running, admission.waiting) == (2, 3)
        go_on.set()
        codes = await asyncio.gather(*calls)
        assert codes == ["OK"] * 5 + ["RESOURCE_EXHAUSTED"] * 3
        assert (admission.running, admission.waiting) == (0, 0)
        admission.close()

    asyncio.run(main())


def test_turns_come_in_the_order_of_requests():
    async def main():
        admission = Admission(max_in_flight=1)
        order = []
        await asyncio.gather(*(admission.run(lambda n=n: order.append(n)) for n in range(9)))
        assert order == list(range(9))
        admission.close()

    asyncio.run(main())


def test_who_leaves_or_is_late_takes_no_turn_and_loses_none():
    async def main():
        admission = Admission(max_in_flight=1)
        go_on = threading.Event()
        first = asyncio.create_task(admission.run(go_on.wait))
        await asyncio.sleep(0)
        gone = [asyncio.create_task(admission.run(time.time)) for _ in range(3)]
        late = asyncio.create_task(code_of(admission.run(time.time, time.monotonic() + 0.05)))
        last = asyncio.create_task(code_of(admission.run(time.time)))
        await asyncio.sleep(0.02)
        gone[0].cancel()
        gone[2].cancel()
        assert await late == "DEADLINE_EXCEEDED"
        # A client that leaves while its request runs: the turn ends with the work.
        first.cancel()
        await asyncio.sleep(0.02)
        assert admission.running == 1
        # The turn is given to one that leaves at that very moment.
        go_on.set()
        while admission.waiting == 2:
            await asyncio.sleep(0)
        gone[1].cancel()
        assert await last == "OK"
        await asyncio.sleep(0.05)
        assert (admission.running, admission.waiting) == (0, 0)
        admission.close()

    asyncio.run(main())


def test_bytes_are_counted_and_given_back():
    async def main():
        admission = Admission(max_bytes=100)
        with admission.holding() as one:
            one.add(60)
            with admission.holding() as other:
                other.add(30)
                with pytest.raises(RequestError, match="too many bytes"):
                    other.add(30)
            assert admission.held_bytes == 60
        assert admission.held_bytes == 0

    asyncio.run(main())


def test_a_request_that_arrives_slowly_gives_way_and_one_that_never_does_ends(monkeypatch):
    monkeypatch.setattr(admission_module, "_SLOW_SECONDS", 0.05)

    async def main():
        admission = Admission(max_in_flight=1, max_waiting=1, arrival_seconds=0.3)

        def slow():
            return asyncio.create_task(code_of(admission.arrive(lambda: asyncio.sleep(9))))

        first, second = slow(), slow()
        begun = time.monotonic()
        await asyncio.sleep(0)
        assert await admission.arrive(lambda: asyncio.sleep(0, "here")) == "here"
        assert 0.04 < time.monotonic() - begun < 0.25
        assert await first == "RESOURCE_EXHAUSTED"
        # There is room now, so nobody gives way.
        assert await admission.arrive(lambda: asyncio.sleep(0, "here")) == "here"
        assert await second == "DEADLINE_EXCEEDED"
        with pytest.raises(ConnectionError):
            await admission.arrive(broken)

    async def broken():
        raise ConnectionError

    asyncio.run(main())
