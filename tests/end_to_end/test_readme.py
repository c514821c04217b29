"""What the documentation shows is run, not trusted."""

import pathlib
import re
import runpy
import shutil

import pytest
from absl import flags

from comrec_tf import beam_compress, compress, evaluate, export, restore, serve, train

ROOT = pathlib.Path(__file__).parents[2]
README = ROOT / "README.md"
SERVING = ROOT / "serving" / "README.md"
GUIDE = ROOT / "comrec_tf" / "training" / "README.md"
BEAM = ROOT / "comrec_tf" / "beam" / "README.md"


def python_blocks(path: pathlib.Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL)


def run(block: str, folder: pathlib.Path, pictures_dir: pathlib.Path) -> None:
    shutil.copytree(pictures_dir, folder / "photos")
    shutil.copy(pictures_dir / "astronaut.png", folder / "photo.png")
    (folder / "block.py").write_text(block)
    runpy.run_path(str(folder / "block.py"))


@pytest.mark.smoke
@pytest.mark.parametrize("number", range(len(python_blocks(README))))
def test_a_block_of_the_readme_runs_as_it_stands(number, tmp_path, monkeypatch, pictures_dir):
    monkeypatch.chdir(tmp_path)
    run(python_blocks(README)[number], tmp_path, pictures_dir)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(len(python_blocks(GUIDE))))
def test_a_block_of_the_training_guide_runs_as_it_stands(
    number, tmp_path, monkeypatch, pictures_dir
):
    monkeypatch.chdir(tmp_path)
    run(python_blocks(GUIDE)[number], tmp_path, pictures_dir)


def test_the_keras_users_script_has_fifteen_lines_at_most():
    (script,) = (block for block in python_blocks(README) if "model.fit" in block)
    assert len([line for line in script.splitlines() if line.strip()]) <= 15
    assert "load_model" in script
    assert "assert" in script


#: Flags of Beam and its runners, which beam_compress hands on.
BEAM_FLAGS = {"direct_num_workers", "direct_running_mode", "runner", "project", "region"}
BEAM_FLAGS |= {"sdk_container_image"}
VERBS = (beam_compress, compress, evaluate, export, restore, serve, train)
FLAG = r"(?<![\w-])--([a-z_]+)"
PROGRAM = r"(?:-m comrec_tf\.|tools/|serving/client/)([a-z_]+)(?:\.py)?\b"


def flags_by_program() -> dict[str, set[str]]:
    """The flags of every command, and of every tool and client as their sources have them."""
    known: dict[str, set[str]] = {}
    for verb in VERBS:
        values = flags.FlagValues()
        verb._define(values)
        defined = [values[name] for name in values]
        known[verb.__name__.rpartition(".")[2]] = {
            "help",
            *(flag.name for flag in defined),
            *(f"no{flag.name}" for flag in defined if flag.boolean),
        }
    known["beam_compress"] |= BEAM_FLAGS
    sources = [path for path in (ROOT / "tools").iterdir() if path.is_file()]
    sources += (ROOT / "serving" / "client").glob("*.py")
    for path in sources:
        program = re.sub(r"_[a-z]+$", "", path.stem) if path.parent.name == "tools" else path.stem
        known.setdefault(program, set()).update(re.findall(FLAG, path.read_text()))
    return known


def sections(text: str) -> list[tuple[list[str], str]]:
    """The commands of each section of a page, and its text without blocks of code."""
    found = []
    fence = re.compile(r"```(\w*)\n(.*?)```", flags=re.DOTALL)
    outside = fence.sub(lambda block: f"<<{block.start()}>>", text)
    blocks = {f"<<{block.start()}>>": block for block in fence.finditer(text)}
    for section in re.split(r"^#+ ", outside, flags=re.MULTILINE):
        shown = [blocks[mark] for mark in re.findall(r"<<\d+>>", section)]
        lines = "\n".join(block[2] for block in shown if block[1] != "python")
        prose = re.sub(r"<<\d+>>", "", section)
        commands = lines.replace("\\\n", " ").splitlines() + re.findall(r"`([^`]+)`", prose)
        found.append(([command for command in commands if re.search(PROGRAM, command)], prose))
    return found


@pytest.mark.parametrize("path", [README, GUIDE, SERVING, BEAM], ids=lambda path: path.parent.name)
def test_every_flag_belongs_to_the_command_that_it_is_shown_with(path):
    known = flags_by_program()
    verbs = {verb.__name__.rpartition(".")[2] for verb in VERBS}
    before: set[str] = set()
    for commands, prose in sections(path.read_text()):
        # In prose a flag is of a command that the page has spoken of by then, or of a tool that its
        # section speaks of.
        spoken_of = {name for name in known if re.search(rf"(?:\.|/|`){name}\b", prose)}
        for command in commands:
            for part in re.split(r"\s[|&#]", command):
                program = re.search(PROGRAM, part)
                if program:
                    unknown = set(re.findall(FLAG, part)) - known[program[1]]
                    assert not unknown, f"{program[1]} has no {unknown}: {part}"
                    spoken_of.add(program[1])
        before |= spoken_of & verbs
        allowed = set().union(*(known[name] for name in spoken_of | before))
        unknown = set(re.findall(FLAG, prose)) - allowed
        assert not unknown, f"none of {sorted(spoken_of | before)} has {unknown}"


def test_a_flag_of_another_command_is_noticed():
    ((commands, _),) = sections("Take `python -m comrec_tf.restore --max_bytes=20 small`.")
    assert commands == ["python -m comrec_tf.restore --max_bytes=20 small"]
    known = flags_by_program()
    assert "max_bytes" in known["compress"]
    assert "max_bytes" not in known["restore"]
    assert {"overwrite", "nojson", "help"} <= known["restore"]
    assert {"against", "rounds"} <= known["benchmark"]
