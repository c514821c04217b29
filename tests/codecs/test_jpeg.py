import io
import math

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec


def pillow_jpeg(picture, quality, **kwargs) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(np.squeeze(picture)).save(buffer, "JPEG", quality=quality, **kwargs)
    return buffer.getvalue()


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
@pytest.mark.parametrize("quality", [5, 50, 95])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_files_are_as_small_as_pillows_optimised_ones(subsampling, quality, fixture, request):
    picture = request.getfixturevalue(fixture)
    codec = JpegCodec(chroma_subsampling=subsampling)
    ours = codec.encode_picture(tf.constant(picture), quality).numpy()
    theirs = pillow_jpeg(picture, quality, optimize=True, subsampling=subsampling)
    assert abs(len(ours) - len(theirs)) <= 0.01 * len(theirs)


def test_standard_tables_cost_more(photo):
    sizes = [
        len(JpegCodec(optimize_huffman=optimize).encode_picture(tf.constant(photo), 10).numpy())
        for optimize in (True, False)
    ]
    assert sizes[0] < 0.9 * sizes[1]
    assert sizes[1] == len(pillow_jpeg(photo, 10, subsampling="4:2:0"))


def test_progressive_files_are_progressive(photo):
    content = JpegCodec(progressive=True).encode_picture(tf.constant(photo), 50).numpy()
    assert PIL.Image.open(io.BytesIO(content)).info.get("progressive")


def test_quality_may_be_a_tensor_that_only_the_graph_knows(photo):
    codec = JpegCodec()
    signature = [tf.TensorSpec([None, None, None], tf.uint8), tf.TensorSpec([], tf.int32)]
    traced = tf.function(codec.encode_picture, input_signature=signature)
    for quality in (1, 37, 100):
        assert traced(photo, quality) == codec.encode_picture(tf.constant(photo), quality)
    for quality in (0, 101):
        with pytest.raises(tf.errors.InvalidArgumentError, match="from 1 to 100"):
            traced(photo, quality)


@pytest.mark.parametrize("quality", [0, 101, 50.5])
def test_a_known_quality_out_of_range_is_refused(photo, quality):
    with pytest.raises(ValueError, match=f"from 1 to 100. Received: quality={quality}"):
        JpegCodec().encode_picture(tf.constant(photo), quality)


@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_decoding_agrees_with_pillow(fixture, request):
    picture = request.getfixturevalue(fixture)
    content = pillow_jpeg(picture, 30)
    decoded = JpegCodec().decode_picture(tf.constant(content)).numpy()
    assert decoded.shape == picture.shape
    theirs = np.asarray(PIL.Image.open(io.BytesIO(content))).reshape(picture.shape)
    assert np.abs(decoded.astype(int) - theirs).max() <= 1


def test_a_batch_is_coded_like_its_pictures_each_with_its_quality(photo):
    codec = JpegCodec()
    batch = np.stack([photo[:64, :64], photo[64:, :64]])
    bitstreams = codec.encode(batch, [10, 80])
    assert bitstreams.numpy().tolist() == [
        codec.encode_picture(tf.constant(picture), quality).numpy()
        for picture, quality in zip(batch, (10, 80), strict=True)
    ]
    decoded = codec.decode(bitstreams)
    for picture, bitstream in zip(decoded, bitstreams, strict=True):
        np.testing.assert_array_equal(picture, codec.decode_picture(bitstream))


def test_a_round_trip_counts_all_bytes(grey_photo):
    codec = JpegCodec()
    decoded, num_bytes = codec.round_trip(tf.constant(grey_photo), 20)
    bitstream = codec.encode_picture(tf.constant(grey_photo), 20)
    assert num_bytes == len(bitstream.numpy())
    np.testing.assert_array_equal(decoded, codec.decode_picture(bitstream))


def test_the_shape_is_read_without_decoding(photo):
    codec = JpegCodec()
    content = codec.encode_picture(tf.constant(photo), 20)
    assert codec.picture_shape(content).numpy().tolist() == list(photo.shape)


def test_bytes_that_are_no_jpeg_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        JpegCodec().decode_picture(tf.constant(b"no jpeg"))


@pytest.mark.parametrize("quality", [1, 4, 10, 25, 49, 50, 51, 75, 95, 100])
def test_the_step_is_that_of_the_files_own_table(quality):
    content = pillow_jpeg(np.zeros((8, 8), np.uint8), quality)
    step = PIL.Image.open(io.BytesIO(content)).quantization[0][0]
    expected = math.log(step / 16)
    assert float(JpegCodec().log_step(tf.constant(quality))) == pytest.approx(expected, abs=1e-6)


def test_the_configuration_makes_an_equal_codec():
    codec = JpegCodec(chroma_subsampling="4:4:4", optimize_huffman=False, progressive=True)
    assert JpegCodec.from_config(codec.get_config()).get_config() == codec.get_config()


def test_an_unknown_subsampling_is_refused():
    with pytest.raises(ValueError, match="4:1:1"):
        JpegCodec(chroma_subsampling="4:1:1")
