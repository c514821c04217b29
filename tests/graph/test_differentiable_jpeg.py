import numpy as np
import pytest
import skimage.data
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph import color
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg
from comrec_tf.images import metrics

QUALITIES = (5, 10, 20, 35, 50, 65, 80, 95)


@pytest.fixture(scope="module")
def photos():
    """Four real photos of 256x256 and one of an odd size."""
    return [
        skimage.data.astronaut()[:256, 100:356],
        skimage.data.coffee()[50:306, 100:356],
        skimage.data.chelsea()[20:276, 60:316],
        skimage.data.rocket()[50:306, 200:456],
        skimage.data.astronaut()[100:251, 100:307],
    ]


def as_kind(photo, grey):
    return color.codec_pixels(color.network_pixels(tf.constant(photo), 1 if grey else 3))


def both(photo, quality, subsampling):
    """Decoded picture and size in bits, of the real codec and of the differentiable one."""
    channels = photo.shape[-1]
    codec = JpegCodec(chroma_subsampling=subsampling)
    bitstream = codec.encode(photo.numpy(), quality)
    real = codec.decode(bitstream, channels)
    compact = color.network_pixels(photo, channels)[None]
    decoded, bits = DifferentiableJpeg(codec).round_trip(compact, tf.constant([quality]))
    return (real, 8 * len(bitstream)), (color.codec_pixels(decoded)[0].numpy(), float(bits))


@pytest.mark.parametrize("quality", QUALITIES)
@pytest.mark.parametrize(
    ("grey", "subsampling"), [(True, "4:2:0"), (False, "4:2:0"), (False, "4:4:4")]
)
def test_it_decodes_to_what_the_real_codec_decodes_to(photos, quality, grey, subsampling):
    limit = 45.0 if quality >= 50 else 38.0
    for photo in photos:
        (real, _), (ours, _) = both(as_kind(photo, grey), quality, subsampling)
        assert metrics.psnr(real, ours) >= limit


def test_its_bits_are_those_of_the_real_codec_in_the_mean(photos):
    ratios = []
    for grey, subsampling in [(True, "4:2:0"), (False, "4:2:0"), (False, "4:4:4")]:
        for quality in QUALITIES:
            for photo in photos[:4]:
                (_, real), (_, ours) = both(as_kind(photo, grey), quality, subsampling)
                ratios.append(ours / real)
    assert np.mean(np.abs(np.array(ratios) - 1)) < 0.15
    assert abs(np.mean(ratios) - 1) < 0.05


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_gradients_reach_every_pixel_and_are_finite(photos, channels, subsampling):
    compact = color.network_pixels(photos[0][None, :64, :48], channels)
    quality = tf.constant([30])
    codec = DifferentiableJpeg(JpegCodec(subsampling))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(compact)
        decoded, bits = codec.round_trip(compact, quality)
        error = tf.reduce_sum(tf.square(decoded - 0.3))
    for target in (error, bits):
        gradient = tape.gradient(target, compact).numpy()
        assert np.isfinite(gradient).all()
        assert (np.abs(gradient).max(axis=-1) > 0).mean() > 0.95


def test_following_the_gradient_of_the_bits_saves_real_bytes(photos):
    compact = tf.Variable(color.network_pixels(photos[1][None], 3))
    quality = tf.constant([40])
    real, codec = JpegCodec(), DifferentiableJpeg(JpegCodec())
    before = len(real.encode(color.codec_pixels(compact)[0].numpy(), 40))
    for _ in range(10):
        with tf.GradientTape() as tape:
            _, bits = codec.round_trip(compact, quality)
        compact.assign_sub(1e-3 * tf.sign(tape.gradient(bits, compact)))
    after = len(real.encode(color.codec_pixels(compact)[0].numpy(), 40))
    assert after < 0.95 * before


def test_each_picture_of_a_batch_has_its_own_quality(photos):
    batch = color.network_pixels(np.stack(photos[:2]), 3)
    codec = DifferentiableJpeg(JpegCodec())
    decoded, bits = codec.round_trip(batch, tf.constant([10, 80]))
    for index, quality in enumerate((10, 80)):
        alone, alone_bits = codec.round_trip(batch[index : index + 1], tf.constant([quality]))
        np.testing.assert_allclose(decoded[index], alone[0], atol=1e-5)
        assert float(bits[index]) == pytest.approx(float(alone_bits[0]), rel=1e-4)


def test_values_outside_the_range_are_clipped_as_8_bit_pixels_are():
    compact = tf.constant([[[[1.7]], [[-0.4]]]] * 1)
    decoded, _ = DifferentiableJpeg(JpegCodec()).round_trip(compact, tf.constant([95]))
    assert float(tf.reduce_max(decoded)) <= 1.0
    assert float(tf.reduce_min(decoded)) >= 0.0
