import os
import pathlib

import pytest

from comrec_tf.process import folders


@pytest.fixture
def tree(tmp_path):
    hidden = ("in/.hidden.png", "in/.thumbnails/a.png")
    for name in (*hidden, "in/a.png", "in/sub/b.png", "in/out/c.png", "other/d.png"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def search(tree, output_dir=None, *, follow=False):
    errors, links = [], []
    linked = None if follow else links.append
    found = folders.files_below(f"{tree}/in", output_dir, errors.append, linked)
    return sorted(os.path.relpath(path, tree) for path in found), errors, links


def test_files_are_found_to_the_bottom_but_for_hidden_ones_and_those_of_the_output(tree):
    assert search(tree) == (["in/a.png", "in/out/c.png", "in/sub/b.png"], [], [])
    assert search(tree, tree / "in" / "out") == (["in/a.png", "in/sub/b.png"], [], [])
    assert len(search(tree, tree / "in")[0]) == 3  # the folder itself was asked for


def test_links_to_folders_are_told_and_not_followed(tree):
    (tree / "in" / "link").symlink_to("../other")
    (tree / "in" / "sub" / "back").symlink_to("..")
    (tree / "in" / "file.png").symlink_to("a.png")
    found, errors, links = search(tree)
    assert found == ["in/a.png", "in/file.png", "in/out/c.png", "in/sub/b.png"]
    assert errors == []
    assert sorted(links) == [f"{tree}/in/link", f"{tree}/in/sub/back"]


def test_links_to_folders_are_followed_where_that_is_asked_for_unless_they_lead_back(tree):
    (tree / "in" / "link").symlink_to("../other")
    (tree / "in" / ".link").symlink_to("../other")
    for place, target in (("in/sub/back", ".."), ("in/above", "../.."), ("other/in", "../in")):
        (tree / place).symlink_to(target)
    expected = ["in/a.png", "in/link/d.png", "in/out/c.png", "in/sub/b.png"]
    assert search(tree, follow=True) == (expected, [], [])
    relative = pathlib.Path(os.path.relpath(tree))
    for start in (f"{relative}/in", f"{relative}/in/", f"./{relative}/in//"):
        found = folders.files_below(start, None, pytest.fail, None)
        assert sorted(os.path.normpath(path) for path in found) == [
            f"{relative}/{name}" for name in expected
        ]


@pytest.mark.parametrize("path", [".a.png", "a/.b/c.png", "a/.c.png"])
def test_what_begins_with_a_dot_is_hidden_with_all_below_it(path):
    assert folders.is_hidden(path)
    assert not folders.is_hidden(path.replace(".", "", 1))


def test_a_folder_that_cannot_be_read_is_told_and_the_others_are_searched(tree, unreadable):
    unreadable(tree / "in" / "sub")
    found, (error,), _ = search(tree)
    assert found == ["in/a.png", "in/out/c.png"]
    assert (error.filename, error.strerror) == (f"{tree}/in/sub", "Permission denied")
