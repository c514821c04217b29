import pytest
from absl import flags

from comrec_tf.commands import restore_flags
from comrec_tf.compression.restoration import Restoration


def parsed(*words):
    values = flags.FlagValues()
    restore_flags.define(values)
    values(["restore", *words])
    return restore_flags.read(values)


def test_flags_become_a_restoration():
    assert parsed() == Restoration()
    given = ["--preset=p", "--strength=0.5", "-f", "jpeg", "-q", "70", "--ignore_checksum"]
    expected = Restoration("p", 0.5, 3, "jpeg", 70, True, max_pixels=9)
    assert parsed(*given, "--effort=3", "--max_pixels=9") == expected


@pytest.mark.parametrize(
    "words", [["--quality=5"], ["--strength=1.1"], ["--effort=4"], ["--format=gif"]]
)
def test_what_makes_no_sense_is_refused(words):
    with pytest.raises(flags.Error, match="expected|should be one of|range"):
        parsed(*words)
