import pytest

from comrec_tf.compression.target import Target


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("size", 3),
        ("quality", 0),
        ("quality", 101),
        ("max_bytes", 0),
        ("psnr", -1),
        ("ssimulacra2", 101),
    ],
)
def test_targets_out_of_range_are_refused(kind, value):
    with pytest.raises(ValueError, match="Received"):
        Target(kind, value)


def test_an_unknown_metric_is_refused():
    with pytest.raises(ValueError, match="ssimulacra2, psnr. Received: ssim"):
        Target("quality", 40, "ssim")


def test_a_score_is_judged_by_its_own_metric():
    assert Target("quality", 40).judged_by == "ssimulacra2"
    assert Target("quality", 40, "psnr").judged_by == "psnr"
    assert Target("psnr", 40).judged_by == "psnr"
    assert Target("ssimulacra2", 70, "psnr").judged_by == "ssimulacra2"


def test_limits_are_in_bytes():
    assert Target("max_bytes", 1000).max_bytes(8) == 1000
    assert Target("bits_per_pixel", 0.5).max_bytes(801) == 50
    assert Target("psnr", 30).max_bytes(801) is None
