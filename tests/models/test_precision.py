import pytest

from comrec_tf.models import precision


@pytest.mark.parametrize(
    ("flags", "expected"),
    [
        ("fpu avx512f avx512_bf16", "mixed_bfloat16"),
        ("fpu amx_bf16", "mixed_bfloat16"),
        ("fpu avx2 avx512f", "float32"),
    ],
)
def test_bfloat16_is_taken_where_the_cpu_has_it(tmp_path, monkeypatch, flags, expected):
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags\t\t: {flags}\n")
    monkeypatch.setattr(precision, "_CPU", tmp_path / "cpuinfo")
    assert precision.fastest() == expected


def test_a_machine_that_does_not_say_gets_float32(tmp_path, monkeypatch):
    monkeypatch.setattr(precision, "_CPU", tmp_path / "missing")
    assert precision.fastest() == "float32"
