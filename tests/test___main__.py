import subprocess
import sys
import time

import pytest

import comrec_tf
from comrec_tf import __main__ as program
from comrec_tf.commands import help_text


def run(*words):
    return program.main(["/usr/bin/comrec", *words])


def test_the_help_names_every_command_on_its_own_line(capsys):
    assert run("--help") == 0
    told = capsys.readouterr().out
    for name in program.COMMANDS:
        assert f"  {name} " in told
    assert "Usage: comrec COMMAND" in told
    assert run() == 2
    assert capsys.readouterr().out == told


def test_the_version_is_that_of_the_package(capsys):
    assert run("--version") == 0
    assert capsys.readouterr().out == f"comrec_tf {comrec_tf.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("compres", "compress"), ("beam_compres", "beam-compress"), ("rain", "train")],
)
def test_a_wrong_command_is_code_2_with_the_nearest_name(typed, meant, capsys):
    assert run(typed) == 2
    error = capsys.readouterr().err
    assert f"Received: {typed}; did you mean {meant}?\n" in error
    assert "Try: comrec --help" in error


def test_a_command_gets_its_words_and_is_called_as_it_was_typed(capsys):
    assert run("compress", "--quality=900") == 2
    error = capsys.readouterr().err
    assert error.startswith("comrec compress: --quality=900: expected a whole number from 1 to 100")
    assert run("beam_compress", "--help") == 0
    assert "Usage: comrec beam-compress [FLAGS]" in capsys.readouterr().out


def test_a_wrong_number_of_threads_is_a_wrong_command_line_of_all_that_compute_networks(
    monkeypatch, capsys
):
    monkeypatch.setenv("COMREC_THREADS", "abc")
    found = [name for name in program.COMMANDS if "engine" in program.command(name).make_flags()]
    computing = {"compress", "restore", "evaluate", "serve", "beam-compress", "beam-restore"}
    assert set(found) == computing
    for name in found:
        needed = {"serve": "--model_base_path=nowhere"}.get(name, "--output_dir=nowhere")
        assert run(name, needed) == 2, name
        first, second = capsys.readouterr().err.splitlines()
        assert first.endswith("in the environment variable COMREC_THREADS. Received: abc")
        assert second == f"Try: comrec {name} --help"
    assert run("restore", "--help") == 0


def all_options():
    for name in program.COMMANDS:
        for option in help_text.options(program.command(name).make_flags()):
            yield name, option


def test_every_flag_of_every_command_stands_in_a_group_and_tells_its_default():
    for name in program.COMMANDS:
        values = program.command(name).make_flags()
        shown = {option.name for option in help_text.options(values)}
        assert shown == {values[flag].name for flag in values}, name
    for name, option in all_options():
        assert option.default, (name, option.name)
        assert option.meaning.endswith("."), (name, option.name)


def test_a_short_form_stands_for_one_flag_in_all_commands_and_is_there_where_the_flag_is():
    shorts = {}
    for _, option in all_options():
        shorts.setdefault(option.name, set()).add(option.short)
    assert shorts["output_dir"] == {"o"}
    assert shorts["quality"] == {"q"}
    assert shorts["format"] == {"f"}
    assert shorts["dry_run"] == {"n"}
    assert shorts["verbose"] == {"v"}
    assert shorts["help"] == {"h"}
    used = [short for each in shorts.values() for short in each if short]
    assert sorted(used) == sorted(set(used))
    assert len(used) == 6


def test_a_flag_of_one_name_is_of_one_group_and_one_kind_in_all_commands():
    found = {}
    for _, option in all_options():
        found.setdefault(option.name, set()).add((option.group, not option.placeholder))
    assert {name: kinds for name, kinds in found.items() if len(kinds) > 1} == {}


@pytest.mark.parametrize("name", program.COMMANDS)
def test_help_is_drawn_without_tensorflow_and_at_once(name):
    script = (
        "import sys\n"
        "from comrec_tf import __main__ as program\n"
        f"assert program.main(['comrec', {name!r}, '--help']) == 0\n"
        "assert not {'tensorflow', 'keras', 'rich', 'PIL', 'ai_edge_litert'} & set(sys.modules)\n"
    )
    begun = time.monotonic()
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "[default: no]" in done.stdout
    assert "Examples:\n" in done.stdout
    assert time.monotonic() - begun < 10  # TensorFlow alone takes seconds on an idle machine


def test_the_package_is_a_program_too():
    command = [sys.executable, "-m", "comrec_tf", "compress", "--help"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "Usage: python -m comrec_tf compress [FLAGS] PICTURE..." in done.stdout
