import os

import pytest

from comrec_tf.commands.inputs import Found


def find(*arguments, output_dir="out"):
    return Found(arguments, (".png", ".tif"), output_dir)


@pytest.fixture
def tree(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "in" / "sub").mkdir(parents=True)
    for name in ("a.png", "b.TIF", "sub/c.png", "notes.txt", "README", ".hidden.png"):
        (tmp_path / "in" / name).write_bytes(b"")
    return tmp_path


def test_folders_are_searched_to_the_bottom_and_files_found_once(tree):
    found = find("in", "in/a.png", "in")
    assert found.files == [
        ("in/a.png", "a.png"),
        ("in/b.TIF", "b.TIF"),
        ("in/sub/c.png", os.path.join("sub", "c.png")),
    ]
    assert found.passed_over == {"in/notes.txt": ".txt", "in/README": "without ending"}


def test_globs_are_files_by_their_names_alone(tree):
    assert find("in/*.png").files == [("in/a.png", "a.png")]
    assert find("in/**/*.png").files == [("in/a.png", "a.png"), ("in/sub/c.png", "c.png")]
    assert find("in/notes.txt").files == [("in/notes.txt", "notes.txt")]  # it was asked for


def test_the_output_folder_is_no_input(tree):
    assert [path for path, _ in find("in", output_dir="in/sub").files] == ["in/a.png", "in/b.TIF"]
    assert len(find("in", output_dir="in").files) == 3


def test_only_regular_files_are_taken(tree):
    os.mkfifo(tree / "in" / "pipe.png")
    (tree / "in" / "endless.png").symlink_to("/dev/zero")
    (tree / "in" / "nowhere.png").symlink_to("missing")
    (tree / "in" / "link.png").symlink_to("a.png")
    found = find("in", "in/pipe.png")
    expected = ["in/a.png", "in/b.TIF", "in/link.png", "in/sub/c.png"]
    assert [path for path, _ in found.files] == expected
    assert set(found.skipped) == {"in/pipe.png", "in/endless.png", "in/nowhere.png"}
    assert "expected a regular file" in found.skipped["in/endless.png"]


def test_folders_that_are_not_searched_are_not_lost_without_a_word(tree, unreadable):
    (tree / "in" / "link").symlink_to("sub")
    unreadable("in/sub")
    found = find("in")
    assert [path for path, _ in found.files] == ["in/a.png", "in/b.TIF"]
    assert found.skipped == {"in/sub": "Permission denied"}
    assert found.passed_over["in/link"] == "linked folder"
    assert find("in/sub").skipped == {"in/sub": "Permission denied"}  # not "there are none"


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (["missing.png"], "Received: missing.png"),
        (["in/*.gif"], "Received: in/"),
        (["empty"], r"empty, where there are none \(only .heic\)"),
    ],
)
def test_inputs_that_are_not_there_are_named(tree, inputs, message):
    (tree / "empty").mkdir()
    (tree / "empty" / "a.heic").write_bytes(b"")
    with pytest.raises(FileNotFoundError, match=message):
        find(*inputs)
