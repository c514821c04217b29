import absl.flags
import pytest

from comrec_tf.commands import flags


def read(*arguments):
    values = absl.flags.FlagValues()
    flags.define(values)
    values(["compress", *arguments])
    return flags.read(values)


def test_one_thing_at_a_time_is_aimed_at():
    assert (read("--max_bytes=500").aim, read("--max_bytes=500").value) == ("max_bytes", 500)
    assert (read().aim, read().value, read().scale) == ("quality", None, None)
    with pytest.raises(ValueError, match="expected one of --quality"):
        read("--quality=5", "--psnr=30")


def test_flags_become_an_order():
    asked = read("--preset=p", "--codec=webp", "--scale=2", "--psnr=31.5", "--nometadata")
    assert (asked.preset, asked.codec, asked.scale, asked.metadata) == ("p", "webp", 2, False)
    assert (asked.aim, asked.value) == ("psnr", 31.5)
