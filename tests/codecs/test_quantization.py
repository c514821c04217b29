import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import quantization


@pytest.mark.parametrize("quality", [1, 5, 24, 25, 49, 50, 51, 90, 100])
def test_tables_are_those_in_the_files_of_libjpeg(quality):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    tables = PIL.Image.open(buffer).quantization
    expected = np.array([tables[0], tables[1]]).reshape(2, 8, 8)
    np.testing.assert_array_equal(quantization.standard_tables(quality), expected)


def test_a_batch_of_qualities_gives_a_batch_of_tables():
    for function in (quantization.standard_tables, quantization.flat_tables):
        tables = function(np.array([10, 90]))
        assert tables.shape == (2, 2, 8, 8)
        np.testing.assert_array_equal(tables[1], function(90))


def test_flat_tables_are_whole_symmetric_and_flatter():
    for flat, standard in zip(quantization.FLAT, quantization.STANDARD, strict=True):
        np.testing.assert_array_equal(flat % 1, 0)
        assert flat.min() >= 1
        assert flat.max() <= 255
        assert np.log(flat[:5, :5]).std() < np.log(standard[:5, :5]).std()
    np.testing.assert_array_equal(quantization.FLAT[0, 0, :5], [13, 16, 16, 17, 19])
    for table in (quantization.FLAT, quantization.FLATTER):
        np.testing.assert_array_equal(table, table.swapaxes(1, 2))
    np.testing.assert_array_equal(quantization.FLATTER[0, 0, :5], [14, 18, 18, 18, 19])
    full = quantization.flat_tables(50.0, quantization.FLATTER)
    np.testing.assert_array_equal(full, quantization.FLATTER)


def test_flat_tables_become_the_standard_ones_where_little_is_left_to_restore():
    distances = [
        np.abs(np.log(quantization.flat_tables(q) / quantization.standard_tables(q))).mean()
        for q in (50.0, 60.0, 70.0, 80.0, 90.0, 100.0)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[-1] == 0.0
    np.testing.assert_array_equal(quantization.flat_tables(50), quantization.FLAT)
    expected = np.clip((4 * quantization.FLAT * 100 + 50) // 100, 1, 255)
    np.testing.assert_array_equal(quantization.flat_tables(12.5), expected)


@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_a_file_says_its_tables_and_its_sampling(photo, mode):
    buffer = io.BytesIO()
    options = {"subsampling": "4:2:2"} if mode == "RGB" else {}
    PIL.Image.fromarray(photo).convert(mode).save(buffer, "JPEG", quality=30, **options)
    luma, chroma, factors = quantization.tables_of(PIL.Image.open(buffer))
    expected = quantization.standard_tables(30).reshape(2, 64)
    np.testing.assert_array_equal(luma, expected[0])
    if mode == "L":
        assert (chroma, factors) == (None, [(1, 1)])
    else:
        np.testing.assert_array_equal(chroma, expected[1])
        assert factors == [(2, 1), (1, 1), (1, 1)]


def test_tables_for_the_eye_are_whole_and_finest_for_the_mean():
    tables = quantization.eye_tables(np.array([50.0, 90.0]))
    np.testing.assert_array_equal(tables[0], quantization.EYE)
    np.testing.assert_array_equal(tables % 1, 0)
    for table in quantization.EYE:
        assert table[0, 0] == table.min() < np.sort(table.ravel())[1]
    np.testing.assert_array_equal(quantization.EYE[0, 0, :4], [10, 17, 20, 20])


def test_the_mean_step_is_relative_to_the_standard():
    assert quantization.mean_step(quantization.STANDARD[0]) == pytest.approx(16)
    assert quantization.mean_step(3 * quantization.STANDARD[0]) == pytest.approx(48)
    table = quantization.STANDARD[0].copy()
    table[2, 3] *= 2.0**64
    assert quantization.mean_step(table) == pytest.approx(32)
