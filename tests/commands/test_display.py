import io
import re
import time

import pytest
import rich.console

from comrec_tf.commands import display


def test_rows_are_a_table_without_empty_columns(capsys):
    columns = {
        "file": ("file", "{}"),
        "size": ("bytes", "{:,}"),
        "psnr": ("PSNR", "{:.1f}"),
        "met": ("target", lambda met: "" if met else "missed"),
    }
    rows = [{"file": "a", "size": 1234, "psnr": None, "met": True}, {"file": "b", "size": 1}]
    display.rows(columns, rows, {"size": 1235})
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines == [["file", "bytes"], ["a", "1,234"], ["b", "1"], ["total", "1,235"]]
    display.rows(columns, [{**rows[0], "met": False}])
    assert capsys.readouterr().out.splitlines()[1].split() == ["a", "1,234", "missed"]


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Zoë 1.png", "Zoë 1.png"), ("\udcff.png", r"\udcff.png"), ("a\n\x1b[2J", r"a\n\x1b[2J")],
)
def test_any_name_can_be_printed(name, shown):
    assert display.printable(name) == shown
    shown.encode()


def test_progress_knows_rate_and_time_left_from_within_the_first_picture_on(monkeypatch):
    now = [100.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    shown = display.Progress("working", [1_000_000, 3_000_000])
    assert str(shown) == "0 of 2 files"
    shown.begin(4_000_000)
    assert str(shown) == "0 of 2 files, 4.0 megapixels begun"
    now[0] += 10
    shown.advance(0.5)
    assert shown.share == 0.125
    assert str(shown) == "0 of 2 files, 0.2 megapixels/s, 70 s left"
    shown.advance(0.25)  # stages may overlap: it never goes back
    assert shown.share == 0.125
    now[0] += 990
    shown.finish()
    assert str(shown) == "1 of 2 files, 0.004 megapixels/s, 50 min left"
    shown.begin(20_000_000)
    shown.finish()
    assert shown.share == 1.0
    assert str(shown).endswith("0 s left")


def test_where_there_is_no_terminal_a_line_is_printed_every_few_seconds(monkeypatch, capsys):
    monkeypatch.setattr(display, "_BETWEEN_LINES", 0.01)
    with display.Progress("working", [1]) as shown:
        shown.begin(1_000_000)
        shown.advance(0.5)
        end = time.monotonic() + 10
        while not (said := capsys.readouterr().err) and time.monotonic() < end:
            time.sleep(0.01)
    assert re.match(r"working: 50%, 0 of 1 files, [\d.]+ megapixels/s, \d+ s left\n", said)


def test_a_loop_without_a_terminal_prints_its_share_and_the_time_left(monkeypatch, capsys):
    now = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    for _ in display.progress("abcd", "measuring"):
        now[0] += 4
    said = capsys.readouterr()
    assert said.err.splitlines() == ["measuring: 50%, 8 s left", "measuring: 100%, 0 s left"]
    assert said.out == ""


def test_on_a_terminal_it_is_a_bar(monkeypatch):
    console = rich.console.Console(file=io.StringIO(), force_terminal=True, width=120)
    monkeypatch.setattr(rich.console, "Console", lambda **options: console)
    with display.Progress("working", [1, 1]) as shown:
        shown.begin(1_000_000)
        shown.finish()
    said = console.file.getvalue()
    assert "1 of 2 files" in said
    assert "━" in said
