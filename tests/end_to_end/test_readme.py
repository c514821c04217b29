"""What the README shows is run, not trusted."""

import pathlib
import re
import runpy
import shutil

import pytest

pytestmark = pytest.mark.smoke

README = pathlib.Path(__file__).parents[2] / "README.md"


def python_blocks() -> list[str]:
    return re.findall(r"```python\n(.*?)```", README.read_text(), flags=re.DOTALL)


@pytest.mark.parametrize("number", range(len(python_blocks())))
def test_a_python_block_runs_as_it_stands(number, tmp_path, monkeypatch, pictures_dir):
    monkeypatch.chdir(tmp_path)
    shutil.copytree(pictures_dir, tmp_path / "photos")
    shutil.copy(pictures_dir / "astronaut.png", tmp_path / "photo.png")
    (tmp_path / "block.py").write_text(python_blocks()[number])
    runpy.run_path(str(tmp_path / "block.py"))


def test_the_keras_users_script_has_fifteen_lines_at_most():
    (script,) = (block for block in python_blocks() if "model.fit" in block)
    assert len([line for line in script.splitlines() if line.strip()]) <= 15
    assert "load_model" in script
    assert "assert" in script
