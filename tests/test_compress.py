import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf import compress, presets
from comrec_tf.compressor import Compressor
from tests.conftest import make_model


@pytest.fixture
def preset(tmp_path, monkeypatch):
    presets.save_preset(make_model(), tmp_path / "presets" / "tiny")
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path / "presets"))
    return "tiny"


def run(*arguments):
    return compress.main(["compress", *map(str, arguments)])


def test_each_picture_becomes_a_jpeg_of_its_name(tmp_path, preset, pictures_dir, capsys):
    inputs = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    code = run(*inputs, f"--output_dir={tmp_path}/out", f"--preset={preset}", "--quality=30")
    assert code == 0
    for source in inputs:
        written = (tmp_path / "out" / f"{source.stem}.jpg").read_bytes()
        pixels = np.asarray(PIL.Image.open(source))
        assert written == Compressor.from_preset(preset).encode(pixels, 30)
        assert PIL.Image.open(io.BytesIO(written)).mode == ("RGB" if pixels.ndim == 3 else "L")
    lines = capsys.readouterr().out.splitlines()
    assert "bits per pixel" in lines[0]
    assert lines[-1].startswith("total")
    total = sum((tmp_path / "out" / f"{source.stem}.jpg").stat().st_size for source in inputs)
    assert f"{total:,}" in lines[-1]


def test_a_broken_picture_is_named_and_the_others_are_done(tmp_path, preset, pictures_dir, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    inputs = [tmp_path / "broken.png", pictures_dir / "small.png"]
    assert run(*inputs, f"--output_dir={tmp_path}/out", f"--preset={preset}") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.jpg"]
    assert "broken.png: not a picture" in capsys.readouterr().err


def test_an_existing_output_is_only_replaced_on_demand(tmp_path, preset, pictures_dir, capsys):
    arguments = [pictures_dir / "small.png", f"--output_dir={tmp_path}", f"--preset={preset}"]
    (tmp_path / "small.jpg").write_bytes(b"precious")
    assert run(*arguments) == 1
    assert (tmp_path / "small.jpg").read_bytes() == b"precious"
    assert "--overwrite" in capsys.readouterr().err
    assert run(*arguments, "--overwrite") == 0
    assert (tmp_path / "small.jpg").read_bytes().startswith(b"\xff\xd8")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["a.png"], 2, "output_dir"),
        (["--output_dir=x"], 1, "Received: none"),
        (["a.png", "--output_dir=x", "--quality=0"], 2, "quality"),
        (["a.png", "--output_dir=x", "--preset=unknown"], 1, "Received: 'unknown'"),
    ],
)
def test_wrong_calls_say_what_is_wrong_and_write_nothing(
    tmp_path, preset, monkeypatch, capsys, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()
