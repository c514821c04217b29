"""The drawings of the documentation say what the numbers and the import rules say."""

import configparser
import json
import pathlib
import re
import subprocess
import sys
import xml.etree.ElementTree

import numpy as np
import PIL.Image
import pytest

ROOT = pathlib.Path(__file__).parents[2]
PICTURES = ROOT / "tools" / "site" / "pages" / "pictures"
SVG = "{http://www.w3.org/2000/svg}"

pytest.importorskip("matplotlib")


def draw(folder, *arguments):
    """Draw all figures, and give the numbers that they are of; both lie in the folder."""
    numbers = folder / "figures.json"
    numbers.write_bytes((ROOT / "tools" / "site" / "figures.json").read_bytes())
    command = [sys.executable, str(ROOT / "tools" / "figures.py"), *map(str, arguments)]
    command += [f"--numbers={numbers}", f"--output_dir={folder}"]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return numbers


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """All figures, drawn now."""
    folder = tmp_path_factory.mktemp("figures")
    numbers = draw(folder)
    assert numbers.read_bytes() == (ROOT / "tools" / "site" / "figures.json").read_bytes()
    return folder


def texts_of(path):
    """The texts of a drawing, which no version of matplotlib words otherwise."""
    tree = xml.etree.ElementTree.parse(path)
    return sorted(element.text for element in tree.iter(f"{SVG}text") if element.text)


def makers_of(path):
    """Which version of matplotlib drew it."""
    return re.findall(r"Matplotlib v[\d.]+", path.read_text())


def test_the_drawings_are_those_of_the_numbers(drawn):
    committed = {path.name for path in PICTURES.glob("*.svg")}
    assert {path.name for path in drawn.glob("*.svg")} == committed
    for name in committed:
        now, before = (folder / name for folder in (drawn, PICTURES))
        assert texts_of(now) == texts_of(before), "run tools/figures"
        if makers_of(now) == makers_of(before):
            assert now.read_text() == before.read_text(), "run tools/figures"


@pytest.mark.slow
def test_the_picture_side_by_side_is_what_codecs_and_weights_make_today(tmp_path):
    draw(tmp_path, "--crops")
    now, before = (
        np.asarray(PIL.Image.open(folder / "crops.png")).astype(float)
        for folder in (tmp_path, PICTURES)
    )
    assert before.shape == now.shape
    assert before.shape[1] <= 830, "GitHub would scale it down"
    assert np.abs(now - before).mean() < 1, "run tools/figures --crops"


def test_a_trainings_curves_begin_before_its_first_epoch(tmp_path):
    columns = "epoch,rec_loss,val_psnr,val_bits_per_pixel,val_gain"
    rows = ["0,,30.0,0.3,0.1", "1,5.0,30.5,0.3,0.6", "2,4.0,30.75,0.3,0.85"]
    (tmp_path / "history.csv").write_text("\n".join([columns, *rows]))
    epochs = json.loads(draw(tmp_path, "--training", tmp_path).read_text())["training"]["epochs"]
    assert [(each["epoch"], each.get("rec_loss"), each["val_gain"]) for each in epochs] == [
        (0, None, 0.1),
        (1, 5.0, 0.6),
        (2, 4.0, 0.85),
    ]
    labels = texts_of(tmp_path / "training.svg")
    assert [labels.count(number) for number in "012"] == [2, 2, 2]


def test_every_curve_rises_with_the_rate():
    systems = json.loads((ROOT / "tools/site/figures.json").read_text())["curves"]["systems"]
    assert {"jpeg", "mozjpeg", "jpegli", "webp", "avif", "jpegxl-lossy", "comrec"} <= set(systems)
    for points in systems.values():
        rates = [rate for rate, *_ in points]
        assert rates == sorted(rates)
        assert points[-1][1] > points[0][1]
        assert points[-1][2] > points[0][2]


def test_the_drawn_house_is_that_of_the_import_rules(drawn):
    assert (drawn / "house.svg").read_text() == (PICTURES / "house.svg").read_text(), (
        "the import rules have changed: run tools/figures"
    )
    settings = configparser.ConfigParser()
    settings.read(ROOT / "setup.cfg")
    road = {
        name.removeprefix("comrec_tf.")
        for name in settings["importlinter:contract:road"]["source_modules"].split()
    }
    layers = settings["importlinter:contract:rooms"]["layers"].strip().splitlines()
    floor_of = {name.strip(): i for i, layer in enumerate(layers) for name in layer.split("|")}
    left, right, heights = set(), set(), {}
    for group in xml.etree.ElementTree.parse(drawn / "house.svg").iter(f"{SVG}g"):
        box = group.find(f"{SVG}rect")
        name, *part = [text.text for text in group.iter(f"{SVG}text")]
        heights.setdefault(name, float(box.get("y")))
        side = left if float(box.get("x")) < 320 else right
        side |= {f"{name}.{module}" for module in part[0].split(", ")} if part else {name}
    assert left == road
    assert not left & right
    assert set(heights) == set(floor_of)
    by_height = sorted(heights, key=heights.__getitem__)
    assert [floor_of[name] for name in by_height] == sorted(floor_of.values())
