"""What every codec promises, held against every codec."""

import numpy as np
import pytest

from comrec_tf import vocabulary
from comrec_tf.codecs import catalog
from comrec_tf.compact_file import carriers
from comrec_tf.images import metrics

CODECS = {name: catalog.make_codec(name) for name in vocabulary.CODEC_SUFFIXES}


@pytest.fixture(params=CODECS)
def codec(request):
    return CODECS[request.param]


def test_more_quality_is_more_bytes_and_more_decibels(codec, photo):
    points = []
    for quality in (10, 40, 80):
        bitstream = codec.encode(photo, quality)
        points.append((len(bitstream), metrics.psnr(photo, codec.decode(bitstream))))
    assert points == sorted(points)
    assert points[0][1] > 20
    assert points[2][1] > 30


def test_a_quality_is_a_number_of_any_type(codec, photo):
    assert (
        codec.encode(photo, np.float32(50)) == codec.encode(photo, 50.0) == codec.encode(photo, 50)
    )


def test_its_files_are_of_the_format_that_its_suffix_says(codec, photo):
    bitstream = codec.encode(photo, 50)
    by_suffix = {".jpg": "jpeg", ".webp": "webp", ".avif": "avif", ".j2k": "jpeg2000"}
    by_suffix[".jxl"] = "jpeg-xl"
    assert carriers.file_format(bitstream) == by_suffix[codec.suffix]
    assert codec.suffix == vocabulary.CODEC_SUFFIXES[codec.name]
    decoder = catalog.codec_of(bitstream)
    np.testing.assert_array_equal(decoder.decode(bitstream, 3), codec.decode(bitstream, 3))


@pytest.mark.parametrize("size", [(1, 1), (1, 37), (30, 2), (17, 33)])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_every_size_comes_back_grey_and_colour(codec, size, fixture, request):
    picture = np.ascontiguousarray(request.getfixturevalue(fixture)[: size[0], : size[1]])
    bitstream = codec.encode(picture, 90)
    decoded = codec.decode(bitstream, picture.shape[-1])
    assert decoded.shape == picture.shape
    assert decoded.dtype == np.uint8
    # A single pixel is more than OpenJPEG's search for a PSNR can do.
    allowed = 25 if (codec.name, size) == ("jpeg2000", (1, 1)) else 5
    assert np.abs(decoded.astype(int) - picture).mean() < allowed
    assert codec.shape(bitstream)[:2] == size
    assert codec.shape(bitstream)[2] in (picture.shape[-1], 3)


def test_channels_are_as_asked(codec, photo, grey_photo):
    for picture in (photo, grey_photo):
        bitstream = codec.encode(picture, 80)
        assert [codec.decode(bitstream, n).shape[-1] for n in (1, 3)] == [1, 3]
    grey = codec.decode(codec.encode(grey_photo, 80), 3)
    assert np.ptp(grey.astype(int), axis=-1).max() <= 2


def test_the_step_falls_with_quality_in_units_of_compact_files(codec):
    steps = np.array([codec.step(quality) for quality in range(1, 101)])
    assert np.all(np.diff(steps) <= 0)
    assert steps[0] > 4 * steps[-1] > 0
    np.testing.assert_array_equal(steps * 64 % 1, 0)


@pytest.mark.parametrize("content", [b"", b"no picture at all", b"\xff\xd8\xff\xe0 cut"])
def test_bytes_that_are_no_bitstream_are_refused(codec, content):
    for method in (codec.decode, codec.shape):
        with pytest.raises(ValueError, match="the bytes are not"):
            method(content)


def test_a_cut_bitstream_is_refused(codec, photo):
    bitstream = codec.encode(photo, 60)
    with pytest.raises(ValueError, match="damaged|not"):
        codec.decode(bitstream[: len(bitstream) // 4])


@pytest.mark.parametrize("quality", [0, 101])
def test_qualities_out_of_range_are_refused(codec, photo, quality):
    for method in (lambda: codec.encode(photo, quality), lambda: codec.step(quality)):
        with pytest.raises(ValueError, match=f"from 1 to 100. Received: quality={quality}"):
            method()


def test_its_options_make_an_equal_codec(codec):
    again = catalog.make_codec(codec.name, **codec.options())
    assert type(again) is type(codec)
    assert again.options() == codec.options()


def test_the_reference_encoder_writes_what_the_same_decoder_reads(codec, photo):
    reference = codec.reference_encoder()
    assert reference.reference_encoder() is reference
    assert reference.suffix == codec.suffix
    if "chroma_subsampling" in codec.options():
        other = type(codec)(chroma_subsampling="4:4:4").reference_encoder()
        assert other.options()["chroma_subsampling"] == "4:4:4"
    bitstream = reference.encode(photo, 70)
    np.testing.assert_array_equal(codec.decode(bitstream, 3), reference.decode(bitstream, 3))
