import pytest

from comrec_tf.data.sampling import Sampling


def test_one_quality_is_a_range_of_one():
    assert Sampling(quality=30).quality_range == (30, 30)
    assert Sampling(quality=(5, 80)).quality_range == (5, 80)


def test_a_range_that_holds_no_quality_is_refused():
    with pytest.raises(ValueError, match=r"from low to high. Received: quality=\(60, 50\)"):
        Sampling(quality=(60, 50))
