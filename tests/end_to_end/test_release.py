"""What a release says about itself in several places is the same, and the wheel has all presets."""

import configparser
import pathlib
import re

import yaml

import comrec_tf
from comrec_tf import __main__ as program
from comrec_tf.presets import card

ROOT = pathlib.Path(__file__).parents[2]


def settings():
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg")
    return parser


def test_version_and_date_are_those_of_the_citation_and_of_the_changelog():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    headings = re.findall(r"^## \[([\d.]+)\] - (\S+)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    assert headings[0] == (comrec_tf.__version__, str(citation["date-released"]))
    assert citation["version"] == comrec_tf.__version__
    assert settings()["metadata"]["version"] == "attr: comrec_tf.__version__"
    assert settings()["metadata"]["license"] == citation["license"]


def test_the_paper_is_cited():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    (paper,) = citation["references"]
    assert "1708.00838" in paper["identifiers"][0]["value"]
    assert paper["title"] in " ".join((ROOT / "README.md").read_text().split())


def test_the_wheel_has_every_file_that_a_card_names():
    told = settings()["options.data_files"]
    shipped = {folder: set(names.split()) for folder, names in told.items()}
    needed = {}
    for path in (ROOT / "saved_models").glob(f"*/{card.FILE}"):
        read = card.read(path.parent)
        lites = [lite for pair in read.pairs for lite in (pair.com_lite, pair.rec_lite) if lite]
        names = {card.FILE, "weights.npz", *(lite.file for lite in lites)}
        place = path.parent.relative_to(ROOT).as_posix()
        needed[f"share/comrec_tf/{place}"] = {f"{place}/{name}" for name in names}
    assert shipped == needed


def test_the_console_script_is_the_programs_main():
    (line,) = settings()["options.entry_points"]["console_scripts"].split("\n")[1:]
    name, target = line.split(" = ")
    assert (name, target) == ("comrec", f"{program.__name__}:{program.main.__name__}")


def test_ci_builds_and_tries_the_wheel():
    assert "tools/release --check\n" in (ROOT / ".ci" / "run").read_text()
