"""The site's worked example, block by block: from a folder to an answer of a server."""

import pathlib
import re
import runpy
import shlex
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import numpy as np
import PIL.Image
import pytest

PAGE = pathlib.Path(__file__).parents[2] / "tools" / "site" / "pages" / "train_your_own.md"
BLOCKS = re.findall(r"```(python|bash)\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)


def commands(number: int) -> list[list[str]]:
    """The commands of a block, as this Python runs them."""
    lines = re.sub(r"\\\n\s*", "", BLOCKS[number][1]).strip().splitlines()
    program = [sys.executable, "-m", "comrec_tf"]
    return [program + shlex.split(line, comments=True)[1:] for line in lines]


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def wait_until_ready(server: subprocess.Popen, port: int) -> None:
    deadline = time.monotonic() + 300
    while time.monotonic() < deadline and server.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{port}/readyz", timeout=30).close()
        except (urllib.error.URLError, ConnectionError):
            time.sleep(0.2)
        else:
            return
    pytest.fail(f"the server was not ready; exit code {server.poll()}")


@pytest.mark.slow
def test_the_worked_example_goes_from_a_folder_to_an_answer_of_a_server(tmp_path, monkeypatch):
    assert [kind for kind, _ in BLOCKS] == ["python", "bash", "bash", "bash", "python"]
    monkeypatch.chdir(tmp_path)

    def python(number, **changes):
        text = BLOCKS[number][1]
        for old, new in changes.items():
            text = text.replace(old, new)
        (tmp_path / "block.py").write_text(text)
        runpy.run_path(str(tmp_path / "block.py"))

    python(0)
    (train,) = commands(1)
    # Later flags win: the same run with fewer steps.
    subprocess.run([*train, "--epochs=1", "--steps_per_epoch=2"], check=True)
    for command in commands(2):
        subprocess.run(command, check=True)
    for index in range(4):
        restored, original = (
            np.asarray(PIL.Image.open(f"{folder}/{index}.png")).astype(float)
            for folder in ("restored", "other_screens")
        )
        assert restored.shape == original.shape
        assert np.abs(restored - original).mean() < 30
    export, serve = commands(3)
    subprocess.run(export, check=True)
    port = free_port()
    server = subprocess.Popen(
        [*serve, f"--rest_api_port={port}", "--port=0", "--noenable_model_warmup"]
    )
    try:
        wait_until_ready(server, port)
        python(4, **{"8501": str(port)})
    finally:
        server.terminate()
        assert server.wait(60) == 0
    assert PIL.Image.open("screen.jpg").format == "JPEG"
    program = [sys.executable, "-m", "comrec_tf", "restore"]
    subprocess.run([*program, "screen.jpg", "-o", "answer", "--preset=run/best"], check=True)
    assert PIL.Image.open("answer/screen.png").size == (256, 256)
