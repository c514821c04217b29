import pathlib

import pytest

from comrec_tf import export
from comrec_tf.exporting import signatures
from comrec_tf.presets import weights


def run(*arguments):
    return export.main(["export", *map(str, arguments)])


@pytest.fixture
def asked(monkeypatch):
    """What signatures were asked for, instead of the half minute that they take."""
    calls = []

    def write(models, path, **kwargs):
        calls.append({"ids": [weights.preset_id(model) for model in models], **kwargs})
        pathlib.Path(path).mkdir(parents=True)
        (path / "saved_model.pb").write_bytes(bytes(200_000))

    monkeypatch.setattr(signatures, "export_signatures", write)
    return calls


def test_a_model_is_made_of_a_preset_in_the_folder_of_its_version(
    tmp_path, exported, asked, capsys
):
    preset = exported / "preset"
    flags = ["--model_version=7", "--scale=1", "--max_pixels=5000"]
    assert run(f"--preset={preset}", f"--output_dir={tmp_path}", *flags) == 0
    (call,) = asked
    assert call["ids"] == [weights.preset_id(model) for model in weights.load_pairs(preset)]
    assert (call["scale"], call["max_pixels"], call["preset"]) == (1, 5000, preset)
    assert capsys.readouterr().out == f"{tmp_path}/7: 0.2 MB\n"


def test_a_version_that_exists_is_not_replaced(tmp_path, exported, asked, capsys):
    (tmp_path / "1").mkdir()
    assert run(f"--preset={exported / 'preset'}", f"--output_dir={tmp_path}") == 1
    assert "export another --model_version" in capsys.readouterr().err
    assert asked == []


def test_the_networks_are_written_for_other_programs(tmp_path, exported, capsys):
    output = tmp_path / "networks"
    assert run("--format=litert", f"--preset={exported / 'preset'}", f"--output_dir={output}") == 0
    written = sorted(path for path in output.iterdir() if path.suffix == ".tflite")
    assert len(written) == 8  # two pairs of two networks, for RGB and for grey
    told = capsys.readouterr().out
    assert all(f"{path}: " in told for path in written)


def test_a_folder_that_is_not_the_web_module_is_said_to_be_none(tmp_path, capsys):
    arguments = ["--format=web", f"--output_dir={tmp_path / 'site'}"]
    assert run(*arguments, f"--web_source={tmp_path / 'nowhere'}") == 1
    assert "expected the folder serving/web" in capsys.readouterr().err
    assert not (tmp_path / "site").exists()


def test_a_folder_that_holds_files_is_left_alone(tmp_path, capsys):
    (tmp_path / "mine.txt").touch()
    assert export.main(["export", "--format=web", f"--output_dir={tmp_path}"]) == 1
    assert "new or empty folder" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "--output_dir"),
        (["--output_dir=a", "--format=onnx"], "onnx"),
        (["--output_dir=a", "--scale=3"], "3"),
        (["--output_dir=a", "--model_version=0"], "0"),
        (["--output_dir=a", "-f", "litert", "--precision=mixed_bfloat16"], "saved_model with --p"),
        (["--output_dir=a", "-f", "web", "--precision=mixed_float16"], "saved_model with --p"),
        (["--output_dir=a", "comrec"], "expected flags only. Received: comrec"),
    ],
)
def test_a_wrong_command_line_exits_with_2(arguments, message, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_preset_that_is_not_there_is_named(tmp_path, capsys):
    assert run("--preset=unknown", f"--output_dir={tmp_path}/models") == 1
    assert "'unknown'" in capsys.readouterr().err
    assert not (tmp_path / "models").exists()
