import csv
import dataclasses
import json

import numpy as np
import pytest

from comrec_tf.compression.compressor import Compressor
from comrec_tf.presets import card, weights
from comrec_tf.training import checkpoint, feed, optimizers, run
from comrec_tf.training.config import TrainingConfig
from tests.makers import make_model


@pytest.fixture
def config(pictures_dir):
    return TrainingConfig(
        train_data=[str(pictures_dir)],
        valid_data=[str(pictures_dir / "camera.png")],
        com_filters=4,
        rec_depth=2,
        rec_filters=4,
        patch_size=16,
        batch_size=2,
        steps_per_epoch=2,
        epochs=3,
        warmup_steps=1,
    )


def kept(folder):
    return [np.array(variable) for variable in weights.load_preset(folder).variables]


def test_a_run_leaves_presets_checkpoints_history_and_its_configuration(tmp_path, config, photo):
    best = run.train(config, tmp_path / "run", verbose=0)
    assert best == tmp_path / "run" / "best"
    names = {path.name for path in (tmp_path / "run").iterdir()}
    assert names == {"best", "last", "checkpoints", "config.json", "history.csv", "tensorboard"}
    assert TrainingConfig.load(tmp_path / "run" / "config.json") == config

    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    assert [row["epoch"] for row in rows] == ["0", "1", "2", "3"]
    assert {"val_psnr", "val_bits_per_pixel", "val_gain"} <= set(rows[0])
    written = card.read(best)
    gains = [float(row["val_gain"]) for row in rows]
    assert written.figures["val_gain"] == pytest.approx(max(gains), abs=1e-4)
    assert written.training["epochs_done"] == int(np.argmax(gains))
    assert str(tmp_path) not in json.dumps(written.training)  # a preset may be published

    compressor = Compressor.from_preset(best)
    assert compressor.decode(compressor.encode(photo).content).shape == photo.shape


@pytest.mark.parametrize(
    "changes", [{}, {"com_learning_rate": 0.0}, {"com_learning_rate": 0.0, "ema_momentum": 0.9}]
)
def test_a_run_that_was_cut_and_resumed_ends_as_the_uncut_one(
    tmp_path, config, monkeypatch, changes
):
    config = dataclasses.replace(config, **changes)
    run.train(config, tmp_path / "uncut", verbose=0)

    class Killed(BaseException):
        pass

    whole = checkpoint.Checkpoints.on_epoch_end

    def save_and_die(self, epoch, logs=None):
        whole(self, epoch, logs)
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint.Checkpoints, "on_epoch_end", save_and_die)
        with pytest.raises(Killed):
            run.train(config, tmp_path / "cut", verbose=0)
    run.train(config, tmp_path / "cut", resume=True, verbose=0)

    for name in ("last", "best"):
        uncut, cut = kept(tmp_path / "uncut" / name), kept(tmp_path / "cut" / name)
        for one, two in zip(uncut, cut, strict=True):
            np.testing.assert_allclose(one, two, atol=1e-6)
    histories = [(tmp_path / d / "history.csv").read_text().splitlines() for d in ("uncut", "cut")]
    assert len(histories[0]) == len(histories[1]) == 1 + 4


def test_what_is_kept_is_the_running_mean_of_the_weights_where_asked(tmp_path, config, monkeypatch):
    every = []

    class Recorder(feed.TrainingFeed):
        def on_train_batch_end(self, batch, logs=None):
            every.append([weight.numpy() for weight in self.model.rec.trainable_variables])

    monkeypatch.setattr(run, "TrainingFeed", Recorder)
    run.train(dataclasses.replace(config, ema_momentum=0.5), tmp_path, verbose=0)
    assert len(every) == 6
    means = every[0]
    for step in every[1:]:
        means = [0.5 * mean + 0.5 * weight for mean, weight in zip(means, step, strict=True)]
    kept = weights.load_preset(tmp_path / "last").rec.trainable_variables
    for mean, weight, last in zip(means, kept, every[-1], strict=True):
        np.testing.assert_allclose(weight, mean, atol=1e-5)
        assert np.abs(weight - last).max() > 1e-5


def test_a_folder_that_holds_a_run_is_not_overwritten(tmp_path, config):
    one = dataclasses.replace(config, epochs=1)
    run.train(one, tmp_path, verbose=0)
    before = (tmp_path / "history.csv").read_bytes()
    with pytest.raises(FileExistsError, match="holds a training run"):
        run.train(one, tmp_path, verbose=0)
    for changes, message in (
        ({"seed": 9}, "must have the seed .* 0. Received: 9"),
        ({"com_learning_rate": 0.0}, "must have the com_learning_rate .* 0.0001. Received: 0.0"),
    ):
        with pytest.raises(ValueError, match=message):
            run.train(dataclasses.replace(one, **changes), tmp_path, resume=True, verbose=0)
    assert (tmp_path / "history.csv").read_bytes() == before


def test_a_preset_is_where_a_run_goes_on_from(tmp_path, config):
    one = dataclasses.replace(config, epochs=1)
    around = dataclasses.replace(one, codec="jpeg-flat")
    first = run.train(around, tmp_path / "first", verbose=0)
    still = dataclasses.replace(
        one, preset=str(first), com_learning_rate=0.0, rec_learning_rate=0.0
    )
    second = run.train(still, tmp_path / "second", verbose=0)
    assert weights.load_preset(second).codec.name == "jpeg-flat"  # the preset's own
    assert str(tmp_path) not in json.dumps(card.read(second).training)
    ids = [[pair.id for pair in card.read(folder).pairs] for folder in (first, second)]
    assert ids[0] == ids[1]


def test_what_a_preset_was_worth_before_is_seen_and_kept_where_training_does_harm(
    tmp_path, config, capsys, caplog
):
    first = run.train(dataclasses.replace(config, epochs=1), tmp_path / "first", verbose=0)
    wild = dataclasses.replace(
        config, preset=str(first), epochs=1, rec_learning_rate=1.0, schedule="constant"
    )
    best = run.train(wild, tmp_path / "wild", verbose=2)
    said = capsys.readouterr().out
    before, after = (row["val_gain"] for row in csv.DictReader((best / "../history.csv").open()))
    assert float(before) == pytest.approx(card.read(first).figures["val_gain"], abs=1e-3)
    assert float(after) < float(before)
    assert said.startswith("Epoch 0/1\nbefore training - val_psnr: ")
    assert f"val_gain: {float(before):.4f}" in said.splitlines()[1]
    ids = [[pair.id for pair in card.read(folder).pairs] for folder in (first, best)]
    assert ids[0] == ids[1]
    assert "no epoch was better than what the run began with" in caplog.text


def test_the_pair_of_the_other_scale_stays_beside_the_one_that_is_trained(tmp_path, config, photo):
    start = tmp_path / "start"
    weights.save_preset([make_model(scale=scale) for scale in (1, 2)], start)
    begun = {pair.scale: pair.id for pair in card.read(start).pairs}
    tuned = dataclasses.replace(
        config, preset=str(start), scale=2, epochs=1, com_filters=8, rec_depth=4, rec_filters=8
    )
    run.train(tuned, tmp_path / "run", verbose=0)
    for name in ("best", "last"):
        ids = {pair.scale: pair.id for pair in card.read(tmp_path / "run" / name).pairs}
        assert ids[1] == begun[1]
    assert ids[2] != begun[2]
    content = Compressor.from_preset(start).encode(photo, 40, scale=1).content
    again = Compressor.from_preset(tmp_path / "run" / "last")
    assert again.scales == (1, 2)
    np.testing.assert_array_equal(
        again.decode(content), Compressor.from_preset(start).decode(content)
    )


def test_a_card_says_which_networks_were_trained_not_which_were_asked_for(tmp_path, config):
    own_preset = tmp_path / "preset"
    weights.save_preset(make_model(depth=2, filters=4), own_preset)
    asked = {"com_filters": 8, "rec_depth": 0, "rec_filters": None}
    config = dataclasses.replace(config, epochs=1, preset=str(own_preset), **asked)
    training = card.read(run.train(config, tmp_path / "run", verbose=0)).training
    assert (training["com_filters"], training["rec_depth"], training["rec_filters"]) == (8, 2, 4)
    assert (training["channels"], training["conditioned"], training["com_skip"]) == (3, True, False)


@pytest.mark.parametrize(
    "changes",
    [
        {"channels": 1, "conditioned": False, "resolution": "full", "rec_depth": 3},
        {"scale": 1, "quality_min": 30, "quality_max": 30, "chroma_subsampling": "4:4:4"},
    ],
)
def test_the_options_reach_the_networks(tmp_path, config, changes):
    changed = dataclasses.replace(config, epochs=1, **changes)
    model = weights.load_preset(run.train(changed, tmp_path / "run", verbose=0))
    assert model.channels == (changed.channels or 3)
    assert model.scale == changed.scale
    assert model.com.conditioned == (changed.conditioned is not False)
    assert model.rec.resolution == (changed.resolution or "compact")
    assert model.codec.chroma_subsampling == changed.chroma_subsampling


@pytest.mark.parametrize("precision", ["mixed_float16", "mixed_bfloat16"])
@pytest.mark.parametrize("objective", ["alternate", "joint"])
def test_a_run_in_mixed_precision_learns_and_keeps_float32_presets(
    tmp_path, config, objective, precision
):
    one = dataclasses.replace(
        config,
        precision=precision,
        objective=objective,
        steps_per_epoch=8,
        rec_learning_rate=1e-2,
        schedule="constant",
    )
    run.train(one, tmp_path, verbose=0)
    rows = list(csv.DictReader((tmp_path / "history.csv").open()))
    rows = rows[1:]  # without what the run began with
    assert np.all(np.isfinite([[float(value) for value in row.values()] for row in rows]))
    loss = "joint_loss" if objective == "joint" else "rec_loss"
    # The same weights on other draws: what was learnt is more than what the draws differ by.
    assert float(rows[-1][loss]) < float(rows[0][loss])
    assert weights.load_preset(tmp_path / "last").com.compute_dtype == "float32"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("float32", "float32"),
        ("float32", "mixed_float16"),
        ("mixed_float16", "mixed_bfloat16"),
        ("mixed_float16", "float32"),
    ],
)
def test_a_run_is_resumed_for_more_epochs_in_any_precision(tmp_path, config, first, second):
    run.train(dataclasses.replace(config, epochs=1, precision=first), tmp_path, verbose=0)
    before, _ = checkpoint.restore(tmp_path / "checkpoints")
    run.train(
        dataclasses.replace(config, epochs=2, precision=second), tmp_path, resume=True, verbose=0
    )
    after, state = checkpoint.restore(tmp_path / "checkpoints")
    assert state["epochs_done"] == 2
    assert after.dtype_policy.name == second
    learning = [optimizers.unscaled(model.rec_optimizer) for model in (before, after)]
    # The moments went on, they did not start again.
    assert [int(optimizer.iterations) for optimizer in learning] == [2, 4]
    # Step 2 was the end of one epoch; of two it is a third of the cosine behind the warm-up.
    rates = [float(optimizer._learning_rate(2)) for optimizer in learning]
    assert rates == pytest.approx([1e-5, 1e-3 * (0.01 + 0.99 * 0.75)])


def test_the_joint_objective_trains(tmp_path, config):
    joint = dataclasses.replace(config, objective="joint", clip_norm=1.0, schedule="constant")
    run.train(joint, tmp_path / "run", verbose=0)
    rows = list(csv.DictReader((tmp_path / "run" / "history.csv").open()))
    assert {"joint_loss", "bits_per_pixel", "psnr", "val_gain"} <= set(rows[0])
    # The estimate that is trained on, beside the real bytes of other pictures.
    assert 0.2 < float(rows[1]["bits_per_pixel"]) / float(rows[1]["val_bits_per_pixel"]) < 5


def test_a_run_stops_early_where_nothing_gets_better(tmp_path, config):
    still = dataclasses.replace(
        config, epochs=9, early_stop_epochs=2, com_learning_rate=0.0, rec_learning_rate=0.0
    )
    run.train(still, tmp_path / "run", verbose=0)
    assert len((tmp_path / "run" / "history.csv").read_text().splitlines()) == 1 + 3


def test_a_run_whose_loss_is_not_finite_ends_and_goes_on_as_the_message_says(tmp_path, config):
    run.train(dataclasses.replace(config, epochs=1), tmp_path, verbose=0)
    before = (tmp_path / "last" / "weights.npz").read_bytes()
    wild = dataclasses.replace(config, epochs=2, rec_learning_rate=1e30)
    with pytest.raises(FloatingPointError, match="became (nan|inf) in epoch 2: .*clip_norm"):
        run.train(wild, tmp_path, resume=True, verbose=0)
    assert (tmp_path / "last" / "weights.npz").read_bytes() == before
    assert len(checkpoint.complete(tmp_path / "checkpoints")) == 1

    tame = dataclasses.replace(wild, rec_learning_rate=1e-4, clip_norm=1.0)
    run.train(tame, tmp_path, resume=True, verbose=0)
    model, state = checkpoint.restore(tmp_path / "checkpoints")
    assert state["epochs_done"] == 2
    assert model.rec_optimizer.global_clipnorm == 1.0
    assert float(model.rec_optimizer._learning_rate(1)) == pytest.approx(1e-4)


def test_broken_pictures_are_skipped_or_an_error(tmp_path, config, pictures_dir, caplog):
    (tmp_path / "broken.png").write_bytes(b"broken")
    mixed = dataclasses.replace(
        config,
        epochs=1,
        patches_per_picture=1,
        steps_per_epoch=6,
        train_data=[str(tmp_path / "broken.png"), str(pictures_dir)],
    )
    run.train(mixed, tmp_path / "run", verbose=0)
    assert "1 files were broken" in caplog.text
    with pytest.raises(OSError, match="broken.png: damaged: not a picture"):
        run.train(dataclasses.replace(mixed, strict=True), tmp_path / "strict", verbose=0)


def test_what_no_run_has_written_is_not_overwritten(tmp_path, config):
    own_preset = tmp_path / "mine" / "best"
    weights.save_preset(make_model(scale=1), own_preset)
    before = {path.name: path.read_bytes() for path in own_preset.iterdir()}
    for resume in (False, True):
        with pytest.raises(FileExistsError, match="mine/best is there already"):
            run.train(config, tmp_path / "mine", resume=resume, verbose=0)
    assert {path.name: path.read_bytes() for path in own_preset.iterdir()} == before
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["best"]


def test_a_broken_picture_to_validate_with_is_named_and_leaves_the_folder_free(tmp_path, config):
    (tmp_path / "broken.png").write_bytes(b"broken")
    wrong = dataclasses.replace(config, epochs=1, valid_data=[str(tmp_path / "broken.png")])
    with pytest.raises(OSError, match=r"broken\.png: damaged: not a picture"):
        run.train(wrong, tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


def test_missing_pictures_are_an_error_before_anything_is_written(tmp_path, config):
    with pytest.raises(FileNotFoundError, match="nowhere"):
        run.train(dataclasses.replace(config, train_data=["nowhere"]), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
@pytest.mark.parametrize("codec", ["webp", "mozjpeg"])
def test_training_goes_around_any_codec(tmp_path, config, codec):
    best = run.train(
        dataclasses.replace(config, codec=codec, epochs=1), tmp_path / "run", verbose=0
    )
    assert weights.load_preset(best).codec.name == codec


def test_codecs_that_cannot_be_used_are_refused(tmp_path, config):
    for changes, message in (
        ({"codec": "gif"}, "Received: codec=gif"),
        ({"codec": "webp", "chroma_subsampling": "4:4:4"}, "Received: chroma_subsampling"),
        ({"codec": "webp", "objective": "joint"}, "gradients pass through, which webp is not"),
    ):
        with pytest.raises(ValueError, match=message):
            run.train(dataclasses.replace(config, **changes), tmp_path / "run", verbose=0)
    assert not (tmp_path / "run").exists()
