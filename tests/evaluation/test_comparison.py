import csv
import sys

import numpy as np
import PIL.Image
import pytest

from comrec_tf.evaluation import comparison, systems


def few(name, *settings):
    system = systems.of_codec(name)
    system.settings = settings
    return system


def compare(compressor, folder, paths, **options):
    (preset,) = systems.of_preset("tiny", compressor)
    preset.settings = (20, 60)
    options = {"ranges": [(0.3, 1.5)], "num_shown": 1, "shown_rate": 1.0, **options}
    jpeg, webp = few("jpeg", 20, 60), few("webp", 20, 60)
    return comparison.compare("a title", jpeg, [webp], [preset], paths, folder, **options)


@pytest.fixture
def paths(pictures_dir):
    return {name: str(pictures_dir / name) for name in ("astronaut.png", "small.png")}


def test_a_report_has_every_file_that_was_made_and_a_page(tmp_path, compressor, paths):
    pytest.importorskip("matplotlib")
    points = compare(compressor, tmp_path / "new" / "report", paths)
    folder = tmp_path / "new" / "report"
    rows = list(csv.DictReader((folder / "points.csv").open()))
    assert len(rows) == len(points) == 2 * 3 * 2
    assert {row["system"] for row in rows} == {"jpeg", "webp", "tiny"}
    assert {row["picture"] for row in rows} == set(paths)
    assert {path.name for path in folder.iterdir()} == set(comparison.FILES)
    assert "a title" in (folder / comparison.PAGE).read_text()


def test_the_work_is_told_in_small_steps_and_interrupted_it_keeps_what_it_measured(
    tmp_path, compressor, paths
):
    pytest.importorskip("matplotlib")

    def interrupted(steps, text):
        assert len(steps) >= len(paths) * 3
        for number, step in enumerate(steps):
            if number == len(steps) - 1:
                raise KeyboardInterrupt
            yield step

    with pytest.raises(KeyboardInterrupt):
        compare(compressor, tmp_path, paths, progress=interrupted)
    rows = list(csv.DictReader((tmp_path / "points.csv").open()))
    assert [row["picture"] for row in rows] == 6 * ["astronaut.png"]


def test_of_a_large_picture_the_page_shows_the_middle(tmp_path, compressor, monkeypatch, paths):
    pytest.importorskip("matplotlib")
    shown = []
    monkeypatch.setattr(comparison, "_LARGEST_SHOWN", 100)
    monkeypatch.setattr(
        comparison.page, "page_bytes", lambda *arguments: shown.extend(arguments[-1]) or b""
    )
    compare(compressor, tmp_path, {"astronaut.png": paths["astronaut.png"]})
    original = np.asarray(PIL.Image.open(paths["astronaut.png"]))
    np.testing.assert_array_equal(shown[0].pixels, original[46:146, 46:146])
    assert shown[0].caption == "original, its middle"
    assert {one.pixels.shape for one in shown} == {(100, 100, 3)}


def test_systems_of_one_name_are_refused_before_anything_is_written(tmp_path, paths):
    jpeg, again = few("jpeg", 20), few("jpeg", 60)
    options = {"ranges": [(0.3, 1.5)], "num_shown": 0, "shown_rate": 1.0}
    with pytest.raises(ValueError, match="different names. Received: webp, jpeg, jpeg"):
        comparison.compare(
            "a title", few("webp", 20), [jpeg], [again], paths, tmp_path / "report", **options
        )
    assert not (tmp_path / "report").exists()


def test_a_report_replaces_files_only_where_asked_and_its_pictures_never(tmp_path):
    (tmp_path / "points.csv").write_text("mine")
    (tmp_path / "link.png").symlink_to("psnr.png")
    with pytest.raises(FileExistsError, match=r"points.csv exists: --overwrite replaces it"):
        comparison.check_places(tmp_path, [], overwrite=False)
    comparison.check_places(tmp_path, [str(tmp_path / "a.png")], overwrite=True)
    with pytest.raises(FileExistsError, match=r"psnr.png is one of the pictures"):
        comparison.check_places(tmp_path, [str(tmp_path / "link.png")], overwrite=True)


@pytest.mark.parametrize("package", ["matplotlib.figure", "psnr_hvsm"])
def test_a_missing_extra_is_found_before_anything_is_measured(package, monkeypatch):
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(ModuleNotFoundError, match=r"\[evaluation\]"):
        comparison.check_extras()
