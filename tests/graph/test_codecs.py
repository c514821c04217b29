import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs import base, catalog, condition
from comrec_tf.graph import codecs, color
from comrec_tf.images import metrics


@pytest.fixture(params=vocabulary.CODEC_SUFFIXES)
def codec(request):
    return catalog.make_codec(request.param)


def test_steps_and_their_logarithms_are_those_of_the_codec(codec):
    qualities = codec.qualities[:: len(codec.qualities) // 9]
    expected = [codec.step(quality) for quality in qualities]
    np.testing.assert_array_equal(codecs.step(codec, tf.constant(qualities)), expected)
    np.testing.assert_allclose(
        codecs.log_step(codec, tf.constant(qualities)),
        [base.log_of_step(step) for step in expected],
        atol=1e-6,
    )


@pytest.mark.parametrize("grey", [False, True])
def test_tables_are_those_of_the_codecs_files(codec, grey):
    qualities = codec.qualities[:: len(codec.qualities) // 4]
    expected = [condition.of_codec(codec, quality, grey=grey)[1:] for quality in qualities]
    found = codecs.tables(codec, tf.constant(qualities), tf.fill([len(qualities)], grey))
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_pipelines_give_what_the_codec_gives(codec, photo, grey_photo):
    for picture in (photo, grey_photo):
        pictures = np.stack([picture[:64, :64], picture[40:104, 64:128]])
        dataset = tf.data.Dataset.from_tensor_slices((pictures, [20, 60]))
        dataset = dataset.map(lambda one, quality: codecs.round_trip(codec, one, quality))
        for decoded, one, quality in zip(dataset, pictures, (20, 60), strict=True):
            bitstream = codec.encode(one, quality)
            np.testing.assert_array_equal(decoded, codec.decode(bitstream, one.shape[-1]))


def test_only_jpeg_has_differentiable_arithmetic_in_its_place(codec, photo):
    if codec.name not in ("jpeg", "jpeg-flat"):
        with pytest.raises(ValueError, match=f"gradients pass through, which {codec.name} is not"):
            codecs.differentiable(codec)
        return
    decoded = codec.decode(codec.encode(photo, 40))
    ycbcr, _ = codecs.differentiable(codec).round_trip(color.network_pixels(photo, 3)[None], [40])
    assert metrics.psnr(decoded, color.codec_pixels(ycbcr[0]).numpy()) > 40
