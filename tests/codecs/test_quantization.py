import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.codecs import quantization


@pytest.mark.parametrize("quality", [1, 5, 24, 25, 49, 50, 51, 90, 100])
def test_tables_are_those_in_the_files_of_libjpeg(quality):
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(buffer, "JPEG", quality=quality)
    tables = PIL.Image.open(buffer).quantization
    for base, index in ((quantization.LUMA, 0), (quantization.CHROMA, 1)):
        expected = np.array(tables[index]).reshape(8, 8)
        np.testing.assert_array_equal(quantization.table(base, tf.constant(quality)), expected)


def test_a_batch_of_qualities_gives_a_batch_of_tables():
    tables = quantization.table(quantization.LUMA, tf.constant([10, 90]))
    assert tables.shape == (2, 8, 8)
    np.testing.assert_array_equal(tables[1], quantization.table(quantization.LUMA, tf.constant(90)))


def test_flat_tables_are_whole_symmetric_and_flatter():
    for flat, standard in (
        (quantization.FLAT_LUMA, quantization.LUMA),
        (quantization.FLAT_CHROMA, quantization.CHROMA),
    ):
        np.testing.assert_array_equal(flat % 1, 0)
        assert flat.min() >= 1
        assert flat.max() <= 255
        assert np.log(flat[:5, :5]).std() < np.log(standard[:5, :5]).std()
    np.testing.assert_array_equal(quantization.FLAT_LUMA[0, :5], [16, 16, 16, 17, 22])
