"""Tests mirror modules, so that the tests of a module are easy to find."""

import ast
import pathlib

ROOT = pathlib.Path(__file__).parents[1]
MODULES = sorted(
    path.relative_to(ROOT / "comrec_tf")
    for path in (ROOT / "comrec_tf").rglob("*.py")
    if path.name != "__init__.py"
)
#: Modules without a test of their name, with the reason.
EXCEPTIONS = {
    "compression/result.py": "fields alone; test_compressor looks at all of them",
    "compression/scene.py": "what a search keeps of a picture; test_rate_control goes through it",
    "compression/ssimulacra2_weights.py": "numbers that test_ssimulacra2 holds",
}


def test_every_module_has_tests_of_its_name():
    untested = {
        path.as_posix()
        for path in MODULES
        if not (ROOT / "tests" / path.parent / f"test_{path.name}").exists()
    }
    assert untested <= set(EXCEPTIONS), untested - set(EXCEPTIONS)


def test_exceptions_are_of_modules_that_there_are():
    assert set(EXCEPTIONS) <= {path.as_posix() for path in MODULES}


def test_the_house_has_no_more_rooms_than_a_reader_keeps_in_mind():
    inside = (ROOT / "comrec_tf").iterdir()
    rooms = {
        path.stem for path in inside if path.suffix == ".py" or (path / "__init__.py").exists()
    }
    assert len(rooms - {"__init__"}) <= 25


def test_no_module_is_longer_than_one_can_read_at_a_sitting():
    lengths = {
        path.as_posix(): len((ROOT / "comrec_tf" / path).read_text().splitlines())
        for path in MODULES
    }
    assert {path: length for path, length in lengths.items() if length > 350} == {}


def test_tests_import_neither_tests_nor_fixtures():
    for path in (ROOT / "tests").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.ImportFrom):
                continue
            last = (node.module or "").split(".")[-1]
            assert last != "conftest", f"{path} imports from conftest: share by a module"
            assert not last.startswith("test_"), f"{path} imports from {node.module}"
