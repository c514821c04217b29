"""What the documentation shows is run, not trusted."""

import pathlib
import re
import runpy
import shutil

import PIL.Image
import pytest

from comrec_tf import __main__ as program
from comrec_tf import vocabulary

ROOT = pathlib.Path(__file__).parents[2]
README = ROOT / "README.md"
SERVING = ROOT / "serving" / "README.md"
GUIDE = ROOT / "comrec_tf" / "training" / "README.md"
BEAM = ROOT / "comrec_tf" / "beam" / "README.md"
PAGES = ROOT / "tools" / "site" / "pages"
#: Whatever gives commands to readers; the page of commands is made of the commands themselves.
GUIDES = (README, GUIDE, SERVING, BEAM, *sorted({*PAGES.glob("*.md")} - {PAGES / "commands.md"}))


def python_blocks(path: pathlib.Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", path.read_text(), flags=re.DOTALL)


def run(block: str, folder: pathlib.Path, pictures_dir: pathlib.Path) -> None:
    shutil.copytree(pictures_dir, folder / "photos")
    shutil.copy(pictures_dir / "astronaut.png", folder / "photo.png")
    PIL.Image.open(folder / "photo.png").save(folder / "old.jpg", quality=20)
    (folder / "block.py").write_text(block)
    runpy.run_path(str(folder / "block.py"))


@pytest.mark.smoke
@pytest.mark.parametrize("number", range(len(python_blocks(README))))
def test_a_block_of_the_readme_runs_as_it_stands(number, tmp_path, monkeypatch, pictures_dir):
    monkeypatch.chdir(tmp_path)
    run(python_blocks(README)[number], tmp_path, pictures_dir)


@pytest.mark.parametrize(
    ("page", "number"),
    [
        (page, number)
        for page in ("index.md", "compress.md", "ordinary_jpegs.md")
        for number in range(len(python_blocks(PAGES / page)))
    ],
)
def test_a_block_of_the_sites_pages_runs_as_it_stands(
    page, number, tmp_path, monkeypatch, pictures_dir
):
    monkeypatch.chdir(tmp_path)
    run(python_blocks(PAGES / page)[number], tmp_path, pictures_dir)


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


def test_the_readme_is_short_and_its_examples_are():
    text = README.read_text()
    assert len(text.split()) < 1000
    assert len([line for line in python_blocks(README)[0].splitlines() if line.strip()]) <= 8
    (page,) = re.findall(r"```html\n(.*?)```", text, flags=re.DOTALL)
    assert len(page.splitlines()) <= 4
    three = re.search(r"## Three commands\n\n```bash\n(.*?)```", text, flags=re.DOTALL)
    assert [line.split()[:2] for line in three[1].splitlines()] == [
        ["comrec", "compress"],
        ["comrec", "restore"],
        ["comrec", "restore"],
    ]
    for line in three[1].splitlines():
        assert re.search(r"\d s\b", line), "each says how long it takes"


def test_links_to_files_of_the_repository_lead_somewhere():
    documents = [*ROOT.glob("*.md"), GUIDE, SERVING, BEAM, *(ROOT / "serving").rglob("*.md")]
    for path in documents:
        if "node_modules" in path.parts:
            continue
        for target in re.findall(r"\]\(([^)#\s]+)[^)]*\)", path.read_text()):
            assert re.match(r"https?://", target) or (path.parent / target).exists(), (path, target)


#: Flags of Beam and its runners.
OF_BEAM = {"direct_num_workers", "direct_running_mode", "runner", "project", "region"}
OF_BEAM |= {"flink_master", "sdk_container_image"}


def flags_of(verb: str) -> set[str]:
    values = program.command(verb).make_flags()
    names = set(values)
    return names | {f"no{name}" for name in names if values[name].boolean}


def commands(text: str) -> list[tuple[str, set[str]]]:
    """The commands of a text, each with its flags; lines that end in a backslash go on."""
    lines = re.sub(r"\\\n\s*", " ", text).splitlines()
    pattern = r"(?:python -m comrec_tf\.|^\s*comrec )(\w[\w-]*)([^#`]*)"
    found = (re.search(pattern, line) for line in lines)
    return [
        (each[1].replace("_", "-"), set(re.findall(r"(?<!\S)-{1,2}([a-z][a-z_0-9]*)", each[2])))
        for each in found
        if each
    ]


def test_the_documentation_gives_each_command_only_flags_that_it_has():
    shown = [each for path in GUIDES for each in commands(path.read_text())]
    assert {"compress", "restore", "train", "evaluate", "export", "serve"} <= {v for v, _ in shown}
    for verb, named in shown:
        known = flags_of(verb) | (OF_BEAM if verb.startswith("beam-") else set())
        assert named <= known, (verb, named - known)


@pytest.mark.parametrize("verb", program.COMMANDS)
def test_a_command_gives_itself_only_flags_that_it_has(verb):
    text = program.command(verb).description
    known = flags_of(verb) | OF_BEAM
    assert set(re.findall(r"--([a-z][a-z_0-9]*)", text)) <= known
    for other, named in commands(text):
        assert named <= flags_of(other) | OF_BEAM


def test_the_documentation_names_only_flags_that_exist():
    known = OF_BEAM | {"file", "profile", "data", "wrap"}
    # Of TensorFlow Serving itself.
    known |= {"tensorflow_intra_op_parallelism", "tensorflow_session_parallelism"}
    programs = [*(ROOT / "tools").glob("*"), *(ROOT / "serving" / "client").glob("*.py")]
    for path in filter(pathlib.Path.is_file, programs):
        known |= set(re.findall(r"--([a-z][a-z_0-9]*)", path.read_text()))
    known |= {name for verb in program.COMMANDS for name in flags_of(verb)}
    for path in GUIDES:
        named = set(re.findall(r"--([a-z][a-z_0-9]*)", path.read_text()))
        assert named <= known, named - known
    assert vocabulary.DEFAULT_PRESET in README.read_text()
