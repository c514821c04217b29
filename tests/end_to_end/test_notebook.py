"""The notebook for Keras users runs, and its output names no machine."""

import json
import pathlib
import re

import pytest

NOTEBOOK = pathlib.Path(__file__).parents[2] / "tools" / "site" / "fine_tune.ipynb"


def outputs(cells):
    return [output for cell in cells for output in cell.get("outputs", [])]


def said(cells):
    return "".join(
        "".join(output["text"]) for output in outputs(cells) if output["output_type"] == "stream"
    )


def test_what_the_notebook_shows_names_no_machine_and_no_warning():
    cells = json.loads(NOTEBOOK.read_text())["cells"]
    assert not re.search(r"/(work|tmp|root|home|usr)\b|site-packages|[Ww]arning", said(cells))
    assert all(output.get("name", "stdout") == "stdout" for output in outputs(cells))
    assert all(output["output_type"] != "error" for output in outputs(cells))
    gained = float(re.search(r"gained ([+-][\d.]+) dB", said(cells))[1])
    assert gained > 0.3
    assert len(NOTEBOOK.read_bytes()) < 400_000


@pytest.mark.slow
def test_the_notebook_runs_with_few_steps_from_start_to_end(tmp_path):
    nbclient = pytest.importorskip("nbclient")
    nbformat = pytest.importorskip("nbformat")
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    (parameters,) = (c for c in notebook.cells if "parameters" in c.metadata.get("tags", []))
    parameters.source = re.sub(r"STEPS = \d+", "STEPS = 2", parameters.source)
    resources = {"metadata": {"path": str(tmp_path)}}
    nbclient.NotebookClient(notebook, timeout=600, resources=resources).execute()
    text = said(notebook.cells)
    before, after = map(float, re.findall(r"^(?:before|after) +([\d.]+) dB", text, re.MULTILINE))
    assert 15 < before < 40
    assert abs(after - before) < 1
    assert len(set(re.findall(r"dB in ([\d,]+) bytes", text))) == 1
    assert "TensorFlow was imported: False" in text
