import dataclasses

import numpy as np
import pytest

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.data.sampling import Sampling
from comrec_tf.training.feed import TrainingFeed
from tests.makers import make_model, stir

SMALL = Sampling(patch_size=16, batch_size=2, steps_per_epoch=3, quality=40)


def batches(feed):
    return list(feed.dataset.as_numpy_iterator())


def equal(one, two, name):
    return all(np.array_equal(a[name], b[name]) for a, b in zip(one, two, strict=True))


@pytest.mark.parametrize("kind", [{}, {"scale": 1}, {"channels": 1, "conditioned": False}])
def test_an_epoch_has_its_steps_in_the_shapes_that_fit_takes(kind, pictures_dir):
    model = make_model(**kind)
    drawn = batches(TrainingFeed(model, pictures_dir, SMALL))
    assert len(drawn) == 3
    small = 16 // model.scale
    for batch in drawn:
        assert batch["pictures"].shape == (2, 16, 16, model.channels)
        assert batch["decoded"].shape == (2, small, small, model.channels)
        assert batch["quality"].tolist() == [40, 40]


@pytest.mark.parametrize("mixed", [False, True])
def test_a_pair_learns_behind_the_encoder_of_its_scale(mixed, pictures_dir):
    flat = FlatJpegCodec()
    for scale in (1, 2):
        model = make_model(scale=scale, codec=JpegCodec() if mixed else flat)
        sampling = dataclasses.replace(SMALL, codecs=[(flat, 1.0)] if mixed else [])
        drawn = batches(TrainingFeed(model, pictures_dir, sampling))
        step = FlatJpegCodec(scale=scale).step(40)
        for batch in drawn:
            np.testing.assert_allclose(np.exp(batch["log_step"]), step / 16, rtol=1e-6)


def test_the_frozen_copy_is_refreshed_as_an_epoch_begins_and_not_before(model, pictures_dir):
    feed = TrainingFeed(model, pictures_dir, SMALL)
    before = batches(feed)
    stir(model, 0.02)
    stale = batches(feed)
    assert equal(stale, before, "decoded")

    feed.on_epoch_begin(0)
    fresh = batches(feed)
    assert equal(fresh, before, "pictures")
    assert not equal(fresh, before, "decoded")
    # What a feed of the changed model would have made from the beginning.
    assert equal(fresh, batches(TrainingFeed(model, pictures_dir, SMALL)), "decoded")


def test_fit_refreshes_the_copy(model, pictures_dir):
    feed = TrainingFeed(model, pictures_dir, SMALL)
    model.compile(com_optimizer="sgd", rec_optimizer="sgd")
    model.fit(feed.dataset, epochs=2, callbacks=[feed], verbose=0)
    seen = batches(feed)
    feed.refresh()
    assert not equal(batches(feed), seen, "decoded")  # fit's last epoch moved ComCNN once more


def test_each_epoch_draws_other_patches_and_the_same_ones_again(model, pictures_dir):
    feed = TrainingFeed(model, pictures_dir, SMALL)
    feed.on_epoch_begin(1)
    one = batches(feed)
    feed.on_epoch_begin(2)
    assert not equal(batches(feed), one, "pictures")
    feed.on_epoch_begin(1)
    assert equal(batches(feed), one, "pictures")


def test_a_patch_that_the_model_cannot_halve_is_refused(model, pictures_dir):
    with pytest.raises(ValueError, match="multiple of 2.*patch_size=15"):
        TrainingFeed(model, pictures_dir, Sampling(patch_size=15))
