import os

import pytest

from comrec_tf.commands.journal import NAME, Journal


def record(log, source, output, content):
    """What a run does around a file."""
    log.record(source, output, content, os.stat(source))
    log.flush()


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
    record(log, *files, b"output")
    assert log.is_done(*files)
    assert Journal(tmp_path / "out", {"quality": 40}).is_done(*files)


def test_nothing_is_made_before_something_is_recorded(tmp_path):
    Journal(tmp_path / "new", {})
    assert not (tmp_path / "new").exists()


def test_another_source_other_options_or_another_output_are_not_done(tmp_path, files):
    source, output = files
    record(Journal(tmp_path / "out", {"quality": 40}), source, output, b"output")
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


def test_what_was_recorded_but_never_written_is_not_done(tmp_path, files):
    source, output = files
    record(Journal(tmp_path / "out", {}), source, output, b"output of a run that was killed")
    again = Journal(tmp_path / "out", {})
    assert not again.is_done(source, output)
    assert not again.owns(output)


def test_it_owns_what_any_run_has_written_and_nobody_has_changed(tmp_path, files):
    source, output = files
    log = Journal(tmp_path / "out", {"quality": 40})
    assert not log.owns(output)
    record(log, source, output, b"output")
    # Another run recorded its own, and was killed before it put it there.
    record(Journal(tmp_path / "out", {"quality": 41}), source, output, b"another")
    again = Journal(tmp_path / "out", {"quality": 41})
    assert again.owns(output)
    assert again.is_of(source, output)
    assert not again.is_of(str(tmp_path / "b.png"), output)
    with open(output, "wb") as file:
        file.write(b"a person's own")
    assert not again.owns(output)


def test_an_input_that_was_kept_under_its_own_ending_is_done(tmp_path, files):
    source, output = files
    kept = output.replace(".jpg", ".webp")
    with open(kept, "wb") as file:
        file.write(b"kept")
    record(Journal(tmp_path / "out", {}), source, kept, b"kept")
    assert Journal(tmp_path / "out", {}).is_done(source, output)


def test_a_line_that_was_cut_by_a_kill_costs_that_line_alone(tmp_path, files):
    source, output = files
    log = Journal(tmp_path / "out", {})
    record(log, source, output, b"output")
    with (tmp_path / "out" / NAME).open("a") as file:
        file.write('\n{"output": "b.j')
    again = Journal(tmp_path / "out", {})
    assert again.is_done(source, output)
    other = tmp_path / "out" / "c.jpg"
    other.write_bytes(b"")
    record(again, source, str(other), b"")
    last = Journal(tmp_path / "out", {})
    assert last.is_done(source, output)
    assert last.is_done(source, str(other))


def test_names_that_are_no_text_are_recorded(tmp_path, files):
    source, _ = files
    output = os.fsdecode(os.fsencode(tmp_path) + b"/out/\xff.jpg")
    with open(output, "wb") as file:
        file.write(b"x")
    record(Journal(tmp_path / "out", {}), source, output, b"x")
    assert Journal(tmp_path / "out", {}).is_done(source, output)


def test_what_is_taken_down_is_on_the_disk_once_it_is_flushed(tmp_path, files):
    log = Journal(tmp_path / "out", {})
    log.record(*files, b"output", os.stat(files[0]))
    assert log.is_done(*files)
    assert not Journal(tmp_path / "out", {}).is_done(*files)
    for _ in range(2):
        log.flush()
        assert (tmp_path / "out" / NAME).read_text().count('"a.jpg"') == 1
    assert Journal(tmp_path / "out", {}).is_done(*files)


def test_what_is_not_final_is_ours_and_not_done(tmp_path, files):
    log = Journal(tmp_path / "out", {})
    log.record(*files, b"output", os.stat(files[0]), is_final=False)
    log.flush()
    for each in (log, Journal(tmp_path / "out", {})):
        assert each.owns(files[1])
        assert not each.is_done(*files)


def test_an_input_that_has_changed_since_it_was_read_is_not_done(tmp_path, files):
    source, output = files
    before = os.stat(source)
    with open(source, "ab") as file:
        file.write(b"!")
    log = Journal(tmp_path / "out", {})
    log.record(source, output, b"output", before)
    assert not log.is_done(source, output)
