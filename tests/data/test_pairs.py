import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs import condition
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.data import pairs
from comrec_tf.data.sampling import Sampling
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


def halve(pictures, log_step):
    return tf.nn.avg_pool2d(pictures, 2, 2, "VALID")


def pair(patches, **kwargs):
    channels, batch_size = kwargs.pop("channels", 3), kwargs.pop("batch_size", 4)
    dataset = pairs.pair_dataset(
        patches,
        shrink=halve,
        codec=JpegCodec(),
        channels=channels,
        sampling=Sampling(**{"quality": 30, **kwargs}),
        batch_size=batch_size,
    )
    return list(dataset.as_numpy_iterator())


def test_decoded_is_what_the_real_codec_makes_of_the_compact_picture(photo):
    codec = JpegCodec()
    for batch in pair(patches_of(photo)):
        for picture, decoded, quality in zip(
            batch["pictures"], batch["decoded"], batch["quality"], strict=True
        ):
            compact = color.codec_pixels(halve(picture[None], None))[0]
            expected = codec.decode(codec.encode(compact.numpy(), int(quality)))
            np.testing.assert_allclose(decoded, color.network_pixels(expected, 3), atol=1e-6)


def test_pictures_are_the_patches_in_order(photo):
    patches = patches_of(photo)
    pictures = np.concatenate([batch["pictures"] for batch in pair(patches)])
    expected = [color.network_pixels(item["pixels"], 3) for item in patches]
    np.testing.assert_allclose(pictures, expected, atol=1e-6)


def test_qualities_are_drawn_over_the_whole_range_more_of_them_low(photo):
    batches = pair(patches_of(photo, num=400), quality=(1, 100), batch_size=100)
    drawn = np.concatenate([batch["quality"] for batch in batches])
    assert len(set(drawn)) > 60
    for low, high, share in ((1, 4, 0.11), (5, 29, 0.33), (30, 79, 0.37), (80, 100, 0.18)):
        assert np.mean((drawn >= low) & (drawn <= high)) == pytest.approx(share, abs=0.08)


def test_each_example_draws_its_codec_and_is_told_its_tables(photo):
    codecs = JpegCodec(), FlatJpegCodec(weight=8), JpegCodec("4:4:4")
    weights = [(codecs[0], 2), (codecs[1], 1), (codecs[2], 1)]
    counts = np.zeros(3)
    for batch in pair(patches_of(photo, num=100), quality=(5, 90), codecs=weights, batch_size=50):
        names = ("pictures", "decoded", "quality", "log_step", "tables")
        for picture, decoded, quality, log_step, tables in zip(
            *(batch[name] for name in names), strict=True
        ):
            compact = color.codec_pixels(halve(picture[None], None))[0].numpy()
            made = [codec.decode(codec.encode(compact, int(quality))) for codec in codecs]
            error = [np.abs(color.network_pixels(one, 3) - decoded).max() for one in made]
            # What a flat patch became may be the same for two of them: then it is told of one.
            possible = [index for index in range(3) if error[index] < 1e-6]
            told = np.array([log_step, *tables])
            of_each = [condition.of_codec(one, int(quality), grey=False) for one in codecs]
            (drawn,) = [i for i in possible if np.allclose(told, of_each[i], atol=1e-5)]
            counts[drawn] += 1
    np.testing.assert_allclose(counts / counts.sum(), [0.5, 0.25, 0.25], atol=0.15)


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
