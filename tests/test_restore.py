import io
import json
import sys

import imagecodecs
import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest

from comrec_tf import restore
from comrec_tf.codecs import catalog
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target
from comrec_tf.images import files, metrics
from comrec_tf.presets import find, weights
from tests.makers import make_model


@pytest.fixture(scope="module")
def presets(tmp_path_factory):
    """Two presets: one of two pairs, one of one."""
    folder = tmp_path_factory.mktemp("presets")
    weights.save_preset([make_model(scale=1), make_model()], folder / "one")
    weights.save_preset(make_model(scale=1, filters=4), folder / "two")
    return folder


@pytest.fixture
def compact_dir(tmp_path, presets, photo, grey_photo):
    """Two compact files, of two presets."""
    (tmp_path / "compact").mkdir()
    for name, picture in (("one", photo[:77]), ("two", grey_photo)):
        content = Compressor.from_preset(presets / name).encode(picture, 60).content
        (tmp_path / "compact" / f"{name}.jpg").write_bytes(content)
    return tmp_path / "compact"


def run(*arguments):
    return restore.main(["restore", *map(str, arguments)])


def test_files_of_several_presets_are_restored_in_one_call(
    tmp_path, compact_dir, presets, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
    assert run(*sorted(compact_dir.iterdir()), f"--output_dir={tmp_path}/out") == 0
    for name in ("one", "two"):
        written = np.asarray(PIL.Image.open(tmp_path / "out" / f"{name}.png"))
        expected = Compressor.from_preset(name).decode((compact_dir / f"{name}.jpg").read_bytes())
        np.testing.assert_array_equal(written, np.squeeze(expected))
    assert "160x77" in capsys.readouterr().out


def test_a_preset_is_loaded_once_for_all_its_pairs_and_files(tmp_path, presets, photo, monkeypatch):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
    compressor = Compressor.from_preset("one")
    for scale in (1, 2):
        for number in (1, 2):
            content = compressor.encode(photo, 60, scale).content
            (tmp_path / f"{scale}-{number}.jpg").write_bytes(content)
    loaded = []
    load = Compressor.from_preset.__func__

    def count(cls, name, **options):
        loaded.append(name)
        return load(cls, name, **options)

    monkeypatch.setattr(Compressor, "from_preset", classmethod(count))
    assert run(tmp_path, f"--output_dir={tmp_path}/out") == 0
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert len(loaded) == 1


def test_a_wrong_number_of_threads_is_named_once_before_any_file(
    tmp_path, compact_dir, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_THREADS", "0")
    assert run(compact_dir, f"--output_dir={tmp_path}/out") == 2
    assert capsys.readouterr().err.count("COMREC_THREADS") == 1
    assert not (tmp_path / "out").exists()


def test_files_without_networks_need_no_preset(tmp_path, presets, photo, monkeypatch):
    compressor = Compressor.from_preset(presets / "one", codec=catalog.make_codec("jpeg"))
    plain = compressor.encode_to(photo, Target("quality", 60), []).content
    (tmp_path / "plain.jpg").write_bytes(plain)
    monkeypatch.setattr(find, "list_presets", dict)
    assert run(tmp_path / "plain.jpg", f"--output_dir={tmp_path}/out") == 0
    restored = np.asarray(PIL.Image.open(tmp_path / "out" / "plain.png"))
    shown = np.asarray(PIL.Image.open(io.BytesIO(plain)))
    np.testing.assert_array_equal(restored, shown)


def test_a_preset_that_lies_elsewhere_is_named(tmp_path, compact_dir, presets, capsys):
    arguments = [compact_dir / "one.jpg", f"--output_dir={tmp_path}/out"]
    assert run(*arguments) == 1
    assert "expected a preset of id" in capsys.readouterr().err
    assert run(*arguments, f"--preset={presets}/two") == 1
    assert "made with the pair of id" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert run(*arguments, f"--preset={presets}/one") == 0


def test_ordinary_jpegs_are_restored_beside_compact_files(
    tmp_path, compact_dir, presets, photo, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.Artist] = "Ann"
    old = compact_dir / "old.jpg"
    PIL.Image.fromarray(photo).save(old, quality=32, progressive=True, exif=exif)
    assert run(compact_dir, f"--output_dir={tmp_path}/out", "--json") == 0
    rows = {row["file"]: row for row in json.loads(capsys.readouterr().out)["files"]}
    assert {row["kind"] for row in rows.values()} == {"compact", "ordinary"}
    row = rows[f"{tmp_path}/out/old.png"]
    assert row["restored"] == "ordinary, about quality 32"
    assert (row["quality"], row["fit_error"], row["subsampling"]) == (32, 0.0, "4:2:0")
    with PIL.Image.open(tmp_path / "out" / "old.png") as written:
        assert written.getexif()[PIL.ExifTags.Base.Artist] == "Ann"
        assert metrics.psnr(photo, np.asarray(written)) > metrics.psnr(photo, files.read(old))


def test_a_jpeg_that_needs_nothing_is_copied_under_its_own_ending(tmp_path, photo, capsys):
    old = tmp_path / "in" / "fine.jpeg"
    old.parent.mkdir()
    PIL.Image.fromarray(photo).save(old, quality=99)
    arguments = [old.parent, f"--output_dir={tmp_path}/out", "--resume"]
    assert run(*arguments) == 0
    assert "no: quality 99 needs none" in capsys.readouterr().out
    assert (tmp_path / "out" / "fine.jpeg").read_bytes() == old.read_bytes()
    assert run(*arguments) == 0
    assert "1 of 1 files are done already" in capsys.readouterr().err
    assert run(*arguments, "--strength=0.5") == 0  # made again: all of it is ours
    assert "done already" not in capsys.readouterr().err


def test_strength_blends_what_is_restored_with_what_was_there(tmp_path, photo):
    old = tmp_path / "old.jpg"
    PIL.Image.fromarray(photo).save(old, quality=20)
    for strength in (1, 0.5):
        arguments = [f"--output_dir={tmp_path}/{strength}", f"--strength={strength}"]
        assert run(old, *arguments) == 0
    whole, half = (files.read(tmp_path / name / "old.png").astype(int) for name in ("1", "0.5"))
    assert np.abs(half - (whole + files.read(old)) / 2).max() <= 1
    assert np.abs(whole - half).max() > 1


def test_more_effort_restores_ordinary_jpegs_and_compact_files_better(tmp_path, photo):
    old, compact = tmp_path / "old.jpg", tmp_path / "compact.jpg"
    PIL.Image.fromarray(photo).save(old, quality=20)
    compressor = Compressor.from_preset("comrec-fast")
    compact.write_bytes(compressor.encode(photo, 40, scale=1).content)
    for effort in (1, 2, 3):
        arguments = ["--preset=comrec-fast", f"--output_dir={tmp_path}/{effort}"]
        assert run(old, compact, *arguments, f"--effort={effort}") == 0
    for name in ("old.png", "compact.png"):
        scores = [metrics.psnr(photo, files.read(tmp_path / effort / name)) for effort in "123"]
        assert scores == sorted(scores)
        assert scores[2] > scores[0] + 0.03


@pytest.mark.parametrize(("quality", "form"), [(30, "PNG"), (99, "JPEG")])
def test_ordinary_jpegs_come_through_streams(monkeypatch, photo, quality, form):
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG", quality=quality)
    streams = [io.TextIOWrapper(io.BytesIO(buffer.getvalue())), io.TextIOWrapper(io.BytesIO())]
    monkeypatch.setattr("sys.stdin", streams[0])
    monkeypatch.setattr("sys.stdout", streams[1])
    assert run("-") == 0
    written = streams[1].buffer.getvalue()
    with PIL.Image.open(io.BytesIO(written)) as picture:
        assert (picture.format, picture.size) == (form, (160, 128))
    assert form == "PNG" or written == buffer.getvalue()


def test_a_damaged_jpeg_and_other_pictures_are_named_and_nothing_is_written(
    tmp_path, photo, capsys
):
    picture = PIL.Image.fromarray(photo)
    picture.save(tmp_path / "whole.jpg")
    (tmp_path / "broken.jpg").write_bytes((tmp_path / "whole.jpg").read_bytes()[:2000])
    (tmp_path / "whole.jpg").unlink()
    picture.save(tmp_path / "plain.webp")
    assert run(tmp_path, f"--output_dir={tmp_path}/out") == 1
    said = capsys.readouterr()
    assert "broken.jpg: the JPEG is damaged" in said.err
    assert "plain.webp: this file carries no ComRec data" in said.err
    assert said.err.splitlines()[-1] == "2 of 2 files failed"
    assert said.out == ""
    assert not (tmp_path / "out").exists()


def test_a_preset_without_a_pair_at_full_size_says_so(tmp_path, photo, capsys):
    PIL.Image.fromarray(photo).save(tmp_path / "old.jpg", quality=20)
    arguments = ["--preset=jiang2017-q50", f"--output_dir={tmp_path}/out"]
    assert run(tmp_path / "old.jpg", *arguments) == 1
    assert "a pair at full size" in capsys.readouterr().err


def test_an_ordinary_jpeg_of_too_many_pixels_is_refused(tmp_path, photo, capsys):
    PIL.Image.fromarray(photo).save(tmp_path / "old.jpg", quality=20)
    arguments = [f"--output_dir={tmp_path}/out", "--max_pixels=20479"]
    assert run(tmp_path / "old.jpg", *arguments) == 1
    assert "at most 20,479 pixels" in capsys.readouterr().err


def test_a_missing_file_is_named(tmp_path, capsys):
    assert run(tmp_path / "missing.jpg", f"--output_dir={tmp_path}/out") == 1
    assert "missing.jpg" in capsys.readouterr().err


@pytest.mark.parametrize(("form", "ending"), [("jpeg", "jpg"), ("webp", "webp")])
def test_other_formats_give_smaller_files(tmp_path, compact_dir, presets, form, ending):
    arguments = [compact_dir / "one.jpg", f"--preset={presets}/one", f"--output_dir={tmp_path}"]
    assert run(*arguments) == 0
    exact = np.asarray(PIL.Image.open(tmp_path / "one.png"))
    sizes = []
    for quality in (30, 95):
        assert run(*arguments, f"--format={form}", f"--quality={quality}", "--overwrite") == 0
        with PIL.Image.open(tmp_path / f"one.{ending}") as picture:
            assert picture.format == form.upper()
            assert metrics.psnr(exact, np.asarray(picture)) > 25
        sizes.append((tmp_path / f"one.{ending}").stat().st_size)
    assert sizes[0] < sizes[1] < (tmp_path / "one.png").stat().st_size


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["a.jpg", "--output_dir=x", "--quality=90"], "expected --format=jpeg or webp"),
        (["a.jpg", "--output_dir=x", "--format=gif"], "gif"),
        (["a.jpg", "--output_dir=x", "--max_pixels=0"], "a whole number from 1 to"),
        (["a.jpg"], "expected --output_dir=FOLDER"),
        ([], "expected files"),
    ],
)
def test_wrong_calls_are_code_2(tmp_path, monkeypatch, capsys, arguments, message):
    monkeypatch.chdir(tmp_path)
    assert run(*arguments) == 2
    assert message in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_too_many_pixels_is_refused_alone(tmp_path, compact_dir, presets, capsys):
    arguments = [compact_dir / "one.jpg", f"--preset={presets}/one", f"--output_dir={tmp_path}"]
    assert run(*arguments, "--max_pixels=12319") == 1
    assert (
        "expected at most 12,319 pixels (max_pixels). Received: 160x77" in capsys.readouterr().err
    )
    assert run(*arguments, "--max_pixels=12320", "--json") == 0
    assert json.loads(capsys.readouterr().out)["total"]["pixels"] == 12_320


def test_a_damaged_file_is_only_restored_where_that_is_asked_for(
    tmp_path, compact_dir, presets, capsys
):
    path = compact_dir / "one.jpg"
    content = bytearray(path.read_bytes())
    content[-40] ^= 1
    path.write_bytes(content)
    arguments = [path, f"--preset={presets}/one", f"--output_dir={tmp_path}/out"]
    assert run(*arguments) == 1
    said = capsys.readouterr().err
    assert "one.jpg" in said
    assert "--ignore_checksum restores it where it can still be decoded" in said
    assert run(*arguments, "--ignore_checksum") == 0


@pytest.fixture
def packed_dir(tmp_path, presets, photo):
    """A compact file, an ordinary JPEG and a picture, all in JPEG XL."""
    (tmp_path / "packed").mkdir()
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG", quality=20)
    contents = {
        "compact": Compressor.from_preset(presets / "one", codec="jpeg-xl")
        .encode(photo, 60)
        .content,
        "ordinary": bytes(imagecodecs.jpegxl_encode_jpeg(buffer.getvalue())),
        "picture": bytes(imagecodecs.jpegxl_encode(photo)),
    }
    for name, content in contents.items():
        (tmp_path / "packed" / f"{name}.jxl").write_bytes(content)
    (tmp_path / "ordinary.jpg").write_bytes(buffer.getvalue())
    return tmp_path / "packed"


def test_of_jpeg_xl_files_what_holds_a_jpeg_is_restored_as_that_jpeg(
    tmp_path, packed_dir, presets, photo, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
    assert run(packed_dir, f"--output_dir={tmp_path}/out", "--json") == 1
    said = json.loads(capsys.readouterr().out)
    (failure,) = said["failures"]
    assert failure["file"].endswith("picture.jxl")
    assert "expected a JPEG inside the JPEG XL file" in failure["error"]
    restored = np.asarray(PIL.Image.open(tmp_path / "out" / "compact.png"))
    own = Compressor.from_preset("one")
    np.testing.assert_array_equal(restored, own.decode(own.encode(photo, 60).content))
    assert run(tmp_path / "ordinary.jpg", f"--output_dir={tmp_path}/jpeg") == 0
    expected = (tmp_path / "jpeg" / "ordinary.png").read_bytes()
    assert (tmp_path / "out" / "ordinary.png").read_bytes() == expected


def test_the_jpegs_inside_jpeg_xl_files_are_taken_out_bit_for_bit(
    tmp_path, packed_dir, presets, photo, capsys
):
    (packed_dir / "picture.jxl").unlink()
    (packed_dir / "other.jpg").write_bytes(b"passed over")
    # No preset is needed: none of the search path has made the file.
    assert run(packed_dir, f"--output_dir={tmp_path}/out", "--to_jpeg", "--json") == 0
    rows = {row["file"].split("/")[-1]: row for row in json.loads(capsys.readouterr().out)["files"]}
    assert set(rows) == {"compact.jpg", "ordinary.jpg"}
    taken = (tmp_path / "out" / "compact.jpg").read_bytes()
    assert taken == Compressor.from_preset(presets / "one").encode(photo, 60).content
    assert rows["compact.jpg"]["bytes_after"] == len(taken)
    ordinary = (tmp_path / "out" / "ordinary.jpg").read_bytes()
    assert ordinary == (tmp_path / "ordinary.jpg").read_bytes()


def test_nothing_is_taken_out_of_other_formats(tmp_path, compact_dir, packed_dir, capsys):
    sources = [compact_dir / "one.jpg", packed_dir / "picture.jxl"]
    assert run(*sources, f"--output_dir={tmp_path}/out", "--to_jpeg") == 1
    said = capsys.readouterr().err
    assert "one.jpg: the bytes are not a JPEG XL file" in said
    assert "picture.jxl: expected a JPEG inside" in said
    assert not list((tmp_path / "out").glob("*"))


def test_without_imagecodecs_a_jpeg_xl_file_names_the_extra(
    tmp_path, packed_dir, presets, monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_PRESETS", str(presets))
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    assert run(packed_dir / "compact.jxl", f"--output_dir={tmp_path}/out") == 1
    (line,) = [line for line in capsys.readouterr().err.splitlines() if "imagecodecs" in line]
    assert line.endswith(
        'the codec jpeg-xl needs imagecodecs: from a clone, pip install ".[codecs]"'
    )
