import shutil

import numpy as np
import pytest

from comrec_tf.evaluation import pictures
from comrec_tf.images import color, files


def test_folders_globs_and_files_are_found_once_by_their_names(pictures_dir):
    inputs = [pictures_dir / "small.png", pictures_dir, pictures_dir / "c*.png"]
    found = pictures.find(map(str, inputs))
    assert list(found) == ["astronaut.png", "camera.png", "coffee.png", "small.png"]
    assert found["small.png"] == str(pictures_dir / "small.png")


def test_pictures_of_one_name_are_called_by_their_paths(tmp_path, pictures_dir):
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        shutil.copy(pictures_dir / "small.png", tmp_path / folder)
    (tmp_path / "a" / "notes.txt").write_text("no picture")
    paths = [f"{tmp_path}/{folder}/small.png" for folder in ("a", "b")]
    assert pictures.find([str(tmp_path)]) == {path: path for path in paths}


def test_an_input_without_pictures_is_named(tmp_path):
    for given in (tmp_path, tmp_path / "nowhere.png", tmp_path / "*.jpg"):
        with pytest.raises(FileNotFoundError, match=f"Received: {given}".replace("*", ".")):
            pictures.find([str(given)])


def test_a_report_within_the_folder_is_not_measured(tmp_path, pictures_dir):
    (tmp_path / "report").mkdir()
    for place in (tmp_path, tmp_path / "report"):
        shutil.copy(pictures_dir / "small.png", place)
    assert list(pictures.find([str(tmp_path)], tmp_path / "report")) == ["small.png"]


def test_folders_that_are_not_searched_are_an_error_or_said(
    tmp_path, pictures_dir, unreadable, caplog
):
    shutil.copy(pictures_dir / "small.png", tmp_path)
    (tmp_path / "link").symlink_to(pictures_dir)
    assert list(pictures.find([str(tmp_path)])) == ["small.png"]
    assert f"{tmp_path}/link: a link to a folder, passed over" in caplog.text
    (tmp_path / "sub").mkdir()
    unreadable(tmp_path / "sub")
    with pytest.raises(PermissionError, match=f"{tmp_path}/sub"):
        pictures.find([str(tmp_path)])


def test_the_luma_of_a_color_picture_is_read_as_grey(pictures_dir):
    path = pictures_dir / "astronaut.png"
    luma = pictures.read(path, luma=True)
    assert luma.dtype == np.uint8
    np.testing.assert_allclose(luma[..., 0], color.luma(files.read(path)), atol=0.5)
    np.testing.assert_array_equal(pictures.read(path), files.read(path))
