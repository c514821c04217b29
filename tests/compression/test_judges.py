import numpy as np
import pytest

from comrec_tf.compression import judges, ssimulacra2, target
from comrec_tf.images import metrics


@pytest.fixture
def noisy(photo):
    noise = np.random.default_rng(0).integers(-9, 10, photo.shape)
    return np.clip(photo + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize("metric", target.METRICS)
@pytest.mark.parametrize("size", [(1, 1), (5, 7), (128, 160), (65, 129)])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_score_is_that_of_the_errors_of_all_blocks(photo, noisy, metric, size, channels):
    pair = [picture[: size[0], : size[1], :channels] for picture in (photo, noisy)]
    judge = judges.judge(metric, pair[0])
    errors = judge.errors(pair[1])
    assert errors.shape[1] >= -(-size[0] // judges.BLOCK)
    assert judge.score(pair[1]) == judge.score_of(errors.sum((1, 2))) < judge.score(pair[0]) == 100


def test_scores_are_the_metrics_own(photo, noisy):
    assert judges.judge("psnr", photo).score(noisy) == pytest.approx(metrics.psnr(photo, noisy))
    expected = ssimulacra2.ssimulacra2(photo, noisy)
    assert judges.judge("ssimulacra2", photo).score(noisy) == expected


@pytest.mark.parametrize("metric", target.METRICS)
def test_more_damage_scores_less(photo, noisy, metric):
    worse = (photo.astype(int) + 3 * (noisy.astype(int) - photo)).clip(0, 255).astype(np.uint8)
    judge = judges.judge(metric, photo)
    assert judge.score(noisy) > judge.score(worse)


@pytest.mark.parametrize("metric", target.METRICS)
def test_pictures_of_another_shape_are_refused(photo, metric):
    with pytest.raises(ValueError, match="Received: shape="):
        judges.judge(metric, photo).errors(photo[:, :-1])


def test_an_unknown_metric_is_refused(photo):
    with pytest.raises(ValueError, match="Received: vmaf"):
        judges.judge("vmaf", photo)
