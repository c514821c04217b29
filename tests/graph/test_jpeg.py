import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs import catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph.jpeg import GraphJpeg, exportable

CODECS = [
    JpegCodec(),
    JpegCodec("4:4:4", optimize_huffman=False),
    JpegCodec(progressive=True),
]


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_a_graph_writes_and_reads_what_the_codec_does_byte_for_byte(codec, fixture, request):
    picture = request.getfixturevalue(fixture)
    channels = picture.shape[-1]
    twin = GraphJpeg(codec)
    traced = tf.function(
        twin.encode,
        input_signature=[
            tf.TensorSpec([None, None, channels], tf.uint8),
            tf.TensorSpec([], "int32"),
        ],
    )
    for quality in (1, 37, 100):
        bitstream = codec.encode(picture, quality)
        assert traced(picture, quality).numpy() == bitstream
        np.testing.assert_array_equal(twin.decode(bitstream, channels), codec.decode(bitstream))
    for quality in (0, 101):
        with pytest.raises(tf.errors.InvalidArgumentError, match="from 1 to 100"):
            traced(picture, quality)


def test_bytes_that_are_no_jpeg_are_refused():
    with pytest.raises(tf.errors.InvalidArgumentError):
        GraphJpeg(JpegCodec()).decode(tf.constant(b"no jpeg"))


@pytest.mark.parametrize("name", vocabulary.CODEC_SUFFIXES)
def test_an_exported_model_holds_tensorflow_operations_or_none(name):
    codec = catalog.make_codec(name)
    if codec.suffix == ".jpg":
        assert exportable(codec).codec.name == "jpeg"
        return
    with pytest.raises(ValueError, match=f"serving .* Received: codec={name}"):
        exportable(codec)
