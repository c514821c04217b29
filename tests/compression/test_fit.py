import math

import pytest

from comrec_tf.compression import fit
from comrec_tf.presets import card, find


def entries(**changed):
    content = {name: [float(i), 0, 0, 0, 0, 0, 0.5] for i, name in enumerate(fit.ENTRIES, 1)}
    return {**content, "part": [0.3, 0.7], **changed}


def test_a_prediction_is_the_sum_of_the_terms():
    line = [1.0, 2.0, 0.0, 0.0, 0.0, 0.0, 0.25]
    read = fit.Fit.read({"ssimulacra2": {"2": entries(bytes=line)}})
    predicted = read.predict("ssimulacra2", "2", 50.0, 0.5, 0.0)
    assert predicted.bytes == pytest.approx(1.0 + 2.0 * 50.0 / 50.0)
    assert predicted.bytes_error == 0.25
    assert (predicted.part[0], predicted.part_error) == (0.3, 0.7)


def test_nothing_is_known_of_a_way_that_was_not_fitted():
    predicted = fit.NO_FIT.predict("psnr", "1", 30.0, 0.5, 0.7)
    assert predicted.place == 0.7
    assert math.isinf(predicted.bytes_error)
    assert math.isinf(predicted.top_error)


@pytest.mark.parametrize(
    "content",
    [
        {"psnr": 7},
        {"psnr": {"1": []}},
        {"psnr": {"1": {}}},
        {"psnr": {"1": entries(top=[1, 2])}},
        {"psnr": {"1": entries(top=["a"] * 7)}},
        {"psnr": {"1": entries(top=[math.nan] * 7)}},
    ],
)
def test_what_is_no_fit_is_refused(content):
    with pytest.raises(ValueError, match="a fit must be|an entry of a fit is"):
        fit.Fit.read(content)


def test_the_shipped_fits_are_read():
    for name in ("comrec", "comrec-psnr"):
        content = card.read(find.find_preset(name)).fit
        predicted = fit.Fit.read(content).predict("ssimulacra2", "1", 50.0, 0.6, 0.0)
        assert math.isfinite(predicted.bytes_error)
