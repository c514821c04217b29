import os
import signal
import threading

import pytest

from comrec_tf.process import signals

SIGNALS = [signal.SIGTERM, signal.SIGHUP]
pytestmark = pytest.mark.usefixtures("signals_end_processes")


@pytest.mark.parametrize("number", SIGNALS)
def test_what_asks_a_process_to_end_is_an_interrupt_inside_and_as_before_outside(number):
    def ended():
        with signals.ending_as_interrupt():
            os.kill(os.getpid(), number)

    with pytest.raises(KeyboardInterrupt):
        ended()
    assert signal.getsignal(number) is signal.SIG_DFL


@pytest.mark.parametrize("number", SIGNALS)
def test_what_somebody_ignores_stays_ignored(number):
    before = signal.signal(number, signal.SIG_IGN)
    try:
        with signals.ending_as_interrupt():
            os.kill(os.getpid(), number)
        assert signal.getsignal(number) is signal.SIG_IGN
    finally:
        signal.signal(number, before)


def test_in_another_thread_nothing_changes():
    handlers = []

    def work():
        with signals.ending_as_interrupt():
            handlers.extend(map(signal.getsignal, SIGNALS))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert handlers == [signal.SIG_DFL, signal.SIG_DFL]
