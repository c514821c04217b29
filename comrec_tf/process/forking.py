"""What a fork leaves behind: the threads of libraries, which a child would wait for forever."""

import os

__all__ = ["ThreadedLibrary"]


class ThreadedLibrary:
    """A library that starts threads when it is first used, and hangs in a fork of that process.

    Args:
        name: what messages call it.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._process: int | None = None

    def enter(self) -> None:
        """Note the process at the first call; call it before each use of the library.

        Raises:
            RuntimeError: this process was forked from one that had used the library.
        """
        process = os.getpid()
        if self._process is None:
            self._process = process
        if self._process != process:
            raise RuntimeError(
                f"{self._name} was used before this process was forked, and would hang: its "
                "threads stayed behind. Fork before the first use, or start processes by "
                'multiprocessing.get_context("spawn")'
            )
