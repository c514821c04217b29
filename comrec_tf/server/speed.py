"""Measures which of several ways is the fastest on this machine."""

import time
from collections.abc import Callable, Mapping

__all__ = ["seconds_of"]

_ROUNDS = 3


def seconds_of(ways: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Measure ways of doing the same thing.

    They take turns, so that other work on the machine slows all of them, and the best of a few
    rounds counts, since other work can only make one slower. The first run of each is not counted:
    it prepares the engine.

    Args:
        ways: what to call, by name.

    Returns:
        Seconds by name.
    """
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(1 + _ROUNDS):
        for name, way in ways.items():
            begun = time.perf_counter()
            way()
            seconds[name].append(time.perf_counter() - begun)
    return {name: min(measured[1:]) for name, measured in seconds.items()}
