import keras
import numpy as np
import pytest

from comrec_tf.models import conditioning


def test_the_step_becomes_a_constant_plane_behind_the_others():
    pictures = np.random.default_rng(0).random((2, 3, 4, 3)).astype(np.float32)
    result = np.asarray(
        conditioning.append_planes(pictures, np.array([-1.5, 0.25]), conditioned=True)
    )
    np.testing.assert_array_equal(result[..., :3], pictures)
    np.testing.assert_array_equal(result[0, ..., 3], np.full((3, 4), -1.5))
    np.testing.assert_array_equal(result[1, ..., 3], np.full((3, 4), 0.25))


def test_what_tables_say_becomes_planes_behind_the_step():
    pictures = np.zeros((2, 3, 4, 3), np.float32)
    steps, tables = np.array([-1.5, 0.25]), np.array([[1.0, 2.0], [3.0, 4.0]])
    result = np.asarray(
        conditioning.append_planes(pictures, steps, tables, conditioned=True, of_tables=True)
    )
    assert result.shape == (2, 3, 4, 6)
    np.testing.assert_array_equal(result[1, 2, 3, 3:], [0.25, 3.0, 4.0])
    np.testing.assert_array_equal(result[0, ..., 4:], np.broadcast_to([1.0, 2.0], (3, 4, 2)))


def test_a_network_that_takes_no_step_gets_the_pictures_as_they_are():
    pictures = np.ones((1, 2, 2, 1), np.float32)
    assert conditioning.append_planes(pictures, None, conditioned=False) is pictures


def test_the_plane_has_the_pictures_precision():
    pictures = keras.ops.ones((1, 2, 2, 1), "float16")
    result = conditioning.append_planes(pictures, np.array([0.5], np.float32), conditioned=True)
    assert result.dtype == "float16"


@pytest.mark.parametrize(("conditioned", "log_step"), [(True, None), (False, [0.0])])
def test_a_step_too_many_or_too_few_is_refused(conditioned, log_step):
    pictures = np.ones((1, 2, 2, 1), np.float32)
    with pytest.raises(ValueError, match=f"conditioned={conditioned}, .* for log_step"):
        conditioning.append_planes(pictures, log_step, conditioned=conditioned)


@pytest.mark.parametrize("of_tables", [True, False])
def test_tables_too_many_or_too_few_are_refused(of_tables):
    pictures, tables = np.ones((1, 2, 2, 1), np.float32), None if of_tables else [[0.0]]
    with pytest.raises(ValueError, match=f"tables={of_tables} expects .* for tables"):
        conditioning.append_planes(pictures, [0.0], tables, conditioned=True, of_tables=of_tables)
