import numpy as np
import pytest
import skimage.data

from comrec_tf.compression import judges, sample


def test_small_pictures_are_looked_at_as_they_are(photo):
    assert sample.representative(photo) is photo


@pytest.mark.parametrize("size", [(700, 800), (2000, 1500), (513, 1030), (129, 9000), (90, 8000)])
@pytest.mark.parametrize("channels", [1, 3])
def test_of_large_pictures_windows_of_their_own_pixels_are_looked_at(size, channels):
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    part = sample.representative(picture)
    assert 0 < part[..., 0].size <= 512 * 1024
    corner = part[:64, :64]
    rows = np.flatnonzero((picture == corner[0, 0]).all(-1).any(1))
    assert any(
        np.array_equal(picture[top : top + 64, left : left + 64], corner)
        for top in rows
        for left in np.flatnonzero((picture[top] == corner[0, 0]).all(-1))
    )


def test_calm_and_busy_parts_are_both_taken():
    busy = np.random.default_rng(0).integers(0, 256, (1024, 512, 3), np.uint8)
    calm = np.full((1024, 1024, 3), 99, np.uint8)
    part = sample.representative(np.concatenate([calm, busy], 1))
    assert 0.5 < np.mean(part == 99) < 0.8  # two thirds are calm


def test_tiles_are_as_good_and_bad_as_the_whole():
    picture = np.concatenate([skimage.data.astronaut(), skimage.data.coffee()[:400, :512]], 0)
    noise = np.random.default_rng(0).normal(0, 1, picture.shape)
    noise *= np.linspace(0, 20, len(picture))[:, None, None]  # worse and worse downwards
    noisy = np.clip(picture + noise, 0, 255).astype(np.uint8)
    for metric in ("psnr", "ssimulacra2"):
        judge = judges.judge(metric, picture)
        errors = judge.errors(noisy)
        corners = sample.tiles(judge, errors, picture.shape[:2], 0.6)
        assert len(set(corners)) == len(corners)
        seen = sum(errors[(slice(None), *sample.blocks(corner))].sum((1, 2)) for corner in corners)
        share = len(corners) * sample.SIDE**2 / picture[..., 0].size
        assert 0.5 < share < 0.7
        whole = judge.score_of(errors.sum((1, 2)))
        assert judge.score_of(seen / share) == pytest.approx(whole, abs=0.5)


def test_all_of_a_small_picture_is_taken(photo):
    judge = judges.judge("psnr", photo)
    corners = sample.tiles(judge, judge.errors(photo), photo.shape[:2], 0.6)
    assert corners == [(0, 0), (0, 128)]
