import absl.flags
import pytest

from comrec_tf import order_flags


def read(*arguments):
    values = absl.flags.FlagValues()
    order_flags.define(values)
    values(["compress", *arguments])
    return order_flags.read(values)


def test_one_thing_at_a_time_is_aimed_at():
    assert (read("--max_bytes=500").aim, read("--max_bytes=500").value) == ("max_bytes", 500)
    assert (read().aim, read().value, read().scale) == ("quality", None, None)
    with pytest.raises(ValueError, match="expected one of --quality"):
        read("--quality=5", "--psnr=30")


def test_flags_become_an_order():
    order = read("--preset=p", "--codec=webp", "--scale=2", "--psnr=31.5", "--nometadata")
    assert (order.preset, order.codec, order.scale, order.metadata) == ("p", "webp", 2, False)
    assert (order.aim, order.value) == ("psnr", 31.5)
