"""The example clients as their users run them: as programs, against a real server."""

import pathlib
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest

from comrec_tf.compression.compressor import Compressor

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tests.server.test_server import Server, self_signed

pytestmark = pytest.mark.slow

CLIENTS = pathlib.Path(__file__).parents[2] / "serving" / "client"


@pytest.fixture(scope="module")
def server(exported):
    running = Server(exported / "tiny")
    yield running
    running.stop()


def run(client, *arguments):
    command = [sys.executable, str(CLIENTS / client), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120)


@pytest.fixture
def folder(tmp_path, pictures_dir):
    (tmp_path / "in" / "deep").mkdir(parents=True)
    for name, place in (("coffee", "in"), ("camera", "in/deep")):
        PIL.Image.open(pictures_dir / f"{name}.png").save(tmp_path / place / f"{name}.png")
    return tmp_path


@pytest.mark.parametrize(
    ("client", "scheme", "port"), [("rest_client.py", "http://", 1), ("grpc_client.py", "", 0)]
)
def test_a_folder_goes_there_and_back(server, exported, folder, client, scheme, port):
    common = ["--model=tiny", f"--address={scheme}127.0.0.1:{server.ports[port]}"]
    done = run(client, "encode", folder / "in", f"--output_dir={folder}/c", "--quality=40", *common)
    assert done.returncode == 0, done.stderr
    compressor = Compressor.from_preset(exported / "preset")
    for name in ("coffee", "deep/camera"):
        picture = np.asarray(PIL.Image.open(folder / "in" / f"{name}.png"))
        assert (folder / "c" / f"{name}.jpg").read_bytes() == compressor.encode(picture, 40)
    (folder / "c" / "broken.jpg").write_bytes(b"broken")
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "broken.jpg" in done.stderr
    assert "2 of 3 files done" in done.stderr
    assert PIL.Image.open(folder / "r" / "deep" / "camera.png").size == (128, 128)
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "pass --overwrite" in done.stderr


def test_clients_do_not_need_this_package(tmp_path):
    for client in ("rest_client.py", "grpc_client.py"):
        assert "comrec_tf" not in (CLIENTS / client).read_text().replace("comrec_tf.", "")
    assert "tensorflow" not in "".join(
        line for line in (CLIENTS / "rest_client.py").read_text().splitlines() if "import" in line
    )


def test_tls_is_checked_against_the_given_certificates(exported, tmp_path, folder):
    key, certificate = self_signed(tmp_path, pytest.importorskip("cryptography"))
    running = Server(exported / "tiny", f"--tls_key={key}", f"--tls_certificate={certificate}")
    try:
        for client, scheme, port in (("rest_client.py", "https://", 1), ("grpc_client.py", "", 0)):
            address = f"--address={scheme}localhost:{running.ports[port]}"
            output = tmp_path / client
            arguments = ["encode", folder / "in", f"--output_dir={output}", "--model=tiny", address]
            done = run(client, *arguments, f"--ca={certificate}")
            assert done.returncode == 0, done.stderr
        done = run(
            "rest_client.py",
            *arguments[:2],
            f"--output_dir={tmp_path}/no",
            "--attempts=1",
            "--model=tiny",
            f"--address=https://localhost:{running.ports[1]}",
        )
        assert done.returncode == 1
        assert "certificate verify failed" in done.stderr
    finally:
        running.stop()


def test_a_server_that_is_not_there_is_tried_again_and_then_named(tmp_path, folder):
    done = run(
        "rest_client.py",
        "encode",
        folder / "in",
        f"--output_dir={tmp_path}/o",
        "--attempts=2",
        "--address=http://127.0.0.1:9",
    )
    assert done.returncode == 1
    assert "http://127.0.0.1:9" in done.stderr
    assert not (tmp_path / "o").exists()
