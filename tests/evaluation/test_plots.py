import io
import xml.etree.ElementTree

import numpy as np
import PIL.Image
import pytest

from comrec_tf.evaluation import plots

pytest.importorskip("matplotlib")

LOW = [(0.1, 10.0), (0.5, 20.0), (1.0, 30.0)]
HIGH = [(0.1, 30.0), (0.5, 40.0), (1.0, 50.0)]


def texts(svg: bytes) -> list[str]:
    tree = xml.etree.ElementTree.fromstring(svg)
    return [element.text for element in tree.iter("{http://www.w3.org/2000/svg}text")]


def test_the_same_curves_are_the_same_file():
    drawn = [plots.rate_curves({"a": LOW, "b": HIGH}, "score", ["b"], "svg") for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert b"<dc:date>" not in drawn[0]


def test_names_stand_in_the_order_in_which_the_curves_lie():
    names = texts(plots.rate_curves({"low": LOW, "high": HIGH}, "score", kind="svg"))
    assert names.index("high") < names.index("low")
    assert "bits per pixel of the original" in names
    assert "score" in names


def test_what_a_comparison_is_about_keeps_its_colour_whatever_is_drawn_beside_it():
    def accents(**curves):
        with PIL.Image.open(io.BytesIO(plots.rate_curves(curves, "score", ["ours"]))) as drawn:
            pixels = np.asarray(drawn.convert("RGB")).reshape(-1, 3)
        return int((pixels == (0xD1, 0x49, 0x5B)).all(axis=1).sum())

    assert accents(ours=LOW) > 100
    assert accents(theirs=HIGH, ours=LOW) > 100
    assert accents(theirs=HIGH) == 0


def test_only_values_of_the_shown_rates_take_room():
    wild = {"a": [(0.01, -500.0), *LOW]}
    svg = plots.rate_curves(wild, "score", kind="svg", rates=(0.05, 1.2))
    shown = [
        float(text.replace("\N{MINUS SIGN}", "-")) for text in texts(svg) if text[-1:].isdigit()
    ]
    assert min(shown) > -50
    floored = plots.rate_curves({"a": LOW}, "score", kind="svg", floor=15.0)
    assert "10" not in texts(floored)


def test_nothing_to_draw_is_an_empty_plot():
    with PIL.Image.open(io.BytesIO(plots.rate_curves({}, "score"))) as drawn:
        assert drawn.width > 500
