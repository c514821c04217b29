import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.codecs import condition
from comrec_tf.compression.picture_coder import PictureCoder as FilePictureCoder
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.images import tiles
from comrec_tf.models.picture_coder import PictureCoder
from tests.makers import make_model


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
@pytest.mark.parametrize("tables", [False, True])
def test_graphs_make_the_pictures_that_files_hold(scale, fixture, tables, request, monkeypatch):
    monkeypatch.setattr(tiles, "SIDES", (16, 64))
    picture = request.getfixturevalue(fixture)[:101, :95]
    model = make_model(scale=scale, tables=tables)
    ours, theirs = PictureCoder(model), FilePictureCoder(*pairs_of(model))
    compact = ours.compact(tf.constant(picture), tf.constant(20.0)).numpy()
    np.testing.assert_array_equal(compact, theirs.compact(picture, 20.0))
    luma = np.linspace(20.0, 90.0, 64)
    conditions = condition.of_tables(20.0, luma, 2 * luma, full=True)
    restored = ours.reconstruct(
        tf.constant(compact), tf.constant(conditions), *map(tf.constant, picture.shape[:2])
    )
    np.testing.assert_array_equal(restored, theirs.restore(compact, conditions, picture.shape[:2]))
    of_step = theirs.restore(compact, condition.of_step(20.0), picture.shape[:2])
    assert np.array_equal(restored, of_step) != tables


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("size", [(1, 1), (301, 95), (1, 65_000)])
def test_the_work_of_restoring_is_counted_as_for_files(scale, size):
    model = make_model(scale=scale, resolution="full")
    work = PictureCoder(model).restoring_work(tf.constant(size, tf.int64))
    assert work == FilePictureCoder(*pairs_of(model)).restoring_work(size)
