import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph import pixels


def test_all_grey_levels_survive_the_way_to_float_and_back():
    levels = np.arange(256, dtype=np.uint8)
    np.testing.assert_array_equal(pixels.from_float(pixels.to_float(levels)), levels)


def test_values_outside_the_range_are_saturated():
    out = pixels.from_float(tf.constant([-3.0, -0.001, 1.001, 7.0]))
    np.testing.assert_array_equal(out, [0, 0, 255, 255])


@pytest.mark.parametrize("dtype", [tf.float16, tf.bfloat16, tf.float32])
def test_every_float_type_is_rounded_in_float32(dtype):
    value = tf.constant([0.75], dtype)  # exact in all three types, times 255 in none of the small
    np.testing.assert_array_equal(pixels.from_float(value), [191])
