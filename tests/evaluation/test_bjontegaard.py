import math

import numpy as np
import pytest

from comrec_tf.evaluation import bjontegaard

ANCHOR = [(0.1, 25.0), (0.2, 28.0), (0.4, 31.0), (0.8, 34.0), (1.6, 36.0)]
TESTED = [(0.08, 25.5), (0.17, 28.9), (0.3, 31.2), (0.7, 34.5), (1.5, 36.2)]


def test_it_agrees_with_the_bjontegaard_package():
    reference = pytest.importorskip("bjontegaard")
    columns = [*zip(*ANCHOR, strict=True), *zip(*TESTED, strict=True)]
    expected = reference.bd_rate(*columns, method="pchip")
    assert bjontegaard.bd_rate(ANCHOR, TESTED) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 1.0, 1.25])
@pytest.mark.parametrize("rates", [None, (0.15, 0.5)])
def test_a_constant_share_of_the_rate_is_found(share, rates):
    tested = [(share * rate, quality) for rate, quality in ANCHOR]
    saved = bjontegaard.bd_rate(ANCHOR, tested, rates)
    assert saved == pytest.approx(100 * (share - 1))


def test_files_that_are_larger_and_worse_do_not_count():
    assert bjontegaard.bd_rate(ANCHOR, [*ANCHOR, (0.5, 30.0)]) == pytest.approx(0)


def test_curves_that_share_nothing_have_no_difference():
    far = [(rate, quality + 50) for rate, quality in ANCHOR]
    assert math.isnan(bjontegaard.bd_rate(ANCHOR, far))
    assert math.isnan(bjontegaard.bd_rate(ANCHOR, ANCHOR[:1]))
    assert np.isfinite(bjontegaard.bd_rate(ANCHOR, ANCHOR))
