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
    wrong = "expected one of --quality.* Received: --quality and --psnr"
    with pytest.raises(absl.flags.Error, match=wrong):
        read("--quality=5", "--psnr=30")


def test_flags_become_a_request():
    asked = read("--preset=p", "--codec=webp", "--scale=2", "--psnr=31.5", "--nometadata")
    assert (asked.preset, asked.codec, asked.scale, asked.metadata) == ("p", "webp", 2, False)
    assert (asked.aim, asked.value) == ("psnr", 31.5)
    asked = read("--best_effort", "--max_pixels=1000")
    assert (asked.best_effort, asked.max_pixels) == (True, 1000)


@pytest.mark.parametrize(
    ("text", "size"),
    [("20000", 20_000), ("20k", 20_000), ("1.5M", 1_500_000), ("2.3MB", 2_300_000), (".5K", 500)],
)
def test_bytes_may_be_thousands_and_millions(text, size):
    assert read(f"--max_bytes={text}").value == size


@pytest.mark.parametrize("text", ["0", "-5", "20x", "k", "1e5", "nan", ""])
def test_what_is_no_size_is_refused(text):
    with pytest.raises(absl.flags.Error, match=r"expected bytes, as 20000, 20k or 1.5M"):
        read(f"--max_bytes={text}")
