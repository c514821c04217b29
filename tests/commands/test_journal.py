import os

import pytest

from comrec_tf.commands.journal import NAME, Journal


@pytest.fixture
def files(tmp_path):
    (tmp_path / "out").mkdir()
    source, output = tmp_path / "a.png", tmp_path / "out" / "a.jpg"
    source.write_bytes(b"source")
    output.write_bytes(b"output")
    return str(source), str(output)


def test_what_is_recorded_is_done_for_the_next_run(tmp_path, files):
    log = Journal(tmp_path / "out", {"quality": 40})
    assert not log.is_done(*files)
    log.record(*files)
    assert log.is_done(*files)
    assert Journal(tmp_path / "out", {"quality": 40}).is_done(*files)


def test_another_source_other_options_or_another_output_are_not_done(tmp_path, files):
    source, output = files
    Journal(tmp_path / "out", {"quality": 40}).record(source, output)
    assert not Journal(tmp_path / "out", {"quality": 41}).is_done(source, output)
    again = Journal(tmp_path / "out", {"quality": 40})
    with open(output, "ab") as file:
        file.write(b"!")
    assert not again.is_done(source, output)
    os.remove(output)
    assert not again.is_done(source, output)
    with open(output, "wb") as file:
        file.write(b"output")
    assert again.is_done(source, output)
    os.utime(source, (1, 1))
    assert not again.is_done(source, output)


def test_a_line_that_was_cut_by_a_kill_costs_that_line_alone(tmp_path, files):
    source, output = files
    log = Journal(tmp_path / "out", {})
    log.record(source, output)
    with (tmp_path / "out" / NAME).open("a") as file:
        file.write('\n{"output": "b.j')
    again = Journal(tmp_path / "out", {})
    assert again.is_done(source, output)
    other = tmp_path / "out" / "c.jpg"
    other.write_bytes(b"")
    again.record(source, str(other))
    last = Journal(tmp_path / "out", {})
    assert last.is_done(source, output)
    assert last.is_done(source, str(other))
