import os

import pytest
import tensorflow as tf

from comrec_tf.data import sources


@pytest.fixture
def tree(tmp_path):
    (tmp_path / "deep" / "deeper").mkdir(parents=True)
    for name in ("b.PNG", "a.jpg", "deep/c.webp", "deep/deeper/d.tiff", "notes.txt", ".hidden.png"):
        (tmp_path / name).write_bytes(b"")
    return tmp_path


def relative(found, tree):
    return [path[len(str(tree)) + 1 :] for path in found]


def test_a_folder_is_searched_to_the_bottom_for_what_looks_like_a_picture(tree):
    found = relative(sources.find_pictures(tree), tree)
    assert found == ["a.jpg", "b.PNG", "deep/c.webp", "deep/deeper/d.tiff"]


def test_files_whose_names_are_not_utf8_are_skipped_and_logged(tree, caplog):
    below = os.fsencode(tree / "deep")
    os.mkdir(below + b"/\xe9t\xe9")
    for name in (b"/caf\xe9.png", b"/\xe9t\xe9/e.png", b"/caf\xc3\xa9.png"):
        with open(below + name, "wb"):
            pass
    expected = ["deep/caf\xe9.png", "deep/c.webp", "deep/deeper/d.tiff"]
    found = relative(sources.find_pictures([tree / "deep", tree / "deep" / "*"]), tree)
    assert sorted(found) == sorted(expected)
    assert caplog.text.count(r"deep/caf\udce9.png': its name is not UTF-8") == 2
    latin = os.fsdecode(below + b"/caf\xe9.png")
    with pytest.raises(FileNotFoundError, match=r"caf\\udce9\.png'"):
        sources.find_pictures(latin)


def test_links_to_folders_are_followed(tree):
    (tree / "linked").mkdir()
    (tree / "linked" / "photos").symlink_to(tree / "deep")
    found = relative(sources.find_pictures(tree / "linked"), tree)
    assert found == ["linked/photos/c.webp", "linked/photos/deeper/d.tiff"]


def test_hidden_folders_are_left_out_unless_they_are_named(tree):
    (tree / "deep" / ".thumbnails").mkdir()
    (tree / "deep" / ".thumbnails" / "e.png").write_bytes(b"")
    assert len(sources.find_pictures(tree)) == 4
    assert len(sources.find_pictures(tree / "deep" / ".thumbnails")) == 1
    for name in ("seen.png", ".hidden.png", ".below/seen.png", "below/seen.png"):
        tf.io.gfile.makedirs(os.path.dirname(f"ram://hidden/{name}"))
        tf.io.write_file(f"ram://hidden/{name}", b"")
    found = sources.find_pictures("ram://hidden")
    assert found == ["ram://hidden/below/seen.png", "ram://hidden/seen.png"]


def test_a_folder_that_cannot_be_read_is_logged(tree, unreadable, caplog):
    unreadable(tree / "deep" / "deeper")
    assert relative(sources.find_pictures(tree), tree) == ["a.jpg", "b.PNG", "deep/c.webp"]
    assert f"skipping {tree}/deep/deeper: Permission denied" in caplog.text


def test_files_and_globs_are_taken_as_they_are(tree):
    wanted = [str(tree / "notes.txt"), str(tree / "deep*" / "*")]
    assert relative(sources.find_pictures(wanted), tree) == ["deep/c.webp", "notes.txt"]


def test_a_picture_that_is_named_twice_counts_once(tree):
    assert len(sources.find_pictures([tree, tree / "a.jpg"])) == 4


@pytest.mark.parametrize("wrong", ["missing", "deep/*.gif", "empty"])
def test_a_source_without_pictures_is_named(tree, wrong):
    (tree / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match="Received: .*" + wrong.replace("*", r"\*")):
        sources.find_pictures([tree, tree / wrong])


def test_a_picture_that_cannot_be_read_is_named(tree):
    for name in ("a.jpg", "gone.jpg"):
        with pytest.raises(OSError, match=f"^{tree / name}: "):
            sources.read_picture(str(tree / name))


def test_no_source_at_all_is_refused():
    with pytest.raises(FileNotFoundError, match="Received: none"):
        sources.find_pictures([])
