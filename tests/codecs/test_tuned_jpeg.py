import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import quantization
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec, TrellisJpegCodec
from comrec_tf.compression import ssimulacra2
from comrec_tf.images import metrics
from tests.makers import psnr_curve


def test_flat_tables_go_into_the_file_scaled_as_libjpeg_does(photo, grey_photo):
    for quality, percent in ((5, 1000), (5.125, 975), (50, 100)):
        picture = PIL.Image.open(io.BytesIO(FlatJpegCodec().encode(photo, quality)))
        for index, table in enumerate(quantization.FLAT):
            expected = np.clip((table.ravel() * percent + 50) // 100, 1, 255)
            np.testing.assert_array_equal(picture.quantization[index], expected)
    grey = PIL.Image.open(io.BytesIO(FlatJpegCodec().encode(grey_photo, 50)))
    assert (grey.mode, list(grey.quantization)) == ("L", [0])


def test_full_size_has_flatter_tables_than_half_size(photo):
    unsaid = FlatJpegCodec(weight=25.0, progressive=True)
    full, half = (unsaid.for_scale(scale) for scale in (1, 2))
    assert unsaid.for_scale(0) is unsaid
    assert full.for_scale(2) is full
    assert full.options() == {**unsaid.options(), "scale": 1}
    np.testing.assert_array_equal(half.tables(30), unsaid.tables(30))
    assert half.encode(photo, 30) == unsaid.encode(photo, 30)
    for quality in (10, 50):
        luma = [codec.tables(quality)[0] for codec in (full, half)]
        assert luma[0].max() / luma[0].min() < luma[1].max() / luma[1].min()
        inside = PIL.Image.open(io.BytesIO(full.encode(photo, quality))).quantization
        np.testing.assert_array_equal(inside[0], luma[0].ravel())
        assert full.step(quality) == luma[0][0, 0]
    with pytest.raises(ValueError, match=r"scale must be 1 or 2, or 0 for any. Received: scale=3"):
        FlatJpegCodec(scale=3)


def test_qualities_between_whole_ones_make_files_between(photo):
    qualities = (5, 5.25, 5.5, 5.75, 6)
    sizes = [len(FlatJpegCodec().encode(photo, quality)) for quality in qualities]
    assert sizes == sorted(sizes)
    assert max(np.diff(sizes)) < 0.5 * (sizes[-1] - sizes[0])
    with pytest.raises(ValueError, match=r"in steps of 0.125 from 1 to 100. Received: quality=5.3"):
        FlatJpegCodec().encode(photo, 5.3)


def test_flat_tables_serve_the_squared_error(photo):
    plain, flat = psnr_curve(JpegCodec(), photo), psnr_curve(FlatJpegCodec(), photo)
    gains = [metrics.psnr_at_bytes(flat, size) - value for size, value in plain[2:-2]]
    assert np.mean(gains) > 0.2


def test_standard_huffman_tables_are_written_where_asked(photo):
    standard = FlatJpegCodec(optimize_huffman=False)
    larger, smaller = standard.encode(photo, 10), FlatJpegCodec().encode(photo, 10)
    assert len(larger) > len(smaller) + 100
    np.testing.assert_array_equal(standard.decode(larger), standard.decode(smaller))
    assert not standard.reference_encoder().optimize_huffman


def test_progressive_scans_are_taken_where_they_are_smaller(photo, grey_photo):
    baseline, progressive = FlatJpegCodec(), FlatJpegCodec(progressive=True)
    large, small = photo, np.zeros((8, 8, 3), np.uint8)
    for picture, expected in ((large, True), (grey_photo, True), (small, False)):
        before, after = (codec.encode(picture, 80) for codec in (baseline, progressive))
        np.testing.assert_array_equal(progressive.decode(after), baseline.decode(before))
        scans = PIL.Image.open(io.BytesIO(after)).info.get("progressive")
        assert (bool(scans), len(after) < len(before)) == (expected, expected)
    with pytest.raises(ValueError, match="for each picture. Received: optimize_huffman=False"):
        FlatJpegCodec(optimize_huffman=False, progressive=True)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_a_trellis_saves_more_bytes_than_it_costs_by_the_squared_error(photo, subsampling):
    gains = []
    for weight in (0.0, 15.0):
        points = psnr_curve(FlatJpegCodec(subsampling, weight=weight), photo)
        gains.append([metrics.psnr_at_bytes(points, size) for size in (1500, 2500)])
    assert np.all(np.subtract(*gains[::-1]) > 0.02)


def test_a_weight_out_of_range_is_refused():
    with pytest.raises(ValueError, match="must be 0, or from 1 to 1000. Received: weight=0.6"):
        FlatJpegCodec(weight=0.6)
    with pytest.raises(ValueError, match="must be from 1 to 1000. Received: weight=0.0"):
        TrellisJpegCodec(weight=0.0)
    assert FlatJpegCodec(**FlatJpegCodec(weight=20.0).options()).weight == 20.0


@pytest.mark.parametrize("codec", [FlatJpegCodec(), FlatJpegCodec(weight=20.0)])
def test_the_step_is_that_of_the_table_in_the_file(codec, photo):
    for quality in (codec.qualities[2], codec.qualities[-5], 42):
        content = codec.encode(photo, quality)
        table = PIL.Image.open(io.BytesIO(content)).quantization[0]
        assert codec.step(quality) == table[0]


def test_the_step_behind_a_trellis_is_a_mean_of_the_table_in_the_file(photo):
    codec = TrellisJpegCodec()
    for quality in (10.5, 42):
        content = codec.encode(photo, quality)
        table = np.array(PIL.Image.open(io.BytesIO(content)).quantization[0])
        mean = np.exp(np.log(table / quantization.STANDARD[0].ravel()).mean()) * 16
        assert codec.step(quality) == pytest.approx(mean, abs=1 / 128)


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_a_trellis_saves_more_bytes_than_the_eye_misses(photo, subsampling):
    curves = []
    for weight in (1000.0, 40.0):
        codec = TrellisJpegCodec(subsampling, weight=weight)
        contents = [codec.encode(photo, quality) for quality in range(10, 80, 10)]
        scores = [ssimulacra2.ssimulacra2(photo, codec.decode(content)) for content in contents]
        curves.append((np.log([len(content) for content in contents]), scores))
    (sizes, rounding), (smaller, trellis) = curves
    assert np.mean(np.interp(rounding, trellis, smaller) - sizes) < np.log(0.97)


def test_a_trellis_takes_grey_pictures_and_those_of_any_size(photo, grey_photo):
    codec = TrellisJpegCodec(progressive=True)
    assert PIL.Image.open(io.BytesIO(codec.encode(grey_photo, 50))).mode == "L"
    for height, width in ((1, 1), (7, 9), (17, 33)):
        decoded = codec.decode(codec.encode(photo[:height, :width], 90))
        assert decoded.shape == (height, width, 3)
        assert metrics.psnr(photo[:height, :width], decoded) > 25


def test_the_options_of_a_trellis_are_checked_and_told():
    with pytest.raises(ValueError, match="from 1 to 1000. Received: weight=0.5"):
        TrellisJpegCodec(weight=0.5)
    codec = TrellisJpegCodec("4:4:4", progressive=True, weight=20.0)
    assert TrellisJpegCodec(**codec.options()).options() == codec.options()
    assert codec.reference_encoder().options() == JpegCodec("4:4:4").options()
