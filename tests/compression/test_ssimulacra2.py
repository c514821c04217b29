import io

import numpy as np
import PIL.Image
import pytest
import skimage.data

from comrec_tf.compression import ssimulacra2
from comrec_tf.images import metrics

package = pytest.importorskip("ssimulacra2")


def jpeg(picture, quality):
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture.squeeze()).save(buffer, "JPEG", quality=quality)
    decoded = np.asarray(PIL.Image.open(buffer))
    return decoded.reshape(picture.shape)


def by_package(*pair):
    files = [io.BytesIO() for _ in pair]
    for file, picture in zip(files, pair, strict=True):
        PIL.Image.fromarray(picture.squeeze()).save(file, "PNG")
    return package.compute_ssimulacra2(*files)


@pytest.mark.parametrize("size", [(256, 256), (300, 417), (241, 225)])
@pytest.mark.parametrize("quality", [5, 40, 95])
def test_the_score_is_the_packages(size, quality):
    picture = skimage.data.astronaut()[: size[0], : size[1]]
    restored = jpeg(picture, quality)
    score = ssimulacra2.ssimulacra2(picture, restored)
    assert score == pytest.approx(by_package(picture, restored), abs=0.03)


@pytest.mark.parametrize("channels", [1, 3])
def test_structure_differs_as_ssim_does(channels):
    picture = skimage.data.astronaut()[:300, :417, :channels]
    original = ssimulacra2.Original(picture)
    good, poor = (jpeg(picture, quality) for quality in (70, 20))
    by_blocks = [ssimulacra2.structure(original.errors(one).sum((1, 2))) for one in (good, poor)]
    by_ssim = [metrics.ssim(picture, one) for one in (good, poor)]
    assert by_blocks == pytest.approx(by_ssim, abs=0.005)
    assert np.subtract(*by_blocks) == pytest.approx(np.subtract(*by_ssim), rel=0.03)
    assert ssimulacra2.structure(original.errors(picture).sum((1, 2))) == 1.0


@pytest.mark.parametrize("size", [(256, 256), (301, 417)])
def test_every_second_row_and_column_says_nearly_the_same(size):
    picture = skimage.data.astronaut()[: size[0], : size[1]]
    whole, sparse = (ssimulacra2.Original(picture, every_second) for every_second in (False, True))
    for quality in (15, 40, 80):
        restored = jpeg(picture, quality)
        seen, guessed = (one.errors(restored) for one in (whole, sparse))
        assert guessed.shape == seen.shape
        seen, guessed = seen.sum((1, 2)), guessed.sum((1, 2))
        assert ssimulacra2.score(guessed) == pytest.approx(ssimulacra2.score(seen), abs=0.1)
        assert ssimulacra2.structure(guessed) == pytest.approx(
            ssimulacra2.structure(seen), abs=5e-4
        )
        for one, errors in ((whole, seen), (sparse, guessed)):
            assert one.structure(restored) == ssimulacra2.structure(errors)
    assert ssimulacra2.score(sparse.errors(picture).sum((1, 2))) == 100


def test_grey_is_colour_without_colour():
    grey = skimage.data.camera()[:256, :256, None]
    restored = jpeg(grey, 30)
    score = ssimulacra2.ssimulacra2(grey, restored)
    assert score == pytest.approx(by_package(grey, restored), abs=0.03)
    colour = [np.repeat(picture, 3, -1) for picture in (grey, restored)]
    assert score == pytest.approx(ssimulacra2.ssimulacra2(*colour))


@pytest.mark.parametrize("size", [(1, 1), (7, 3), (8, 200), (112, 113)])
def test_small_pictures_are_judged_as_if_mirrored(photo, size):
    small = photo[: size[0], : size[1]]
    assert ssimulacra2.ssimulacra2(small, small) == 100
    noise = np.random.default_rng(0).integers(-20, 21, small.shape)
    noisy = np.clip(small + noise, 0, 255).astype(np.uint8)
    pair = [
        np.pad(picture, [(0, max(0, 113 - side)) for side in size] + [(0, 0)], "symmetric")
        for picture in (small, noisy)
    ]
    assert ssimulacra2.ssimulacra2(small, noisy) == ssimulacra2.ssimulacra2(*pair) < 95


def test_errors_stand_where_the_damage_is():
    picture = skimage.data.astronaut()[:200, :330]
    damaged = picture.copy()
    damaged[70:110, 140:180] = 128
    errors = ssimulacra2.Original(picture).errors(damaged)
    assert errors.shape[1:] == (4, 6)
    fine = errors[0]  # structural error of the finest scale's luma
    assert fine[1, 2] == fine.max() > 0
    assert fine[0, 5] == fine[3, 0] == 0
    assert (errors >= 0).all()


def test_pictures_of_other_shapes_are_refused(photo):
    with pytest.raises(ValueError, match="Received: shape="):
        ssimulacra2.ssimulacra2(photo, photo[:-1])
    with pytest.raises(ValueError, match="Received: shape="):
        ssimulacra2.Original(photo[..., :2])
