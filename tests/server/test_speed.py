import itertools
import threading
import time

from comrec_tf.server import speed


def test_the_faster_way_is_found_though_its_first_run_is_slow_and_one_is_held_up():
    calls = []

    def quick():
        calls.append("quick")
        number = calls.count("quick")
        time.sleep({1: 0.3, 3: 0.2}.get(number, 0.01))

    def slow():
        calls.append("slow")
        time.sleep(0.06)

    seconds = speed.seconds_of({"slow": slow, "quick": quick})
    assert min(seconds, key=seconds.get) == "quick"
    assert seconds["slow"] >= 0.06
    # In turn, not one after the other.
    assert calls[:4] == ["slow", "quick", "slow", "quick"]


def test_calls_at_once_run_beside_each_other_and_all_count():
    together = threading.Barrier(3)
    seconds = speed.seconds_of({"meets": lambda: together.wait(5), "waits": held_up()}, at_once=3)
    # Two of three take a moment, the last a tenth of a second.
    assert seconds["waits"] >= 0.1


def held_up():
    numbers = itertools.count()
    return lambda: time.sleep(0.1 if next(numbers) % 3 == 2 else 0.0)
