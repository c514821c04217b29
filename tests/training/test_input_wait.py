import time

import pytest

from comrec_tf.data.sampling import Sampling
from comrec_tf.training.feed import TrainingFeed
from comrec_tf.training.input_wait import InputWait

SMALL = Sampling(patch_size=16, batch_size=2, steps_per_epoch=3, quality=40)


def test_the_share_of_time_that_steps_wait_for_input_is_logged(monkeypatch):
    wait = InputWait()
    now = [100.0]
    monkeypatch.setattr("time.time", lambda: now[0])
    wait.on_epoch_begin(0)
    for asked, handed_over in [(101.0, 103.0), (105.0, 104.0), (106.0, 106.5)]:
        now[0] = asked
        wait.on_train_batch_begin(0)
        wait._handed_over.assign(handed_over)
        wait.on_train_batch_end(0)
    now[0] = 110.0
    logs: dict[str, float] = {}
    wait.on_epoch_end(0, logs)
    # Two seconds, none for a batch that lay ready, and half a second, of ten.
    assert logs["input_wait"] == pytest.approx(0.25)


def test_batches_are_stamped_when_they_are_handed_over(model, pictures_dir):
    model.compile(com_optimizer="sgd", rec_optimizer="sgd")
    wait = InputWait()
    feed = TrainingFeed(model, pictures_dir, SMALL, stamp=wait.stamp)
    start = time.time()
    history = model.fit(feed.dataset, callbacks=[feed, wait], verbose=0).history
    assert start <= float(wait._handed_over) <= time.time()
    assert 0 <= history["input_wait"][0] < 1
