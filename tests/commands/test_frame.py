import logging
import os
import subprocess
import sys

import pytest
from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text

DESCRIPTION = """What it does.

    verb a --number=5

More of it.
"""


def define(values):
    with help_text.group(values, help_text.TARGET):
        define_all(values)


def define_all(values):
    flags.DEFINE_integer("number", 3, "A number.", lower_bound=1, flag_values=values)
    flags.DEFINE_float("share", None, "A share.", 0, 1, flag_values=values)
    flags.DEFINE_enum("kind", "a", ["a", "b"], "A kind.", flag_values=values)
    flags.DEFINE_bool("on", True, "A switch.", flag_values=values)
    flags.DEFINE_string("needed", None, "Needed.", flag_values=values)
    flags.mark_flag_as_required("needed", flag_values=values)


def run(*arguments, work=lambda values, positional: 0):
    command = frame.Command("verb", DESCRIPTION, define, work, arguments="THING...")
    return command.run(["program/verb.py", *arguments])


def test_flags_and_positional_arguments_reach_the_work():
    def work(values, positional):
        return values.number + len(positional)

    assert run("a", "--number=5", "b", "--needed=x", work=work) == 7


@pytest.mark.parametrize(
    ("arguments", "read"),
    [
        (["-c5"], (5, False, [])),
        (["-c", "5", "-lc7"], (7, True, [])),
        (["-c=5", "a", "-l"], (5, True, ["a"])),
        (["-count=5", "-noloud"], (5, False, [])),
        (["--name", "-c7", "-l"], (3, True, [])),
        (["-n-c7"], (3, False, [])),
        (["--", "-c7"], (3, False, ["-c7"])),
    ],
)
def test_a_value_may_be_glued_to_a_short_form(arguments, read):
    def define(values):
        with help_text.group(values, help_text.TARGET):
            flags.DEFINE_integer("count", 3, "A count.", short_name="c", flag_values=values)
            flags.DEFINE_bool("loud", False, "A switch.", short_name="l", flag_values=values)
            flags.DEFINE_string("name", "", "A name.", short_name="n", flag_values=values)

    found = []

    def work(values, positional):
        found.append((values.count, values.loud, positional))
        return 0

    assert frame.Command("verb", DESCRIPTION, define, work, "THING...").run(["v", *arguments]) == 0
    assert found == [read]


@pytest.mark.parametrize("word", ["-cuont=5", "-x5", "-cx", "-l5"])
def test_what_is_glued_to_a_short_form_is_refused_where_it_cannot_be_its_value(word, capsys):
    def define(values):
        with help_text.group(values, help_text.TARGET):
            flags.DEFINE_integer("count", 3, "A count.", short_name="c", flag_values=values)
            flags.DEFINE_bool("loud", False, "A switch.", short_name="l", flag_values=values)

    assert frame.Command("verb", DESCRIPTION, define, lambda *_: 0).run(["v", word]) == 2
    assert "Try: python -m comrec_tf.verb --help" in capsys.readouterr().err


def test_help_is_shown_without_the_required_flags_with_ranges_and_defaults(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("What it does.")
    flat = " ".join(out.split())
    assert "--number=N A number. [from 1; default: 3]" in flat
    assert "--needed=TEXT Needed. [required]" in flat
    assert "-h, --help Show this help." in flat


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--needed=x", "--unknown=1"], "Unknown command line flag 'unknown'"),
        ([], "expected --needed. Received: nothing"),
        (
            ["--needed=x", "--number=y"],
            "--number=y: expected a whole number from 1. Received: y",
        ),
        (["--needed=x", "--number=0"], "expected a whole number from 1. Received: 0"),
        (["--needed=x", "--share=1.5"], "expected a number from 0 to 1. Received: 1.5"),
        (["--needed=x", "--share=nan"], "expected a number from 0 to 1. Received: nan"),
        (["--needed=x", "--kind=c"], "--kind=c: expected one of a, b. Received: c"),
    ],
)
def test_a_wrong_command_line_ends_with_code_2_and_a_message_of_ours(arguments, message, capsys):
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Try: python -m comrec_tf.verb --help" in error
    for foreign in ("invalid literal", "must have a value", "None", "should be one of"):
        assert foreign not in error


def test_what_only_the_work_can_tell_of_a_command_line_is_code_2_as_well(capsys):
    def work(values, positional):
        raise frame.UsageError("expected files. Received: nothing")

    assert run("--needed=x", work=work) == 2
    assert "expected files. Received: nothing\nTry: " in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("too odd"), FileNotFoundError("too odd")])
def test_errors_of_the_work_become_messages_and_code_1(error, capsys):
    def work(values, positional):
        raise error

    assert run("--needed=x", work=work) == 1
    assert capsys.readouterr().err == "python -m comrec_tf.verb: too odd\n"


def test_messages_hold_nothing_of_tensorflows_graphs_and_nothing_that_moves_a_cursor(capsys):
    def work(values, positional):
        raise ValueError(
            "a\x1b[2J\udcff.png: {{function_node __wrapped__DecodePng_device_/job:localhost}} "
            "bad header [Op:DecodePng] name: "
        )

    assert run("--needed=x", work=work) == 1
    expected = "python -m comrec_tf.verb: a\\x1b[2J\\udcff.png: bad header\n"
    assert capsys.readouterr().err == expected


def test_an_interrupt_is_code_130(capsys):
    def work(values, positional):
        raise KeyboardInterrupt

    assert run("--needed=x", work=work) == 130
    assert "interrupted" in capsys.readouterr().err


def test_more_is_said_where_asked_and_of_errors_where_they_arose(caplog):
    def work(values, positional):
        logging.getLogger("comrec_tf.anything").debug("a detail")
        raise ValueError("too odd\x1b[2J")

    assert run("--needed=x", work=work) == 1
    assert caplog.text == ""
    assert run("--needed=x", "-v", work=work) == 1
    assert "a detail" in caplog.text
    assert "Traceback" in caplog.text
    assert r"ValueError: too odd\x1b[2J" in caplog.text
    assert "\x1b" not in caplog.text


def test_what_follows_the_flags_is_refused_where_nothing_may(capsys):
    command = frame.Command("verb", DESCRIPTION, define, lambda values, positional: 0)
    assert command.run(["verb", "--needed=x", "a", "b"]) == 2
    assert "expected flags only. Received: a b" in capsys.readouterr().err


def test_a_program_of_another_name_tells_of_itself(capsys):
    command = frame.Command("verb", DESCRIPTION, define, lambda values, positional: 0)
    assert command.run(["verb"], "comrec verb") == 2
    assert "Try: comrec verb --help" in capsys.readouterr().err
    assert command.summary == "What it does"


def test_a_missing_extra_is_a_message(capsys):
    def work(values, positional):
        raise vocabulary.missing_extra("the codec jpegli needs pyjpegli", "codecs")

    assert run("--needed=x", work=work) == 1
    assert 'pip install ".[codecs]"' in capsys.readouterr().err


@pytest.mark.parametrize("folder", ["--output_dir=", "-o="])
def test_an_output_folder_without_a_name_is_a_wrong_command_line(folder, capsys):
    def define(values):
        with help_text.group(values, help_text.IN_AND_OUT):
            flags.DEFINE_string("output_dir", None, "A.", short_name="o", flag_values=values)

    command = frame.Command("verb", DESCRIPTION, define, lambda *_: 0)
    assert command.run(["verb", folder]) == 2
    assert "expected a folder. Received: nothing" in capsys.readouterr().err
    assert command.run(["verb"]) == 0


PRINTS = """
import sys
from comrec_tf.commands import display, frame

def work(values, positional):
    with display.printing(sys.stdout):
        print("line\\n" * 100_000)
    print("and more")
    return 3

if sys.argv[1] == "show":
    sys.exit(frame.show("line\\n" * 100_000))
sys.exit(frame.Command("verb", "What it does.", lambda values: None, work).run(["verb"]))
"""


def printed_to(output, way):
    """Exit code and messages of a program that prints in one of two ways, buffered as usual."""
    environment = {**os.environ, "PYTHONUNBUFFERED": ""}
    program = [sys.executable, "-c", PRINTS, way]
    done = subprocess.run(
        program, stdout=output, stderr=subprocess.PIPE, text=True, env=environment, timeout=60
    )
    return done.returncode, done.stderr


@pytest.mark.parametrize(("way", "code"), [("show", 0), ("work", 3)])
def test_a_reader_that_stops_before_the_end_is_no_error(way, code):
    reading, writing = os.pipe()
    os.close(reading)
    try:
        assert printed_to(writing, way) == (code, "")
    finally:
        os.close(writing)


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="stands for a full disk")
@pytest.mark.parametrize("way", ["show", "work"])
def test_what_cannot_be_printed_is_a_message_and_code_1(way):
    with open("/dev/full", "w") as full:
        code, said = printed_to(full, way)
    assert code == 1
    assert "No space left on device" in said
    assert len(said.splitlines()) == 1
