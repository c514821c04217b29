"""Measures which of several ways is the fastest on this machine."""

import concurrent.futures
import time
from collections.abc import Callable, Mapping

__all__ = ["seconds_of"]

_ROUNDS = 3


def seconds_of(ways: Mapping[str, Callable[[], object]], at_once: int = 1) -> dict[str, float]:
    """Measure ways of doing the same thing.

    They take turns, so that other work on the machine slows all of them, and the best of a few
    rounds counts, since other work can only make one slower. The first run of each is not counted:
    it prepares the engine.

    Args:
        ways: what to call, by name.
        at_once: how many times to call it at the same time, each in a thread of its own.

    Returns:
        Seconds by name, until all calls of a round are done.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    with concurrent.futures.ThreadPoolExecutor(at_once) as pool:
        for _ in range(1 + _ROUNDS):
            for name, way in ways.items():
                begun = time.perf_counter()
                for called in [pool.submit(way) for _ in range(at_once)]:
                    called.result()
                seconds[name].append(time.perf_counter() - begun)
    return {name: min(measured[1:]) for name, measured in seconds.items()}
