import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.exporting import batches

NUMBERS = tf.TensorSpec([None], tf.int32)


def test_a_function_is_applied_to_the_items_of_all_lists():
    specs = (tf.TensorSpec([], tf.int32), tf.TensorSpec([], tf.string))
    sums, texts = batches.each(
        lambda one, two: (one + two, tf.strings.as_string(one)),
        [tf.constant([1, 2, 3]), tf.constant([10, 20, 30])],
        specs,
    )
    assert sums.numpy().tolist() == [11, 22, 33]
    assert texts.numpy().tolist() == [b"1", b"2", b"3"]
    nothing, _ = batches.each(lambda one: (one, "a"), [tf.constant([], tf.int32)], specs)
    assert nothing.shape == (0,)


def test_numbers_are_one_for_all_or_one_each():
    inputs = tf.constant(["a", "b", "c"])
    for given, expected in (([7], [7, 7, 7]), ([1, 2, 3], [1, 2, 3])):
        found = batches.for_each(tf.constant(given), inputs, "quality")
        np.testing.assert_array_equal(found, expected)
    with pytest.raises(tf.errors.InvalidArgumentError, match="expected one quality, or one for"):
        batches.for_each(tf.constant([1, 2]), inputs, "quality")


def test_a_scalar_that_a_server_feeds_is_told_from_a_list():
    with tf.Graph().as_default(), tf.compat.v1.Session() as session:
        given = tf.compat.v1.placeholder_with_default(tf.constant([1]), None)
        checked = batches.listed(given, "quality")
        assert session.run(checked, {given: [3, 4]}).tolist() == [3, 4]
        with pytest.raises(tf.errors.InvalidArgumentError, match="quality must be a list"):
            session.run(checked, {given: 3})
