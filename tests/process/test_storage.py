import os
import pathlib
import subprocess
import sys
import threading
import time

import pytest

from comrec_tf.process import storage


def test_a_file_is_written_and_replaced(tmp_path):
    path = tmp_path / "file"
    storage.write_atomically(path, b"one")
    storage.write_atomically(path, b"two")
    assert path.read_bytes() == b"two"
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_that_is_there_is_replaced_only_if_asked(tmp_path, monkeypatch):
    path = tmp_path / "file"
    storage.write_output(str(path), b"one", modified_ns=7, replace=False)
    assert path.stat().st_mtime_ns == 7

    def no_links(*paths):
        raise PermissionError("no links here")

    for links in (os.link, no_links):
        monkeypatch.setattr("os.link", links)
        with pytest.raises(FileExistsError, match="file exists: pass --overwrite"):
            storage.write_output(str(path), b"two", replace=False)
        storage.write_output(str(tmp_path / links.__name__), b"new", replace=False)
        assert (tmp_path / links.__name__).read_bytes() == b"new"
    assert path.read_bytes() == b"one"
    assert {each.name for each in tmp_path.iterdir()} == {"file", "link", "no_links"}


def test_of_many_writers_of_one_name_one_alone_succeeds(tmp_path):
    path = tmp_path / "file"
    failed = []

    def write(number):
        try:
            storage.write_atomically(path, b"%d" % number, replace=False)
        except FileExistsError:
            failed.append(number)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(failed) == 7
    assert int(path.read_bytes()) not in failed
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


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_others_may_read_what_the_umask_lets_them(tmp_path, umask):
    before = os.umask(umask)
    try:
        storage.write_atomically(tmp_path / "file", b"")
        pathlib.Path(tmp_path / "plain").write_bytes(b"")
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_the_umask_is_never_touched(tmp_path, monkeypatch):
    # It belongs to the whole process: another thread that writes meanwhile would use it.
    monkeypatch.setattr("os.umask", lambda mask: pytest.fail("the umask was changed"))
    writers = [
        threading.Thread(target=storage.write_atomically, args=(tmp_path / str(number), b""))
        for number in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len(list(tmp_path.iterdir())) == 8


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path):
    path = tmp_path / ("x" * os.pathconf(tmp_path, "PC_NAME_MAX"))
    storage.write_atomically(path, b"content")
    assert path.read_bytes() == b"content"


def test_a_file_may_say_when_it_was_modified(tmp_path):
    storage.write_output(str(tmp_path / "file"), b"", modified_ns=1_000_000_007)
    assert (tmp_path / "file").stat().st_mtime_ns == 1_000_000_007


def test_an_output_makes_its_folder_or_goes_to_standard_output(tmp_path, capfdbinary):
    storage.write_output(str(tmp_path / "deep" / "deeper" / "file"), b"content")
    assert (tmp_path / "deep" / "deeper" / "file").read_bytes() == b"content"
    storage.write_output("-", b"\xff\xd8")
    assert capfdbinary.readouterr().out == b"\xff\xd8"


def test_whether_a_folder_can_be_written_is_known_without_a_trace(tmp_path):
    storage.check_writable(tmp_path / "to" / "be" / "made")
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises(OSError, match="file"):
        storage.check_writable(tmp_path / "file" / "below")
    with pytest.raises(OSError, match=r": '/proc/comrec_tf/out'$"):
        storage.check_writable("/proc/comrec_tf/out")
    with pytest.raises(OSError, match=r": '/proc/a.jpg'$"):
        storage.write_atomically("/proc/a.jpg", b"")


KILLED = """
import os, signal, sys
os.replace = lambda *paths: (print(flush=True), {end})
from comrec_tf.process import storage
storage.write_atomically(sys.argv[1], b"half")
"""


def writer(path, end):
    command = [sys.executable, "-c", KILLED.format(end=end), str(path)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stdin=subprocess.PIPE)


def test_what_a_killed_writer_left_is_removed_unless_it_is_held_or_young(tmp_path):
    begun = time.time()
    writer(tmp_path / "killed.jpg", "os.kill(os.getpid(), signal.SIGKILL)").wait(60)
    (left,) = tmp_path.iterdir()
    living = writer(tmp_path / "living.jpg", "sys.stdin.read()")
    living.stdout.readline()
    (held,) = set(tmp_path.iterdir()) - {left}
    (tmp_path / ".a.jpg.12345678").write_bytes(b"a person's own")

    storage.remove_leftovers(tmp_path, before=begun - 60)
    assert left.exists()
    storage.remove_leftovers(tmp_path, before=time.time() + 60)
    assert not left.exists()
    assert held.exists()
    living.communicate(b"")
    assert {path.name for path in tmp_path.iterdir()} == {".a.jpg.12345678"} | {held.name}
    storage.remove_leftovers(tmp_path, before=time.time() + 60)
    assert {path.name for path in tmp_path.iterdir()} == {".a.jpg.12345678"}
    storage.remove_leftovers(tmp_path / "missing", before=time.time())


def test_what_libraries_print_is_muted_and_what_they_raise_is_not(capfd):
    with pytest.raises(ValueError, match="too odd"), storage.muted():  # noqa: PT012
        os.write(2, b"a notice\n")
        raise ValueError("too odd")
    os.write(2, b"ours\n")
    assert capfd.readouterr().err == "ours\n"
