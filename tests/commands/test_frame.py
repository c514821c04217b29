import subprocess
import sys

import pytest
from absl import flags

from comrec_tf.commands import frame

VERBS = ["train", "compress", "restore", "evaluate"]


def define(values):
    flags.DEFINE_integer("number", 3, "A number.", flag_values=values)
    flags.DEFINE_string("needed", None, "Needed.", flag_values=values)
    flags.mark_flag_as_required("needed", flag_values=values)


def run(*arguments, work=lambda values, positional: 0):
    return frame.run(["program/verb.py", *arguments], "What it does.", define, work)


def test_flags_and_positional_arguments_reach_the_work():
    def work(values, positional):
        return values.number + len(positional)

    assert run("a", "--number=5", "b", "--needed=x", work=work) == 7


def test_help_is_shown_without_the_required_flags(capsys):
    assert run("--help") == 0
    out = capsys.readouterr().out
    assert out.startswith("What it does.")
    assert "--number: A number. (default: '3')" in out
    assert "--needed: Needed.\n" in out
    assert "--[no]help" in out


@pytest.mark.parametrize(
    "arguments", [["--needed=x", "--unknown=1"], [], ["--needed=x", "--number=y"]]
)
def test_a_wrong_command_line_ends_with_code_2_and_a_hint(arguments, capsys):
    assert run(*arguments) == 2
    assert "Try: python -m comrec_tf.verb --help" in capsys.readouterr().err


@pytest.mark.parametrize("error", [ValueError("too odd"), FileNotFoundError("too odd")])
def test_errors_of_the_work_become_messages_and_code_1(error, capsys):
    def work(values, positional):
        raise error

    assert run("--needed=x", work=work) == 1
    assert capsys.readouterr().err == "python -m comrec_tf.verb: too odd\n"


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
    assert "--preset" in done.stdout


def test_a_missing_extra_is_a_message(capsys):
    def work(values, positional):
        raise ModuleNotFoundError('the codec mozjpeg needs pyvips: pip install "comrec-tf[codecs]"')

    assert frame.run(["compress"], "", lambda values: None, work) == 1
    assert "comrec-tf[codecs]" in capsys.readouterr().err
