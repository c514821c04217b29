import numpy as np
import pytest

from comrec_tf.codecs import condition
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compression.picture_coder import PictureCoder, decode_bitstream
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.images import tiles
from tests.makers import make_model


def coder_of(**kwargs):
    return PictureCoder(*pairs_of(make_model(**kwargs)))


@pytest.mark.parametrize("kind", [{}, {"scale": 1}, {"channels": 1}])
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 5), (33, 64)])
def test_every_size_comes_back_with_its_shape(kind, channels, size, monkeypatch):
    monkeypatch.setattr(tiles, "SIDES", (16, 32))
    coder = coder_of(**kind)
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    compact = coder.compact(picture, 16.0)
    assert compact.shape == coder.compact_shape(picture.shape)
    restored = coder.restore(compact, condition.of_step(16.0), size)
    assert restored.shape == picture.shape
    assert restored.dtype == np.uint8


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_pictures_are_the_same_in_any_tiles(scale, fixture, request, monkeypatch):
    """One tile for the whole picture, and many with borders all over it."""
    picture = request.getfixturevalue(fixture)
    coder = coder_of(scale=scale)
    results = []
    for sides in ((768,), (32,)):
        monkeypatch.setattr(tiles, "SIDES", sides)
        compact = coder.compact(picture, 20.0)
        told = condition.of_step(20.0)
        results.append((compact, coder.restore(compact, told, picture.shape[:2])))
    for whole, tiled in zip(*results, strict=True):
        assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1


@pytest.mark.parametrize(("effort", "flips"), [(2, [()]), (3, [(), 1])])
def test_more_effort_takes_the_mean_of_mirrored_and_transposed_views(effort, flips):
    coder = coder_of(scale=1)
    told = condition.of_step(20.0)
    picture = np.random.default_rng(0).integers(0, 256, (18, 30, 3), np.uint8)

    def once(view):
        return coder.restore(view, told, view.shape[:2])

    views = []
    for flip in flips:
        flipped = np.flip(picture, flip)
        for turn in (0, 2):
            turned = np.rot90(flipped, turn)
            restored = once(turned), once(turned.swapaxes(0, 1)).swapaxes(0, 1)
            views += [np.flip(np.rot90(one, -turn), flip) for one in restored]
    restored = coder.restore(picture, told, picture.shape[:2], effort=effort)
    assert len(views) == 2**effort
    assert np.abs(restored - np.mean(views, 0)).max() <= 0.5
    assert np.abs(restored.astype(int) - once(picture)).max() > 0


def test_half_size_has_no_views(photo):
    coder = coder_of(scale=2)
    compact, told = coder.compact(photo, 20.0), condition.of_step(20.0)
    once, thrice = (coder.restore(compact, told, (128, 160), effort=effort) for effort in (1, 3))
    np.testing.assert_array_equal(once, thrice)


def test_work_counts_halos_and_padding(monkeypatch):
    coder = coder_of(scale=2)
    halo = coder.pair.rec_radius
    monkeypatch.setattr(tiles, "SIDES", (64,))
    assert coder.restoring_work((64, 64)) == (64 + 4 * halo) ** 2
    assert coder.restoring_work((65, 64)) == 2 * (64 + 4 * halo) ** 2


def test_a_picture_of_another_size_inside_is_refused(photo):
    bitstream = JpegCodec().encode(photo, 50)
    assert decode_bitstream(bitstream, photo.shape).shape == photo.shape
    with pytest.raises(ValueError, match="of 50x64 pixels inside. Received: 160x128"):
        decode_bitstream(bitstream, (64, 50, 3))
    with pytest.raises(ValueError, match="the jpeg inside is damaged"):
        decode_bitstream(bitstream[:800], photo.shape)
