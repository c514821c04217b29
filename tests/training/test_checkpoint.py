import keras
import numpy as np

from comrec_tf.training import checkpoint


def make(model, folder, state=None):
    callback = checkpoint.Checkpoints(folder, state if state is not None else {})
    callback.set_model(model)
    return callback


def test_the_newest_two_are_kept_and_the_newest_is_restored(tmp_path, model):
    model.compile(com_optimizer="sgd", rec_optimizer=keras.optimizers.Adam(1e-3))
    callback = make(model, tmp_path, {"best_gain": 1.5})
    for epoch in range(3):
        callback.on_epoch_end(epoch)
    assert [path.name for path in checkpoint.complete(tmp_path)] == ["epoch-00002", "epoch-00003"]
    again, state = checkpoint.restore(tmp_path)
    assert state == {"best_gain": 1.5, "epochs_done": 3}
    for one, two in zip(again.variables, model.variables, strict=True):
        np.testing.assert_array_equal(one, two)


def test_what_a_killed_run_left_half_written_is_no_checkpoint_and_is_removed(tmp_path, model):
    model.compile()
    unfinished = tmp_path / ".unfinished-abc"
    unfinished.mkdir()
    assert checkpoint.restore(tmp_path) is None
    make(model, tmp_path).on_epoch_end(0)
    assert not unfinished.exists()
    assert len(checkpoint.complete(tmp_path)) == 1
