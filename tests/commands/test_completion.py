"""Completion, by the shells themselves where they are installed."""

import shutil
import subprocess

import pytest

from comrec_tf import __main__ as program
from comrec_tf.commands import completion, help_text


def script_of(shell, capsys):
    assert program.main(["comrec", "completion", shell]) == 0
    return capsys.readouterr().out


@pytest.fixture
def complete(tmp_path, capsys):
    """What bash offers for words of which the last one is being typed."""
    (tmp_path / "photos").mkdir()
    (tmp_path / "a.png").touch()
    script = tmp_path / "completion"
    script.write_text(script_of("bash", capsys))

    def ask(*words):
        quoted = " ".join(f"'{word}'" for word in words)
        lines = [
            f"source {script}",
            f"COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}",
            # Only a command line that is being typed has options to set.
            'compopt() { [[ $* != "+o default" ]] || echo "nothing else"; }',
            "_comrec",
            'printf "%s\\n" "${COMPREPLY[@]}"',
        ]
        command = ["bash", "--norc", "-eu", "-c", "\n".join(lines)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert done.stderr == ""
        return set(done.stdout.split())

    return ask


def test_bash_takes_the_script_for_comrec(tmp_path, capsys):
    (tmp_path / "completion").write_text(script_of("bash", capsys))
    command = ["bash", "--norc", "-c", f"source {tmp_path}/completion && complete -p comrec"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.stdout == "complete -o default -F _comrec comrec\n"


def test_the_first_word_is_a_command(complete):
    assert complete("comrec", "") == {*program.COMMANDS, "--help", "--version"}
    assert complete("comrec", "com") == {"compress", "completion"}


@pytest.mark.parametrize("name", program.COMMANDS)
def test_every_flag_of_a_command_is_offered(complete, name):
    options = help_text.options(program.command(name).make_flags())
    offered = {word.rstrip("=") for word in complete("comrec", name, "-")}
    for option in options:
        assert {f"--{option.name}", f"--no{option.name}"} & offered
        assert not option.short or f"-{option.short}" in offered
    assert complete("comrec", name, "--verb") == {"--verbose"}


def test_values_are_offered_behind_an_equals_sign_a_blank_and_a_short_form(complete):
    # Bash gives --metric=ps as three words.
    assert complete("comrec", "compress", "--metric", "=", "ps") == {"psnr"}
    assert complete("comrec", "compress", "--metric", "=") == {"ssimulacra2", "psnr"}
    assert complete("comrec", "compress", "--metric", "s") == {"ssimulacra2"}
    assert complete("comrec", "restore", "-f", "") == {"png", "jpeg", "webp"}
    assert complete("comrec", "completion", "f") == {"fish"}


def test_folders_and_presets_are_offered_where_they_are_wanted(complete):
    assert complete("comrec", "compress", "a.png", "-o", "") == {"photos"}
    assert complete("comrec", "compress", "--preset", "=", "comrec-w") == {"comrec-webp"}
    assert complete("comrec", "compress", "--preset", "=", "ph") == {"photos"}


def test_no_file_is_offered_for_a_number(complete):
    assert complete("comrec", "compress", "--quality", "=") == {"nothing", "else"}
    assert complete("comrec", "compress", "-q", "") == {"nothing", "else"}


def test_pictures_are_left_to_the_shells_completion_of_files(complete):
    assert complete("comrec", "compress", "") == set()


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_other_shells_find_no_fault_in_their_scripts(shell, tmp_path, capsys):
    text = script_of(shell, capsys)
    for word in (*program.COMMANDS, "max_bytes", "ssimulacra2"):
        assert word in text
    if not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")
    path = tmp_path / "script"
    path.write_text(text)
    done = subprocess.run([shell, "-n", str(path)], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.skipif(not shutil.which("fish"), reason="fish is not installed")
def test_fish_offers_the_same(tmp_path, capsys):
    (tmp_path / "script").write_text(script_of("fish", capsys))
    ask = f"source {tmp_path}/script; complete -C 'comrec compress --metric='"
    done = subprocess.run(["fish", "--no-config", "-c", ask], capture_output=True, text=True)
    assert {line.split()[0] for line in done.stdout.splitlines()} == {
        "--metric=ssimulacra2",
        "--metric=psnr",
    }


@pytest.mark.parametrize("words", [[], ["tcsh"], ["bash", "zsh"]])
def test_another_shell_is_code_2(words, capsys):
    assert program.main(["comrec", "completion", *words]) == 2
    assert f"expected one of {', '.join(completion.SHELLS)}. Received: " in capsys.readouterr().err
