import numpy as np
import PIL.Image
import pytest

from comrec_tf import restore
from comrec_tf.compression.compressor import Compressor
from comrec_tf.presets import weights
from tests.conftest import make_model


@pytest.fixture
def compact_dir(tmp_path, photo, grey_photo):
    """Two compact files of two presets, and where the presets lie."""
    (tmp_path / "compact").mkdir()
    for name, kind, picture in [("one", {}, photo[:77]), ("two", {"scale": 1}, grey_photo)]:
        model = make_model(**kind)
        weights.save_preset(model, tmp_path / "presets" / name)
        content = Compressor(model).encode(picture, 60)
        (tmp_path / "compact" / f"{name}.jpg").write_bytes(content)
    return tmp_path / "compact"


def run(*arguments):
    return restore.main(["restore", *map(str, arguments)])


def test_files_of_several_presets_are_restored_in_one_call(
    tmp_path, compact_dir, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path / "presets"))
    assert run(*sorted(compact_dir.iterdir()), f"--output_dir={tmp_path}/out") == 0
    for name in ("one", "two"):
        written = np.asarray(PIL.Image.open(tmp_path / "out" / f"{name}.png"))
        compressor = Compressor.from_preset(name, "auto")
        expected = compressor.decode((compact_dir / f"{name}.jpg").read_bytes())
        np.testing.assert_array_equal(written, np.squeeze(expected))
    assert "160x77" in capsys.readouterr().out


def test_a_preset_that_lies_elsewhere_is_named(tmp_path, compact_dir, capsys):
    arguments = [compact_dir / "one.jpg", f"--output_dir={tmp_path}/out"]
    assert run(*arguments) == 1
    assert "expected a preset of id" in capsys.readouterr().err
    assert run(*arguments, f"--preset={tmp_path}/presets/two") == 1
    assert "made with the pair of id" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert run(*arguments, f"--preset={tmp_path}/presets/one") == 0


def test_a_plain_jpeg_gets_a_clear_error(tmp_path, photo, capsys):
    PIL.Image.fromarray(photo).save(tmp_path / "plain.jpg")
    assert run(tmp_path / "plain.jpg", f"--output_dir={tmp_path}/out") == 1
    assert "plain.jpg: this file carries no ComRec data" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path, capsys):
    assert run(tmp_path / "missing.jpg", f"--output_dir={tmp_path}/out") == 1
    assert "missing.jpg" in capsys.readouterr().err
