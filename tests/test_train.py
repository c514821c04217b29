import dataclasses

import pytest

from comrec_tf import train
from comrec_tf.training import run
from comrec_tf.training.config import TrainingConfig


@pytest.fixture
def trained(monkeypatch):
    """The runs that were asked for, none of which takes place."""
    runs = []

    def pretend(config, output_dir, **kwargs):
        runs.append((config, output_dir, kwargs))
        return f"{output_dir}/best"

    monkeypatch.setattr(run, "train", pretend)
    return runs


def test_flags_are_the_fields_of_the_configuration(trained, capsys):
    arguments = ["--train_data=a,b", "--valid_data=c", "--output_dir=out", "--epochs=3"]
    more = ["--rec_depth=0", "--nocom_skip", "--com_learning_rate=0", "--codec=mozjpeg"]
    assert train.main(["train", *arguments, *more]) == 0
    ((config, output_dir, options),) = trained
    expected = TrainingConfig(train_data=("a", "b"), valid_data=("c",))
    changes = {"epochs": 3, "rec_depth": 0, "com_skip": False, "com_learning_rate": 0.0}
    assert config == dataclasses.replace(expected, **changes, codec="mozjpeg")
    assert (output_dir, options["resume"]) == ("out", False)
    assert capsys.readouterr().out == "best preset: out/best\n"


def test_a_run_is_resumed_where_asked(trained):
    arguments = ["--train_data=a", "--valid_data=c", "--output_dir=out", "--resume"]
    assert train.main(["train", *arguments]) == 0
    assert trained[0][2]["resume"] is True


def test_the_help_tells_of_every_field_and_of_what_a_preset_decides(capsys):
    assert train.main(["train", "--help"]) == 0
    told = capsys.readouterr().out
    assert all(f"--{name}" in told or f"]{name}" in told for name in fields())
    assert "default: the preset's with --preset, compact without]" in " ".join(told.split())


def fields():
    return [field.name for field in dataclasses.fields(TrainingConfig)]


def test_positional_arguments_are_refused(capsys):
    arguments = ["--train_data=a", "--valid_data=c", "--output_dir=out", "photos"]
    assert train.main(["train", *arguments]) == 2
    assert "expected flags only. Received: photos" in capsys.readouterr().err


def test_a_wrong_training_configuration_is_a_message(tmp_path, pictures_dir, capsys):
    common = [f"--valid_data={pictures_dir}", f"--output_dir={tmp_path}/run"]
    assert train.main(["train", f"--train_data={pictures_dir}", *common, "--scale=3"]) == 2
    assert "--scale=3: expected one of 1, 2. Received: 3" in capsys.readouterr().err
    assert train.main(["train", "--train_data=nowhere", *common]) == 1
    assert "'nowhere'" in capsys.readouterr().err
    assert train.main(["train", *common]) == 2
    assert not (tmp_path / "run").exists()
