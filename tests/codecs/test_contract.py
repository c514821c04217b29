"""What every codec promises, held against every codec."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import metrics
from comrec_tf.codecs import catalog
from comrec_tf.compact_file import carriers
from comrec_tf.graph import color

CODECS = {name: catalog.make_codec(name) for name in catalog.NAMES}


@pytest.fixture(params=catalog.NAMES)
def codec(request):
    return CODECS[request.param]


def coded(codec, picture, quality):
    bitstream = codec.encode_picture(tf.constant(picture), quality)
    return codec.decode_picture(bitstream, picture.shape[-1]).numpy(), bitstream.numpy()


def test_more_quality_is_more_bytes_and_more_decibels(codec, photo):
    points = []
    for quality in (10, 40, 80):
        decoded, bitstream = coded(codec, photo, quality)
        points.append((len(bitstream), metrics.psnr(photo, decoded)))
    assert points == sorted(points)
    assert points[0][1] > 20
    assert points[2][1] > 30


def test_its_files_are_of_the_format_that_its_suffix_says(codec, photo):
    _, bitstream = coded(codec, photo, 50)
    by_suffix = {".jpg": "jpeg", ".webp": "webp", ".avif": "avif", ".j2k": "jpeg2000"}
    assert carriers.file_format(bitstream) == by_suffix[codec.suffix]
    decoder = catalog.codec_of(bitstream)
    again = decoder.decode_picture(tf.constant(bitstream), 3).numpy()
    np.testing.assert_array_equal(again, coded(codec, photo, 50)[0])


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (30, 2), (17, 33)])
def test_every_size_comes_back_grey_and_colour(codec, photo, grey_photo, size):
    for whole in (photo, grey_photo):
        picture = np.ascontiguousarray(whole[: size[0], : size[1]])
        decoded, bitstream = coded(codec, picture, 90)
        assert decoded.shape == picture.shape
        assert decoded.dtype == np.uint8
        assert np.abs(decoded.astype(int) - picture).mean() < 25
        assert tuple(codec.picture_shape(tf.constant(bitstream)).numpy()[:2]) == size


def test_the_step_falls_with_quality_in_units_of_compact_files(codec):
    steps = codec.step(tf.range(1, 101)).numpy()
    assert steps.dtype == np.float32
    assert steps.shape == (100,)
    assert np.all(np.diff(steps) <= 0)
    assert steps[0] > 4 * steps[-1] > 0
    np.testing.assert_array_equal(steps * 64 % 1, 0)
    np.testing.assert_allclose(codec.log_step(50), np.log(steps[49] / 16), atol=1e-6)


def test_batches_and_pipelines_give_what_single_pictures_give(codec, photo):
    pictures = np.stack([photo[:64, :64], photo[64:128, 64:128]])
    qualities = np.array([20, 60], np.int32)
    bitstreams = codec.encode(tf.constant(pictures), qualities).numpy()
    expected = [coded(codec, *item)[1] for item in zip(pictures, qualities, strict=True)]
    assert list(bitstreams) == expected
    decoded = codec.decode(tf.constant(bitstreams), 3)
    np.testing.assert_array_equal(decoded[1], coded(codec, pictures[1], 60)[0])
    dataset = tf.data.Dataset.from_tensor_slices((pictures, qualities)).map(codec.round_trip)
    for (pixels, num_bytes), bitstream, one in zip(dataset, bitstreams, decoded, strict=True):
        np.testing.assert_array_equal(pixels, one)
        assert num_bytes == len(bitstream)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\xff\xd8\xff\xe0 cut"])
def test_bytes_that_are_no_bitstream_are_refused(codec, content):
    for method in (codec.decode_picture, codec.picture_shape):
        with pytest.raises(tf.errors.InvalidArgumentError):
            method(tf.constant(content))


@pytest.mark.parametrize("quality", [0, 101])
def test_qualities_out_of_range_are_refused(codec, photo, quality):
    with pytest.raises(ValueError, match=f"from 1 to 100. Received: quality={quality}"):
        codec.encode_picture(tf.constant(photo), quality)


def test_it_can_be_saved_within_a_model(codec):
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(codec))
    assert type(again) is type(codec)
    assert again.get_config() == codec.get_config()


def test_the_usual_encoder_writes_what_the_same_decoder_reads(codec, photo):
    usual = codec.usual()
    assert usual.usual() is usual
    assert usual.suffix == codec.suffix
    if "chroma_subsampling" in codec.get_config():
        other = type(codec)(chroma_subsampling="4:4:4").usual()
        assert other.get_config()["chroma_subsampling"] == "4:4:4"
    bitstream = usual.encode_picture(tf.constant(photo), 70)
    decoded = codec.decode_picture(bitstream, 3).numpy()
    np.testing.assert_array_equal(decoded, usual.decode_picture(bitstream, 3).numpy())


def test_an_exported_model_holds_tensorflow_operations_or_none(codec):
    if codec.suffix == ".jpg":
        assert codec.in_graphs().traceable
        assert codec.in_graphs().name == "jpeg"
        return
    with pytest.raises(ValueError, match=f"serving .* Received: codec={codec.name}"):
        codec.in_graphs()


def test_only_jpeg_has_differentiable_arithmetic_in_its_place(codec, photo):
    if codec.name not in ("jpeg", "jpeg-flat"):
        with pytest.raises(ValueError, match=f"gradients pass through, which {codec.name} is not"):
            codec.stand_in()
        return
    picture = tf.constant(photo)
    decoded, _ = codec.round_trip(picture, 40)
    ycbcr, _ = codec.stand_in().round_trip(color.network_pixels(picture, 3)[None], [40])
    assert metrics.psnr(decoded.numpy(), color.codec_pixels(ycbcr[0]).numpy()) > 40
