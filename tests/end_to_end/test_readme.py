"""What the documentation shows is run, not trusted."""

import pathlib
import re
import runpy
import shutil

import pytest

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


def test_the_documentation_names_only_flags_that_exist():
    from absl import flags

    from comrec_tf import beam_compress, compress, evaluate, export, restore, serve, train
    from comrec_tf.commands import frame

    known = {"help"}
    for verb in (beam_compress, compress, evaluate, export, restore, serve, train):
        values = flags.FlagValues()
        verb._define(values)
        known |= {values[name].name for name in values}
    known |= {f"no{name}" for name in known}
    tools = {"slow", "newest"}
    others = {"file", "profile", "data", "wrap", "help"}
    # Flags of Beam and its runners.
    others |= {"direct_num_workers", "direct_running_mode", "runner", "project", "region"}
    others |= {"sdk_container_image"}
    for path in (README, GUIDE, SERVING, BEAM):
        named = set(re.findall(r"--([a-z_]+)", path.read_text()))
        assert named <= known | tools | others, named - known
    assert frame.DEFAULT_PRESET in README.read_text()
