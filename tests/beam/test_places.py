import os

import pytest

pytest.importorskip("apache_beam")
from comrec_tf.beam import places


@pytest.fixture(params=["local", "memory"])
def folder(request, tmp_path):
    return f"ram://{tmp_path.name}" if request.param == "memory" else str(tmp_path)


def test_a_file_is_written_with_its_folder_and_replaced(folder):
    path = f"{folder}/deep/a[1].gz"
    for content in (b"first", b"second"):
        places.write_whole(path, content)
        assert places.read_bytes(path) == content


def test_the_time_of_a_file_is_that_of_its_last_change(tmp_path):
    path = tmp_path / "a[1].bin"
    path.write_bytes(b"")
    os.utime(path, (1000, 2000))
    assert places.changed(str(path)) == 2000


def test_nothing_is_left_of_a_file_that_cannot_take_its_place(tmp_path):
    (tmp_path / "taken" / "inside").mkdir(parents=True)
    with pytest.raises(OSError, match="taken"):
        places.write_whole(str(tmp_path / "taken"), b"content")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
    with pytest.raises(OSError, match="missing"):
        places.read_bytes(str(tmp_path / "missing"))
