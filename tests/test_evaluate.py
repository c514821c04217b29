import csv

import pytest

from comrec_tf import evaluate, presets


@pytest.fixture
def preset(tmp_path, model):
    presets.save_preset(model, tmp_path / "tiny")
    return tmp_path / "tiny"


def run(*arguments):
    return evaluate.main(["evaluate", *map(str, arguments)])


def test_rows_and_means_are_printed_and_saved(tmp_path, preset, pictures_dir, capsys):
    pictures = [pictures_dir / "astronaut.png", pictures_dir / "camera.png"]
    arguments = [*pictures, f"--preset={preset}", f"--csv={tmp_path}/rows.csv"]
    assert run(*arguments, "--jpeg_qualities=20,40") == 0
    rows = list(csv.DictReader((tmp_path / "rows.csv").open()))
    assert [row["picture"] for row in rows] == 2 * ["astronaut.png", "camera.png", "mean"]
    assert [float(row["jpeg_quality"]) for row in rows] == 3 * [20.0] + 3 * [40.0]
    for row in rows:
        assert float(row["num_bytes"]) <= float(row["jpeg_bytes"])
    assert capsys.readouterr().out.count("mean") == 2


def test_standard_tables_cost_more_on_both_sides(tmp_path, preset, pictures_dir):
    sizes = []
    for flag in ("--standard_tables", "--nostandard_tables"):
        path = tmp_path / f"rows{flag}.csv"
        arguments = [f"--preset={preset}", f"--csv={path}", "--jpeg_qualities=20", flag]
        assert run(pictures_dir / "astronaut.png", *arguments) == 0
        sizes.append(float(next(csv.DictReader(path.open()))["jpeg_bytes"]))
    assert sizes[0] > 1.05 * sizes[1]


def test_a_quality_that_is_no_number_is_refused(preset, pictures_dir, capsys):
    assert run(pictures_dir, f"--preset={preset}", "--jpeg_qualities=low") == 1
    assert "Received: 'low'" in capsys.readouterr().err
