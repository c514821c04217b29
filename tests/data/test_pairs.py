import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.data import pairs
from comrec_tf.graph import color


def patches_of(picture, num=8, size=32):
    random = np.random.default_rng(0)
    tops, lefts = random.integers(0, 80, (2, num))
    pixels = [picture[t : t + size, x : x + size] for t, x in zip(tops, lefts, strict=True)]
    return tf.data.Dataset.from_tensor_slices(
        {
            "pixels": np.stack(pixels),
            "seed": np.stack([np.zeros(num), np.arange(num)], -1).astype(int),
        }
    )


def halve(pictures, qualities):
    return tf.nn.avg_pool2d(pictures, 2, 2, "VALID")


def pair(patches, **kwargs):
    arguments = {
        "shrink": halve,
        "codec": JpegCodec(),
        "channels": 3,
        "batch_size": 4,
        "quality": (30, 30),
    }
    return list(pairs.pair_dataset(patches, **{**arguments, **kwargs}).as_numpy_iterator())


def test_decoded_is_what_the_real_codec_makes_of_the_compact_picture(photo):
    codec = JpegCodec()
    for batch in pair(patches_of(photo)):
        for picture, decoded, quality in zip(
            batch["pictures"], batch["decoded"], batch["quality"], strict=True
        ):
            compact = color.codec_pixels(halve(picture[None], None))[0]
            expected, _ = codec.round_trip(compact, int(quality))
            np.testing.assert_allclose(decoded, color.network_pixels(expected, 3), atol=1e-6)


def test_pictures_are_the_patches_in_order(photo):
    patches = patches_of(photo)
    pictures = np.concatenate([batch["pictures"] for batch in pair(patches)])
    expected = [color.network_pixels(item["pixels"], 3) for item in patches]
    np.testing.assert_allclose(pictures, expected, atol=1e-6)


def test_qualities_are_drawn_over_the_whole_range_more_of_them_low(photo):
    batches = pair(patches_of(photo, num=400), quality=(5, 80), batch_size=100)
    drawn = np.concatenate([batch["quality"] for batch in batches])
    assert drawn.min() >= 5
    assert drawn.max() <= 80
    assert len(set(drawn)) > 40
    assert 0.4 < np.mean(drawn < 20) < 0.6  # 20 is the range's geometric mean


def test_the_same_seeds_draw_the_same(photo):
    one, two = (pair(patches_of(photo), quality=(5, 80), grey_share=0.5) for _ in range(2))
    for a, b in zip(one, two, strict=True):
        for name in a:
            np.testing.assert_array_equal(a[name], b[name])


def test_some_patches_lose_their_colour(photo):
    batches = pair(patches_of(photo, num=200), grey_share=0.25, batch_size=100)
    pictures = np.concatenate([batch["pictures"] for batch in batches])
    grey = np.ptp(pictures[..., 1:].reshape(200, -1), axis=1) < 1e-6
    assert 0.15 < grey.mean() < 0.35


def test_a_model_of_luma_gets_one_channel(photo):
    for batch in pair(patches_of(photo), channels=1):
        assert batch["pictures"].shape == (4, 32, 32, 1)
        assert batch["decoded"].shape == (4, 16, 16, 1)


@pytest.mark.parametrize("quality", [(0, 50), (50, 101), (60, 50)])
def test_qualities_out_of_range_are_refused(photo, quality):
    with pytest.raises(ValueError, match="quality"):
        pair(patches_of(photo), quality=quality)
