import io
import json
import sys

import numpy as np
import PIL.Image
import pytest

from comrec_tf import compress, metrics, restore
from comrec_tf.codecs.pillow import WebpCodec
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.presets import weights
from tests.conftest import make_model


@pytest.fixture
def preset(tmp_path, monkeypatch):
    weights.save_preset([make_model(), make_model(scale=1)], tmp_path / "presets" / "tiny")
    monkeypatch.setenv("COMREC_PRESETS", str(tmp_path / "presets"))
    return "tiny"


@pytest.fixture
def run(preset):
    return lambda *arguments: compress.main(
        ["compress", f"--preset={preset}", *map(str, arguments)]
    )


def test_each_picture_becomes_a_jpeg_of_its_name(tmp_path, run, preset, pictures_dir, capsys):
    inputs = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    assert run(*inputs, f"--output_dir={tmp_path}/out", "--quality=30", "--scale=2") == 0
    for source in inputs:
        written = (tmp_path / "out" / f"{source.stem}.jpg").read_bytes()
        pixels = np.asarray(PIL.Image.open(source))
        assert written == Compressor.from_preset(preset).encode(pixels, 30, scale=2)
        assert PIL.Image.open(io.BytesIO(written)).mode == ("RGB" if pixels.ndim == 3 else "L")
    lines = capsys.readouterr().out.splitlines()
    assert "bits per pixel" in lines[0]
    assert lines[-1].startswith("total")
    total = sum((tmp_path / "out" / f"{source.stem}.jpg").stat().st_size for source in inputs)
    assert f"{total:,}" in lines[-1]


def test_a_broken_picture_is_named_and_the_others_are_done(tmp_path, run, pictures_dir, capsys):
    (tmp_path / "broken.png").write_bytes(b"no picture")
    inputs = [tmp_path / "broken.png", pictures_dir / "small.png"]
    assert run(*inputs, f"--output_dir={tmp_path}/out") == 1
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.jpg"]
    assert "broken.png: not a picture" in capsys.readouterr().err


def test_an_existing_output_is_only_replaced_on_demand(tmp_path, run, pictures_dir, capsys):
    arguments = [pictures_dir / "small.png", f"--output_dir={tmp_path}"]
    (tmp_path / "small.jpg").write_bytes(b"precious")
    assert run(*arguments) == 1
    assert (tmp_path / "small.jpg").read_bytes() == b"precious"
    assert "--overwrite" in capsys.readouterr().err
    assert run(*arguments, "--overwrite") == 0
    assert (tmp_path / "small.jpg").read_bytes().startswith(b"\xff\xd8")


def test_limits_are_kept_and_reported_as_json(tmp_path, run, pictures_dir, capsys):
    picture = pictures_dir / "coffee.png"
    for name, value, limit in (("max_bytes", 3000, 3000), ("bits_per_pixel", 0.8, 0.1 * 160**2)):
        output = tmp_path / name
        assert run(picture, f"--output_dir={output}", f"--{name}={value}", "--json") == 0
        (row,) = json.loads(capsys.readouterr().out)["files"]
        content = (output / "coffee.jpg").read_bytes()
        assert len(content) == row["bytes_after"] <= limit
        restored = Compressor.from_preset("tiny", "auto").decode(content)
        assert row["psnr"] == pytest.approx(
            metrics.psnr(np.asarray(PIL.Image.open(picture)), restored)
        )


def test_a_quality_is_that_of_plain_jpeg_and_no_file_is_larger(tmp_path, run, pictures_dir):
    picture = pictures_dir / "coffee.png"
    assert run(picture, f"--output_dir={tmp_path}/out", "--quality=40") == 0
    content = (tmp_path / "out" / "coffee.jpg").read_bytes()
    original = np.asarray(PIL.Image.open(picture))
    buffer = io.BytesIO()
    PIL.Image.fromarray(original).save(buffer, "JPEG", quality=40, optimize=True)
    plain = np.asarray(PIL.Image.open(buffer))
    ours = Compressor.from_preset("tiny", "auto").decode(content)
    assert metrics.psnr(original, ours) > metrics.psnr(original, plain) - 0.02
    assert len(content) <= len(buffer.getvalue()) + 23


def test_verify_reports_what_restoring_gives(tmp_path, run, pictures_dir, capsys):
    picture = pictures_dir / "coffee.png"
    arguments = [f"--output_dir={tmp_path}/out", "--quality=50", "--scale=1", "--json"]
    assert run(picture, *arguments, "--verify") == 0
    (row,) = json.loads(capsys.readouterr().out)["files"]
    assert (
        restore.main(["restore", f"{tmp_path}/out/coffee.jpg", f"--output_dir={tmp_path}/r"]) == 0
    )
    pair = [np.asarray(PIL.Image.open(path)) for path in (picture, tmp_path / "r" / "coffee.png")]
    assert row["psnr"] == pytest.approx(metrics.psnr(*pair))
    assert row["ssim"] == pytest.approx(metrics.ssim(*pair))


def test_another_codec_gives_its_own_files(tmp_path, run, pictures_dir):
    for codec, suffix in (("webp", "webp"), ("mozjpeg", "jpg")):
        output = tmp_path / codec
        flags = [f"--output_dir={output}", f"--codec={codec}", "--scale=2"]
        assert run(pictures_dir / "camera.png", *flags) == 0
        assert restore.main(["restore", str(output), f"--output_dir={output}/r"]) == 0
        restored = np.asarray(PIL.Image.open(output / "r" / "camera.png"))
        assert restored.shape == (128, 128)
        assert (output / f"camera.{suffix}").exists()


def test_folders_keep_their_tree_and_a_second_run_resumes(tmp_path, run, pictures_dir, capsys):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, place in (("coffee", "in"), ("camera", "in/deep")):
        picture = PIL.Image.open(pictures_dir / f"{name}.png")
        picture.save(tmp_path / place / f"{name}.png")
    arguments = [tmp_path / "in", f"--output_dir={tmp_path}/out", "--scale=2", "--resume"]
    assert run(*arguments) == 0
    first = (tmp_path / "out" / "coffee.jpg").stat().st_mtime_ns
    (tmp_path / "out" / "deep" / "camera.jpg").write_bytes(b"damaged")
    capsys.readouterr()
    assert run(*arguments) == 0
    assert "1 of 2 files are done already" in capsys.readouterr().err
    assert (tmp_path / "out" / "coffee.jpg").stat().st_mtime_ns == first
    assert container.read((tmp_path / "out" / "deep" / "camera.jpg").read_bytes()).height == 128


@pytest.mark.parametrize(
    ("options", "suffix"),
    [([], "jpg"), (["--codec=avif"], "avif"), (["--preset=comrec-webp"], "webp")],
)
def test_a_dry_run_names_the_outputs_and_writes_nothing(
    tmp_path, run, pictures_dir, capsys, options, suffix
):
    assert (
        run(pictures_dir / "small.png", f"--output_dir={tmp_path}/out", "--dry_run", *options) == 0
    )
    expected = f"{pictures_dir}/small.png -> {tmp_path}/out/small.{suffix}\n"
    assert capsys.readouterr().out == expected
    assert not (tmp_path / "out").exists()


def test_exif_and_profile_are_kept_in_the_file_and_back(tmp_path, run, photo):
    exif = PIL.Image.Exif()
    exif[0x010E], exif[0x0112] = "a description", 6
    PIL.Image.fromarray(photo).save(tmp_path / "photo.png", exif=exif)
    output = tmp_path / "out"
    for flag, expected in (("--metadata", "a description"), ("--nometadata", None)):
        arguments = [f"--output_dir={output}", "--overwrite", "--scale=2", flag]
        assert run(tmp_path / "photo.png", *arguments) == 0
        assert (
            restore.main(
                ["restore", f"{output}/photo.jpg", f"--output_dir={output}", "--overwrite"]
            )
            == 0
        )
        for name in ("photo.jpg", "photo.png"):
            with PIL.Image.open(output / name) as picture:
                assert picture.getexif().get(0x010E) == expected
                assert 0x0112 not in picture.getexif()
                assert picture.height > picture.width  # it was turned upright


class _Pipe:
    def __init__(self, content: bytes = b"") -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False

    def write(self, text: str) -> int:
        raise AssertionError("standard output belongs to the file alone")


def test_standard_input_becomes_standard_output(run, pictures_dir, monkeypatch, capsys):
    content = (pictures_dir / "coffee.png").read_bytes()
    monkeypatch.setattr(sys, "stdin", _Pipe(content))
    monkeypatch.setattr(sys, "stdout", out := _Pipe())
    assert run("-", "--scale=2", "--quality=50") == 0
    compact = out.buffer.getvalue()
    assert container.read(compact).quality == 50
    monkeypatch.setattr(sys, "stdin", _Pipe(compact))
    monkeypatch.setattr(sys, "stdout", out := _Pipe())
    assert restore.main(["restore", "-"]) == 0
    assert PIL.Image.open(io.BytesIO(out.buffer.getvalue())).size == (160, 160)
    assert "bytes after" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["a.png"], 1, "output_dir"),
        (["--output_dir=x"], 1, "Received: none"),
        (["a.png", "--output_dir=x"], 1, "Received: a.png"),
        (["a.png", "--output_dir=x", "--quality=0"], 2, "quality"),
        (["a.png", "--output_dir=x", "--scale=3"], 2, "scale"),
        (["a.png", "--output_dir=x", "--quality=5", "--psnr=30"], 1, "expected one of --quality"),
        (["a.png", "--output_dir=x", "--codec=gif"], 2, "codec"),
        (["{pictures}", "--output_dir=x", "--preset=unknown"], 1, "Received: 'unknown'"),
    ],
)
def test_wrong_calls_say_what_is_wrong_and_write_nothing(
    tmp_path, run, pictures_dir, monkeypatch, capsys, arguments, code, message
):
    monkeypatch.chdir(tmp_path)
    assert run(*(text.format(pictures=pictures_dir) for text in arguments)) == code
    assert message in capsys.readouterr().err
    assert not (tmp_path / "x").exists()


def test_files_end_as_the_codec_of_the_preset_says(tmp_path, pictures_dir):
    weights.save_preset(make_model(codec=WebpCodec()), tmp_path / "webp")
    arguments = [f"--preset={tmp_path}/webp", f"--output_dir={tmp_path}/out", "--scale=2"]
    assert compress.main(["compress", str(pictures_dir / "small.png"), *arguments]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.webp"]
