import re

import pytest

from comrec_tf.evaluation import page


@pytest.fixture
def points(make_point):
    pytest.importorskip("matplotlib")
    return [make_point(name, "x", n, 0.1 * n, 20 + n) for name in "ab" for n in (1, 2, 3)]


def test_a_page_survives_names_that_are_code(photo, make_point):
    pytest.importorskip("matplotlib")
    name = "</script><b>&\"'$title"
    points = [make_point(name, name, n, 0.1 * n, 20 + n) for n in (1, 2, 3)]
    shown = [page.Shown(name, "original", name, photo)]
    made = page.page_bytes(name, points, name, [name], [(0.1, 0.3)], shown).decode()
    assert made.count("</script>") == 1
    assert "<b>" not in made


def test_a_page_opens_on_the_anchor_beside_the_judged_system(photo, points):
    shown = [page.Shown("x", name, name, photo) for name in ("original", "a", "other", "b")]
    made = page.page_bytes("a page", points, "a", ["b"], [(0.1, 0.3)], shown).decode()
    assert 'const opening = {"left": "a", "right": "b"};' in made


def test_a_page_has_a_table_for_each_range_of_rates_and_no_place_left_empty(points):
    ranges = [(0.1, 0.2), (0.2, 0.3)]
    made = page.page_bytes("a page", points, "a", ["b"], ranges, []).decode()
    assert "0.1-0.2 bits per pixel" in made
    assert "0.2-0.3 bits per pixel" in made
    assert "at most 2 % from those of a;" in made
    assert not re.search(r"\$[a-z]", made)
