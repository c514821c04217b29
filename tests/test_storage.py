import pathlib

import pytest

from comrec_tf import storage


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "file"
    storage.write_atomically(path, b"one")
    storage.write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def fail(*args):
        raise OSError("disk full")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        storage.write_atomically(path, b"new")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_others_may_read_what_the_umask_lets_them(tmp_path):
    path = tmp_path / "file"
    storage.write_atomically(path, b"")
    plain = tmp_path / "plain"
    pathlib.Path(plain).write_bytes(b"")
    assert path.stat().st_mode == plain.stat().st_mode


def test_an_output_makes_its_folder_or_goes_to_standard_output(tmp_path, capfdbinary):
    storage.write_output(str(tmp_path / "deep" / "deeper" / "file"), b"content")
    assert (tmp_path / "deep" / "deeper" / "file").read_bytes() == b"content"
    storage.write_output("-", b"\xff\xd8")
    assert capfdbinary.readouterr().out == b"\xff\xd8"
