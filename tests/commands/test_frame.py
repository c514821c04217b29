import subprocess
import sys

import pytest
from absl import flags

from comrec_tf.commands import frame

VERBS = ["beam_compress", "compress", "evaluate", "export", "restore", "serve", "train"]


def define(values):
    flags.DEFINE_integer("number", 3, "A number.", lower_bound=1, flag_values=values)
    flags.DEFINE_float("share", None, "A share.", 0, 1, flag_values=values)
    flags.DEFINE_enum("kind", "a", ["a", "b"], "A kind.", flag_values=values)
    flags.DEFINE_bool("on", True, "A switch.", flag_values=values)
    flags.DEFINE_string("needed", None, "Needed.", flag_values=values)
    flags.mark_flag_as_required("needed", flag_values=values)


def run(*arguments, work=lambda values, positional: 0):
    return frame.run(["program/verb.py", *arguments], "What it does.", define, work)


def test_flags_and_positional_arguments_reach_the_work():
    def work(values, positional):
        return values.number + len(positional)

    assert run("a", "--number=5", "b", "--needed=x", work=work) == 7


def test_help_is_shown_without_the_required_flags_with_ranges_and_defaults(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("What it does.")
    assert "--number: A number. Expects a whole number from 1. Default: 3." in out
    assert "--share: A share. Expects a number from 0 to 1.\n" in out
    assert "--kind: <a|b>: A kind. Default: a." in out
    assert "--[no]on: A switch. Default: yes." in out
    assert "--needed: Needed.\n" in out
    assert "--[no]help" in out


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
    ],
)
def test_a_wrong_command_line_ends_with_code_2_and_a_message_of_ours(arguments, message, capsys):
    assert run(*arguments) == 2
    error = capsys.readouterr().err
    assert message in error
    assert "Try: python -m comrec_tf.verb --help" in error
    for foreign in ("invalid literal", "must have a value", "None"):
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


@pytest.mark.parametrize("verb", VERBS)
def test_help_needs_no_tensorflow(verb):
    script = (
        "import runpy, sys\n"
        f"sys.argv = ['{verb}', '--help']\n"
        "try:\n"
        f"    runpy.run_module('comrec_tf.{verb}', run_name='__main__')\n"
        "except SystemExit as end:\n"
        "    assert end.code == 0, end.code\n"
        "assert not {'tensorflow', 'keras'} & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Default:" in done.stdout


def test_a_missing_extra_is_a_message(capsys):
    def work(values, positional):
        raise ModuleNotFoundError('the codec mozjpeg needs pyvips: pip install "comrec-tf[codecs]"')

    assert frame.run(["compress"], "", lambda values: None, work) == 1
    assert "comrec-tf[codecs]" in capsys.readouterr().err
