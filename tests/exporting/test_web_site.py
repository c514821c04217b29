"""Files for web pages; what pages do with them is tested in Chromium, by npm."""

import fcntl
import gzip
import hashlib
import json
import os
import pathlib
import shutil
import subprocess
import sys

import PIL.Image
import pytest

from comrec_tf import export
from comrec_tf.compression import jpeg_restoration
from comrec_tf.compression.compressor import Compressor
from comrec_tf.exporting import web_examples, web_site
from comrec_tf.presets import weights
from tests.exporting import web_cases
from tests.makers import make_model

WEB = pathlib.Path(__file__).parents[2] / "serving" / "web"
CHROMIUM = [os.environ.get("COMREC_CHROMIUM", ""), "/usr/bin/chromium", "/usr/bin/chromium-browser"]


def npm(*arguments: str, **environment: str) -> None:
    done = subprocess.run(
        ["npm", *arguments],
        cwd=WEB,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"


@pytest.fixture(scope="module")
def built():
    """The web module, built from its lock file; one of several test processes at a time."""
    if shutil.which("npm") is None:
        pytest.skip("npm is not on the PATH (Debian: apt-get install nodejs npm)")
    with (WEB / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        npm("ci", "--no-audit", "--no-fund")
        yield WEB


@pytest.fixture
def browser():
    if not any(pathlib.Path(path).is_file() for path in CHROMIUM if path):
        pytest.skip("Chromium is not installed (Debian: apt-get install chromium)")


@pytest.mark.slow
def test_the_web_module_passes_its_own_tests(built, browser):
    npm("test")


@pytest.mark.slow
def test_an_exported_site_restores_what_python_restores(built, browser, tmp_path):
    site = tmp_path / "site"
    arguments = ["export", "--format=web", "--preset=comrec,comrec-fast", f"--output_dir={site}"]
    assert export.main(arguments) == 0
    web_cases.write_cases(Compressor.from_preset("comrec"), site / "cases", thorough=True)
    npm("run", "test:browser", COMREC_SITE=str(site))
    _within_budget(site)


@pytest.mark.slow
def test_the_documentation_restores_pictures_and_shows_all_pages(built, browser, tmp_path):
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet"]
    command += ["--config-file", str(WEB.parents[1] / "tools/site/mkdocs.yml")]
    subprocess.run([*command, "--site-dir", str(tmp_path)], check=True, capture_output=True)
    demo = f"--output_dir={tmp_path}/demo"
    assert export.main(["export", "--format=web", "--preset=comrec-fast", demo]) == 0
    npm("run", "test:docs", COMREC_DOCS=str(tmp_path))


def _within_budget(site: pathlib.Path) -> None:
    own = sum(len(gzip.compress((site / name).read_bytes())) for name in web_site.MODULE)
    assert own <= 25_000
    assert all(path.stat().st_size <= 600_000 for path in (site / "models").iterdir())


def test_a_manifest_names_what_is_there(tmp_path):
    models = [make_model(scale=2), make_model(scale=1, tables=True)]
    models.append(make_model(scale=1, conditioned=False))
    manifest = web_site.write_models(models, tmp_path, side=32)
    assert json.loads((tmp_path / "models.json").read_text()) == json.loads(json.dumps(manifest))
    ids = [f"{weights.preset_id(model):08x}" for model in models]
    assert list(manifest["pairs"]) == ids
    assert manifest["ordinary"]["pair"] == ids[1]
    assert jpeg_restoration.rule(told_tables=True).items() <= manifest["ordinary"].items()
    assert [pair["conditions"] for pair in manifest["pairs"].values()] == [1, 5, 0]
    for pair in manifest["pairs"].values():
        content = (tmp_path / pair["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == pair["sha256"]


def test_a_site_without_a_pair_of_full_size_leaves_ordinary_jpegs(tmp_path):
    manifest = web_site.write_models([make_model(scale=2)], tmp_path, side=32)
    assert manifest["ordinary"] is None


def test_a_preset_around_another_codec_is_refused(tmp_path):
    with pytest.raises(ValueError, match="presets around JPEG.*Received: one around webp"):
        web_site.write_site(["comrec-webp"], tmp_path, WEB)


def test_a_module_that_is_not_built_is_said_in_a_line(tmp_path):
    (tmp_path / "package.json").write_text("{}")
    with pytest.raises(FileNotFoundError, match=r"run `npm ci` in .*Missing: .*comrec\.js"):
        web_site.find_source(tmp_path)


def test_examples_are_left_out_where_their_pictures_or_the_codec_are_missing(
    tmp_path, monkeypatch, caplog
):
    monkeypatch.setitem(sys.modules, "skimage.data", None)
    web_examples.write_examples("comrec-fast", tmp_path)
    assert json.loads((tmp_path / "examples.json").read_text()) == []
    assert "the demo page has no examples" in caplog.text


@pytest.mark.slow
def test_examples_compare_a_compact_file_with_a_plain_one_that_is_no_smaller(tmp_path):
    web_examples.write_examples("comrec-fast", tmp_path)
    examples = json.loads((tmp_path / "examples.json").read_text())
    assert len(examples) >= 2
    for example in examples:
        sizes = {name: (tmp_path / example[name]).stat().st_size for name in ("compact", "plain")}
        assert sizes["compact"] <= sizes["plain"] <= 1.3 * sizes["compact"]
        with PIL.Image.open(tmp_path / example["original"]) as original:
            assert original.mode == "RGB"
