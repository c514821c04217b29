"""Signals that ask a process to end, taken as Ctrl-C is."""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType

__all__ = ["ending_as_interrupt"]

#: What a service manager or a cluster's scheduler sends, and a terminal that is closed; Windows
#: does not know the latter.
_ENDING = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]


@contextlib.contextmanager
def ending_as_interrupt() -> Iterator[None]:
    """Raise `KeyboardInterrupt` for SIGTERM and SIGHUP in this context, instead of dying of them.

    So what is being written is written whole, and what is done is said. A signal that somebody has
    ignored (nohup) or handles stays as it is. Outside the main thread, which alone may handle
    signals, nothing changes.
    """

    def interrupt(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with contextlib.ExitStack() as undo:
        if threading.current_thread() is threading.main_thread():
            for number in _ENDING:
                if signal.getsignal(number) is signal.SIG_DFL:
                    undo.callback(signal.signal, number, signal.SIG_DFL)
                    signal.signal(number, interrupt)
        yield
