import os

import pytest

from comrec_tf.engines import threads


@pytest.mark.parametrize("value", [None, ""])
def test_without_a_number_there_are_as_many_threads_as_cores_of_this_process(monkeypatch, value):
    monkeypatch.delenv(threads.VARIABLE, raising=False)
    if value is not None:
        monkeypatch.setenv(threads.VARIABLE, value)
    assert 1 <= threads.count() <= os.cpu_count()


@pytest.mark.parametrize("value", ["1", "3", "9999"])
def test_the_environment_says_how_many_threads_there_are(monkeypatch, value):
    monkeypatch.setenv(threads.VARIABLE, value)
    assert threads.count() == int(value)


@pytest.mark.parametrize("value", ["abc", "0", "-3", "1.5", "10000", "٣", "9" * 5000])
def test_what_is_no_number_of_threads_is_refused(monkeypatch, value):
    monkeypatch.setenv(threads.VARIABLE, value)
    with pytest.raises(ValueError, match=f"^expected .* COMREC_THREADS. Received: {value}$"):
        threads.count()
