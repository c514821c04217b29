import csv

import tensorflow as tf

from comrec_tf.training.history import Board, History
from tests.makers import make_model


def rows(path):
    return list(csv.DictReader(path.open()))


def test_epoch_0_has_the_figures_that_there_are_before_training(tmp_path):
    history = History(tmp_path / "history.csv", 0)
    history.add(0, {"val_gain": 1.5})
    assert rows(tmp_path / "history.csv") == [{"epoch": "0", "val_gain": "1.5"}]
    history.on_epoch_end(0, {"rec_loss": 0.25, "val_gain": 1.25})
    assert rows(tmp_path / "history.csv") == [
        {"epoch": "0", "rec_loss": "", "val_gain": "1.5"},
        {"epoch": "1", "rec_loss": "0.25", "val_gain": "1.25"},
    ]


def test_a_resumed_run_goes_on_and_drops_what_it_does_again(tmp_path):
    history = History(tmp_path / "history.csv", 0)
    for epoch in range(4):
        history.add(epoch, {"val_gain": float(epoch)})
    History(tmp_path / "history.csv", 2).on_epoch_end(2, {"val_gain": 7.0})
    assert [row["val_gain"] for row in rows(tmp_path / "history.csv")] == [
        "0.0",
        "1.0",
        "2.0",
        "7.0",
    ]


def test_a_new_run_has_its_own_history(tmp_path):
    History(tmp_path / "history.csv", 0).add(0, {"val_gain": 1.0})
    History(tmp_path / "history.csv", 0).add(0, {"val_gain": 2.0})
    assert [row["val_gain"] for row in rows(tmp_path / "history.csv")] == ["2.0"]


def compiled():
    model = make_model()
    model.compile()
    return model


def gains(folder):
    """What TensorBoard would show, by epoch."""
    found = {}
    for path in sorted(folder.glob("validation/events*")):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                if value.tag == "epoch_gain":
                    found[event.step] = tf.make_ndarray(value.tensor).item()
    return found


def test_tensorboard_shows_epoch_0_beside_the_others(tmp_path):
    board = Board(tmp_path, {"val_gain": 1.5})
    board.set_model(compiled())
    board.on_train_begin()
    board.on_epoch_end(0, {"val_gain": 1.25})
    board.on_train_end()
    assert gains(tmp_path) == {0: 1.5, 1: 1.25}


def test_tensorboard_of_a_resumed_run_has_no_second_epoch_0(tmp_path):
    board = Board(tmp_path, None)
    board.set_model(compiled())
    board.on_train_begin()
    board.on_epoch_end(4, {"val_gain": 1.25})
    board.on_train_end()
    assert gains(tmp_path) == {5: 1.25}
