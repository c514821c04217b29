import io
import json
import os
import pathlib
import re
import subprocess
import sys

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest

from comrec_tf import compress, restore
from comrec_tf.codecs import catalog, jpeg_xl
from comrec_tf.commands import display
from comrec_tf.compact_file import container
from comrec_tf.compression import ssimulacra2
from comrec_tf.compression.compressor import Compressor
from comrec_tf.images import files, metrics
from comrec_tf.presets import weights
from tests.makers import make_model

ROOT = pathlib.Path(__file__).parents[1]


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    folder = tmp_path_factory.mktemp("presets")
    weights.save_preset([make_model(), make_model(scale=1)], folder / "tiny")
    return folder


@pytest.fixture
def preset(presets, monkeypatch):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
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
        assert written == Compressor.from_preset(preset).encode(pixels, 30, scale=2).content
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
        arguments = [picture, f"--output_dir={output}", f"--{name}={value}", "--verify"]
        (row,) = report(run, capsys, *arguments)["files"]
        content = (output / "coffee.jpg").read_bytes()
        assert len(content) == row["bytes_after"] <= limit
        restored = Compressor.from_preset("tiny").decode(content)
        score = ssimulacra2.ssimulacra2(np.asarray(PIL.Image.open(picture)), restored)
        assert row["metric"] == "ssimulacra2"
        assert row["score"] == pytest.approx(score, abs=0.5)


def test_a_quality_is_that_of_plain_jpeg_and_no_file_is_larger(tmp_path, run, pictures_dir):
    picture = pictures_dir / "coffee.png"
    assert run(picture, f"--output_dir={tmp_path}/out", "--quality=40") == 0
    content = (tmp_path / "out" / "coffee.jpg").read_bytes()
    original = np.asarray(PIL.Image.open(picture))
    buffer = io.BytesIO()
    PIL.Image.fromarray(original).save(buffer, "JPEG", quality=40, optimize=True)
    plain = np.asarray(PIL.Image.open(buffer))
    ours = Compressor.from_preset("tiny").decode(content)
    assert metrics.psnr(original, ours) > metrics.psnr(original, plain) - 0.02
    # 21 bytes that say what is inside, in place of 18 of JFIF.
    assert len(content) <= len(buffer.getvalue()) + 3


def test_a_file_that_became_larger_is_named(tmp_path, run, capsys):
    PIL.Image.new("RGB", (64, 64), "white").save(tmp_path / "white.png")
    assert run(tmp_path / "white.png", f"--output_dir={tmp_path}/out") == 0
    assert (tmp_path / "out/white.jpg").stat().st_size > (tmp_path / "white.png").stat().st_size
    assert "white.png: became larger: the original file is smaller" in capsys.readouterr().err


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
    # Changed since, by damage or by a person: nothing that the journal does not know is replaced.
    (tmp_path / "out" / "deep" / "camera.jpg").write_bytes(b"changed")
    capsys.readouterr()
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert "1 of 2 files are done already" in said
    assert "camera.jpg exists: pass --overwrite" in said
    assert (tmp_path / "out" / "deep" / "camera.jpg").read_bytes() == b"changed"
    assert run(*arguments, "--overwrite") == 0
    assert "1 of 2 files are done already" in capsys.readouterr().err
    assert (tmp_path / "out" / "coffee.jpg").stat().st_mtime_ns == first
    assert container.read((tmp_path / "out" / "deep" / "camera.jpg").read_bytes()).height == 128


@pytest.mark.parametrize(
    ("options", "suffix"),
    [([], "jpg"), (["--codec=jpeg-xl"], "jxl"), (["--preset=comrec-webp"], "webp")],
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
                assert picture.getexif().get(0x0112, 1) == 1
                assert picture.height > picture.width  # it was turned upright


class _Pipe:
    def __init__(self, content: bytes = b"") -> None:
        self.buffer = io.BytesIO(content)

    def isatty(self) -> bool:
        return False

    def flush(self) -> None:
        pass

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
        (["a.png"], 2, "output_dir"),
        (["--output_dir=x"], 2, "Received: nothing"),
        (["a.png", "--output_dir=x"], 1, "Received: a.png"),
        (["a.png", "--output_dir=x", "--quality=0"], 2, "quality"),
        (["a.png", "--output_dir=x", "--scale=3"], 2, "scale"),
        (["a.png", "--output_dir=x", "--quality=5", "--psnr=30"], 2, "expected one of --quality"),
        (["a.png", "--output_dir=x", "--codec=gif"], 2, "codec"),
        (["a.png", "--output_dir=x", "--quality=good"], 2, "a whole number from 1 to 100"),
        (["a.png", "--output_dir=x", "--max_bytes=20x"], 2, "20k or 1.5M"),
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
    weights.save_preset(make_model(codec=catalog.make_codec("webp")), tmp_path / "webp")
    arguments = [f"--preset={tmp_path}/webp", f"--output_dir={tmp_path}/out", "--scale=2"]
    assert compress.main(["compress", str(pictures_dir / "small.png"), *arguments]) == 0
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["small.webp"]


def report(run, capsys, *arguments, code=0):
    """Run with --json: what it reports."""
    assert run(*arguments, "--json") == code
    return json.loads(capsys.readouterr().out)


def save(path, pixels, **options):
    PIL.Image.fromarray(pixels).save(path, **options)
    return path


def test_a_jpeg_that_no_way_makes_smaller_is_kept_to_the_byte(tmp_path, run, photo, capsys):
    poor = save(tmp_path / "poor.jpg", photo, quality=5)
    output = tmp_path / "out" / "poor.jpg"
    (row,) = report(run, capsys, poor, f"--output_dir={tmp_path}/out", "--quality=90")["files"]
    assert output.read_bytes() == poor.read_bytes()
    assert (row["kept"], row["scale"], row["bytes_after"]) == (True, "kept", poor.stat().st_size)
    assert "no way makes it smaller" in row["notes"][0]
    arguments = [poor, f"--output_dir={tmp_path}/larger", "--quality=90", "--allow_larger"]
    (row,) = report(run, capsys, *arguments)["files"]
    assert row["kept"] is False
    assert row["bytes_after"] > row["bytes_before"]
    assert container.read((tmp_path / "larger" / "poor.jpg").read_bytes())


def test_what_is_kept_keeps_its_ending_and_is_passed_over_by_the_next_run(
    tmp_path, run, photo, capsys
):
    poor = save(tmp_path / "poor.webp", photo, quality=1)
    arguments = [poor, f"--output_dir={tmp_path}/out", "--quality=90", "--resume"]
    (row,) = report(run, capsys, *arguments)["files"]
    assert row["file"] == f"{tmp_path}/out/poor.webp"
    assert (tmp_path / "out" / "poor.webp").read_bytes() == poor.read_bytes()
    again = report(run, capsys, *arguments)
    assert (again["files"], again["done_before"]) == ([], 1)


def test_a_picture_is_not_kept_with_metadata_that_nobody_wants(tmp_path, run, photo, capsys):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Artist] = "a person's name"
    poor = save(tmp_path / "poor.jpg", photo, quality=5, exif=exif)
    arguments = [f"--output_dir={tmp_path}/out", "--quality=90", "--nometadata"]
    (row,) = report(run, capsys, poor, *arguments)["files"]
    assert row["kept"] is False
    assert b"a person's name" not in (tmp_path / "out" / "poor.jpg").read_bytes()


def test_metadata_that_nobody_wants_leaves_compact_files_too(tmp_path, run, photo, capsys):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.ImageDescription] = "a place"
    picture = save(tmp_path / "a.png", photo, exif=exif)
    assert run(picture, f"--output_dir={tmp_path}/full", "--quality=40") == 0
    assert run(picture, f"--output_dir={tmp_path}/bare", "--quality=40", "--nometadata") == 0
    capsys.readouterr()
    arguments = [tmp_path / "full" / "a.jpg", f"--output_dir={tmp_path}/out", "--nometadata"]
    (row,) = report(run, capsys, *arguments)["files"]
    assert row["notes"] == ["is a compact file already: copied without metadata"]
    assert (tmp_path / "out/a.jpg").read_bytes() == (tmp_path / "bare/a.jpg").read_bytes()


def test_limits_of_bytes_hold_for_compact_files_too(tmp_path, run, preset, photo, capsys):
    (tmp_path / "a.jpg").write_bytes(Compressor.from_preset(preset).encode(photo, 30).content)
    arguments = [tmp_path / "a.jpg", f"--output_dir={tmp_path}/out", "--max_bytes=300"]
    (failure,) = report(run, capsys, *arguments, code=3)["failures"]
    assert "is not compressed again" in failure["error"]
    assert not (tmp_path / "out").exists()


def test_a_compact_file_as_input_is_noticed_and_copied(tmp_path, run, preset, photo, capsys):
    content = Compressor.from_preset(preset).encode(photo, 30).content
    (tmp_path / "small.jpeg").write_bytes(content)
    (row,) = report(run, capsys, tmp_path / "small.jpeg", f"--output_dir={tmp_path}/out")["files"]
    assert (tmp_path / "out" / "small.jpg").read_bytes() == content
    assert row["notes"] == ["is a compact file already: copied as it is"]


def test_jpeg_xl_packs_the_file_of_the_preset_and_is_known_to_every_other_run(
    tmp_path, run, preset, pictures_dir, capsys
):
    picture, output = pictures_dir / "astronaut.png", tmp_path / "out"
    arguments = [picture, f"--output_dir={output}", "--codec=jpeg-xl"]
    (row,) = report(run, capsys, *arguments, "--scale=1", "--quality=40")["files"]
    content = (output / "astronaut.jxl").read_bytes()
    assert row["bytes_after"] == len(content)
    pixels = np.asarray(PIL.Image.open(picture))
    plain = Compressor.from_preset(preset).encode(pixels, 40, scale=1, chroma="auto").content
    assert jpeg_xl.to_jpeg(content) == plain
    # Its bytes count where bytes are aimed at, and a search goes on with it.
    limit = len(content) - 1
    (row,) = report(run, capsys, *arguments, f"--max_bytes={limit}", "--overwrite")["files"]
    assert row["bytes_after"] <= limit
    assert (output / "astronaut.jxl").stat().st_size == row["bytes_after"]
    resumed = [picture, f"--output_dir={tmp_path}/two", "--codec=jpeg-xl", "--scale=2", "--resume"]
    assert [len(report(run, capsys, *resumed)["files"]) for _ in range(2)] == [1, 0]
    copied = [output / "astronaut.jxl", f"--output_dir={tmp_path}/copy"]
    (row,) = report(run, capsys, *copied)["files"]
    assert row["notes"] == ["is a compact file already: copied as it is"]
    assert (tmp_path / "copy" / "astronaut.jxl").stat().st_size == row["bytes_after"]


def test_a_codec_whose_package_is_missing_says_so_once(
    tmp_path, run, pictures_dir, monkeypatch, capsys
):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert run(pictures_dir, f"--output_dir={tmp_path}/out", "--codec=jpeg-xl") == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line == 'the codec jpeg-xl needs imagecodecs: from a clone, pip install ".[codecs]"'
    assert not list(tmp_path.glob("out/*.jxl"))


def test_a_picture_in_jpeg_xl_says_that_it_is_not_read(tmp_path, run, capsys):
    (tmp_path / "a.jxl").write_bytes(b"\xff\x0a picture")
    assert run(tmp_path / "a.jxl", f"--output_dir={tmp_path}/out") == 1
    assert "a.jxl: pictures in JPEG XL are not read here" in capsys.readouterr().err


def test_a_kept_file_never_replaces_another_input(tmp_path, run, photo, capsys):
    # Kept under the ending of what it is, not of its name.
    for folder, name, pixels in (("one", "x.png", photo), ("two", "x.webp", 255 - photo)):
        (tmp_path / folder).mkdir()
        save(tmp_path / folder / name, pixels, format="WEBP", quality=1)
    inputs = [tmp_path / "one" / "x.png", tmp_path / "two" / "x.webp"]
    before = inputs[1].read_bytes()
    arguments = [*inputs, "-o", tmp_path / "two", "--quality=90", "--overwrite"]
    said = report(run, capsys, *arguments, "--on_clash=number", code=1)
    assert "is an input" in said["failures"][0]["error"]
    assert [row["source"] for row in said["files"]] == [f"{tmp_path}/two/x.webp"]
    assert inputs[1].read_bytes() == before


def test_a_folder_that_is_its_own_output_stays_as_it_is_when_run_again(
    tmp_path, run, photo, capsys
):
    save(tmp_path / "a.png", photo)
    arguments = [tmp_path, f"--output_dir={tmp_path}", "--scale=2"]
    assert run(*arguments) == 0
    first = (tmp_path / "a.jpg").read_bytes()
    capsys.readouterr()
    again = report(run, capsys, *arguments, "--resume", code=1)
    assert again["passed_over"] == {"output of an earlier run": 1}
    assert [each["file"] for each in again["skipped"]] == [f"{tmp_path}/a.png"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.jpg", "a.png"]
    assert (tmp_path / "a.jpg").read_bytes() == first


def test_a_limit_that_cannot_be_kept_says_why_and_writes_nothing(tmp_path, run, photo, capsys):
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.ImageDescription] = "x" * 5000
    source = save(tmp_path / "photo.png", photo, exif=exif)
    arguments = [source, f"--output_dir={tmp_path}/out", "--max_bytes=3k"]
    said = report(run, capsys, *arguments, code=3)
    (failure,) = said["failures"]
    assert "EXIF takes 5,0" in failure["error"]
    assert "of 3,000 bytes: --nometadata" in failure["error"]
    assert not (tmp_path / "out").exists()
    assert run(*arguments, "--nometadata") == 0
    capsys.readouterr()

    arguments = [source, f"--output_dir={tmp_path}/tiny", "--bits_per_pixel=0.01", "--nometadata"]
    assert run(*arguments) == 3
    said = capsys.readouterr().err
    assert "its smallest file, of quality 1, takes" in said
    assert "of 25 bytes: --best_effort" in said
    assert not (tmp_path / "tiny").exists()
    (row,) = report(run, capsys, *arguments, "--best_effort", code=3)["files"]
    assert row["met"] is False
    assert (tmp_path / "tiny" / "photo.jpg").stat().st_size == row["bytes_after"]


def test_a_limit_that_an_earlier_run_did_not_keep_is_not_done(tmp_path, run, photo, capsys):
    source = save(tmp_path / "photo.png", photo)
    arguments = [source, f"--output_dir={tmp_path}/out", "--max_bytes=30", "--resume"]
    assert run(*arguments, "--best_effort") == 3
    assert run(*arguments) == 3


def test_what_kept_its_limit_is_done_also_for_a_run_that_accepts_more(tmp_path, run, photo, capsys):
    source = save(tmp_path / "photo.png", photo)
    arguments = [source, f"--output_dir={tmp_path}/out", "--max_bytes=3k", "--resume"]
    assert run(*arguments) == 0
    capsys.readouterr()
    said = report(run, capsys, *arguments, "--best_effort", "--first_frame")
    assert said["done_before"] == 1


def test_files_coded_without_networks_are_counted(tmp_path, run, pictures_dir, capsys):
    # The pairs of this preset have learnt nothing.
    arguments = [pictures_dir / "coffee.png", pictures_dir / "astronaut.png"]
    said = report(run, capsys, *arguments, f"--output_dir={tmp_path}/out", "--quality=95")
    assert [row["scale"] for row in said["files"]] == ["plain", "plain"]
    (remark,) = said["remarks"]
    assert remark == (
        "2 of 2 files were coded without networks: at --quality=95 no pair of networks is as good "
        "in fewer bytes (preset tiny)"
    )
    said = report(run, capsys, *arguments, f"--output_dir={tmp_path}/two", "--scale=2")
    assert said["remarks"] == []
    weights.save_preset(make_model(), tmp_path / "half")
    alone = [f"--preset={tmp_path}/half", f"--output_dir={tmp_path}/three", "--quality=95"]
    (remark,) = report(run, capsys, *arguments, *alone)["remarks"]
    assert remark.endswith("half, which has a pair for scale 2 alone)")


def test_what_of_a_picture_is_not_kept_is_said(tmp_path, run, photo, capsys):
    alpha = photo[..., :1].copy()
    alpha[:] = 255
    opaque = save(tmp_path / "opaque.png", np.concatenate([photo, alpha], -1))
    alpha[0, 0] = 0
    clear = save(tmp_path / "clear.png", np.concatenate([photo, alpha], -1))
    deep = save(tmp_path / "deep.png", photo[..., 0].astype(np.uint16) * 257)
    said = report(run, capsys, opaque, clear, deep, f"--output_dir={tmp_path}/out", "--scale=2")
    assert [row["notes"] for row in said["files"]] == [
        [],
        ["transparency: laid over white"],
        ["more than 8 bits of each colour: became 8"],
    ]


@pytest.mark.parametrize("form", ["gif", "png", "webp", "tiff"])
def test_an_animation_is_refused_unless_its_first_frame_is_asked_for(
    tmp_path, run, photo, capsys, form
):
    second = PIL.Image.fromarray(255 - photo)
    animation = save(tmp_path / f"a.{form}", photo, save_all=True, append_images=[second])
    arguments = [animation, f"--output_dir={tmp_path}/out", "--scale=2"]
    (failure,) = report(run, capsys, *arguments, code=1)["failures"]
    assert "Received: 2 frames" in failure["error"]
    (row,) = report(run, capsys, *arguments, "--first_frame")["files"]
    assert "the first of 2 pictures in it was taken" in row["notes"]


def test_xmp_is_kept_in_the_file_and_back(tmp_path, run, photo):
    xmp = b'<x:xmpmeta><rdf:li tiff:Orientation="6">a title</rdf:li></x:xmpmeta>'
    source = save(tmp_path / "photo.jpg", photo, xmp=xmp, quality=95)
    for codec, ending in (("jpeg", "jpg"), ("webp", "webp")):
        output = tmp_path / codec
        arguments = [f"--output_dir={output}", "--scale=2", f"--codec={codec}"]
        assert run(source, *arguments) == 0
        compact = output / f"photo.{ending}"
        assert restore.main(["restore", str(compact), f"--output_dir={output}"]) == 0
        with PIL.Image.open(output / "photo.png") as picture:
            kept = picture.info["xmp"]
            assert b"a title" in (kept.encode() if isinstance(kept, str) else kept)
            assert picture.size == (128, 160)  # turned upright, once
            assert picture.getexif().get(PIL.ExifTags.Base.Orientation, 1) == 1


def test_modification_times_are_kept(tmp_path, run, photo):
    source = save(tmp_path / "photo.png", photo)
    os.utime(source, ns=(7, 1_000_000_000_000_000_000))
    assert run(source, f"--output_dir={tmp_path}/out", "--scale=2") == 0
    assert restore.main(["restore", f"{tmp_path}/out", f"--output_dir={tmp_path}/r"]) == 0
    for path in (tmp_path / "out" / "photo.jpg", tmp_path / "r" / "photo.png"):
        assert path.stat().st_mtime_ns == 1_000_000_000_000_000_000


def test_heic_is_counted_where_it_is_not_read_and_read_where_it_is(
    tmp_path, run, photo, capsys, monkeypatch
):
    pillow_heif = pytest.importorskip("pillow_heif")
    (tmp_path / "in").mkdir()
    save(tmp_path / "in" / "a.png", photo)
    pillow_heif.from_pillow(PIL.Image.fromarray(photo)).save(tmp_path / "in" / "phone.HEIC")
    arguments = [tmp_path / "in", f"--output_dir={tmp_path}/out", "--scale=2"]
    with monkeypatch.context() as patched:
        patched.setattr(files, "reads_heif", lambda: False)
        assert run(*arguments, "--dry_run") == 0
        assert 'passed over: 1 .heic (the extra "heif" reads them)' in capsys.readouterr().err
    assert run(*arguments) == 0
    assert container.read((tmp_path / "out" / "phone.jpg").read_bytes()).width == 160


def test_one_picture_that_is_too_large_is_refused_and_the_others_go_on(
    tmp_path, run, pictures_dir, capsys
):
    arguments = [pictures_dir / "small.png", pictures_dir / "coffee.png", "--max_pixels=1000"]
    said = report(run, capsys, *arguments, f"--output_dir={tmp_path}/out", "--scale=2", code=1)
    assert [row["source"] for row in said["files"]] == [f"{pictures_dir}/small.png"]
    assert "expected at most 1,000 pixels" in said["failures"][0]["error"]


def test_names_that_are_no_text_are_compressed_and_printed(tmp_path, run, photo, capsys):
    name = os.path.join(os.fsencode(tmp_path), b"caf\xe9.png")
    save(os.fsdecode(name), photo)
    assert run(os.fsdecode(name), f"--output_dir={tmp_path}/out", "--scale=2", "--resume") == 0
    assert "caf\\udce9.jpg" in capsys.readouterr().out
    assert os.path.exists(os.path.join(os.fsencode(tmp_path), b"out", b"caf\xe9.jpg"))


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path, run, photo):
    name = "x" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 4)
    save(tmp_path / f"{name}.png", photo)
    assert run(tmp_path / f"{name}.png", f"--output_dir={tmp_path}/out", "--scale=2") == 0
    assert (tmp_path / "out" / f"{name}.jpg").exists()


@pytest.mark.parametrize("closed", [False, True])
def test_nothing_on_standard_input_is_a_message(run, monkeypatch, capsys, closed):
    monkeypatch.setattr(sys, "stdin", None if closed else _Pipe(b""))
    assert run("-") == 1
    assert "expected a picture on standard input. Received: nothing" in capsys.readouterr().err


def test_an_interrupt_shows_what_was_finished_and_a_resumed_run_does_the_rest(
    tmp_path, run, pictures_dir, capsys, monkeypatch
):
    arguments = [pictures_dir, f"--output_dir={tmp_path}/out", "--scale=2"]
    compress_one = Compressor.encode
    calls = []

    def interrupt(self, *given, **named):
        calls.append(given)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return compress_one(self, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(Compressor, "encode", interrupt)
        assert run(*arguments) == 130
    said = capsys.readouterr()
    assert len(said.out.splitlines()) == 4  # a header, two files, a total
    assert "interrupted: 2 of 4 files are done; repeat with --resume to continue" in said.err
    assert run(*arguments, "--resume") == 0
    assert "2 of 4 files are done already" in capsys.readouterr().err
    assert run(*arguments, "--resume") == 0
    assert "4 of 4 files are done already" in capsys.readouterr().err


def test_commands_say_nothing_that_is_not_their_own(tmp_path, photo):
    save(tmp_path / "a.png", photo)
    for verb, source, output in (("compress", "a.png", "c"), ("restore", "c", "r")):
        command = [sys.executable, "-m", f"comrec_tf.{verb}", source, f"--output_dir={output}"]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        done = subprocess.run(
            command, cwd=tmp_path, env=environment, capture_output=True, check=True
        )
        # A slow machine gets to see how far the work is.
        lines = done.stderr.decode().splitlines()
        assert [line for line in lines if not re.match("(compress|restor)ing: ", line)] == []


@pytest.mark.parametrize("aim", ["--scale=2", "--quality=40"])
def test_progress_moves_inside_a_large_picture(tmp_path, run, monkeypatch, aim):
    shares = []
    whole = display.Progress.advance

    def advance(self, fraction):
        whole(self, fraction)
        shares.append(self.share)

    monkeypatch.setattr(display.Progress, "advance", advance)
    save(tmp_path / "large.png", np.zeros((700, 900, 3), np.uint8))
    assert run(tmp_path / "large.png", f"--output_dir={tmp_path}/out", aim) == 0
    assert len(set(shares)) >= 2
    assert shares == sorted(shares)
    assert 0 < shares[0] < shares[-1] <= 1
