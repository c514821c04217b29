"""The example clients as their users run them: as programs, against a real server."""

import importlib.util
import io
import pathlib
import re
import shutil
import subprocess
import sys

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tests.server.makers import self_signed
from tests.server.running import COLD, Server

pytestmark = pytest.mark.slow

CLIENTS = pathlib.Path(__file__).parents[2] / "serving" / "client"


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
    (folder / "in" / "notes.txt").write_text("no picture")
    aim = ["--quality=40", "--scale=2"]
    done = run(client, "encode", folder / "in", f"--output_dir={folder}/c", *aim, *common)
    assert done.returncode == 0, done.stderr
    compressor = Compressor.from_preset(exported / "preset")
    for name in ("coffee", "deep/camera"):
        picture = np.asarray(PIL.Image.open(folder / "in" / f"{name}.png"))
        assert (folder / "c" / f"{name}.jpg").read_bytes() == (
            compressor.encode(picture, 40, 2).content
        )
    assert "notes.txt: left alone" in done.stderr
    (folder / "c" / "broken.jpg").write_bytes(b"broken")
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "broken.jpg" in done.stderr
    assert "2 of 3 files done" in done.stderr
    assert PIL.Image.open(folder / "r" / "deep" / "camera.png").size == (128, 128)
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "pass --overwrite" in done.stderr


@pytest.mark.parametrize(
    ("client", "scheme", "port"), [("rest_client.py", "http://", 1), ("grpc_client.py", "", 0)]
)
def test_metadata_and_orientation_survive_and_limits_are_kept(
    server, tmp_path, photo, client, scheme, port
):
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    icc = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
    (tmp_path / "in").mkdir()
    for form in ("png", "jpeg"):
        picture = PIL.Image.fromarray(photo)
        picture.save(tmp_path / "in" / f"{form}.{form}", exif=exif.tobytes(), icc_profile=icc)
    common = ["--model=tiny", f"--address={scheme}127.0.0.1:{server.ports[port]}"]
    aim = ["--max_bytes=1500", f"--output_dir={tmp_path}/c"]
    done = run(client, "encode", tmp_path / "in", *aim, *common)
    assert done.returncode == 0, done.stderr
    done = run(client, "decode", tmp_path / "c", f"--output_dir={tmp_path}/r", *common)
    assert done.returncode == 0, done.stderr
    for form in ("png", "jpeg"):
        code = (tmp_path / "c" / f"{form}.jpg").read_bytes()
        assert len(code) - len(icc) - len(exif.tobytes()) < 1600
        container.verify(code, container.read(code))
        for path in (tmp_path / "c" / f"{form}.jpg", tmp_path / "r" / f"{form}.png"):
            made = PIL.Image.open(path)
            made.load()
            assert made.height > made.width
            assert made.getexif()[0x010E] == "a description"
            assert made.getexif()[0x0112] == 1
            assert made.info["icc_profile"] == icc


def test_what_cannot_be_carried_is_said_and_nonsense_is_not_carried():
    carry = load("metadata").carry
    plain = jpeg_of()
    cmyk = b"\0" * 16 + b"CMYK" + b"\0" * 200
    assert carry(jpeg_of(icc_profile=cmyk), plain) == (
        plain,
        "its colour profile, which is not for RGB, was not kept",
    )
    png = io.BytesIO()
    exif = PIL.Image.Exif()
    exif[0x010E] = "a long description" * 5000
    PIL.Image.new("L", (8, 8)).save(png, "PNG", exif=exif.tobytes())
    made, told = carry(png.getvalue(), plain)
    assert made == plain
    assert "too long" in told
    assert "damaged" in carry(jpeg_of(exif=b"Exif\0\0II"), plain)[1]
    for nonsense in (b"", b"II", b"\xff\xd8\xff", png.getvalue()[:60]):
        assert carry(nonsense, plain) == (plain, "")


def jpeg_of(**options) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("RGB", (8, 8)).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def load(name):
    """A client's module, which is no part of a package."""
    spec = importlib.util.spec_from_file_location(name, CLIENTS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_clients_do_not_need_this_package(tmp_path):
    for client in CLIENTS.glob("*.py"):
        assert "comrec_tf" not in client.read_text()
    for client in ("rest_client", "files", "metadata"):
        text = (CLIENTS / f"{client}.py").read_text()
        imports = [line for line in text.splitlines() if "import" in line]
        assert not any("tensorflow" in line or "grpc" in line for line in imports)


PAGE = (pathlib.Path(__file__).parents[2] / "serving" / "calls.md").read_text()
PROGRAMS = {
    "bash": ("bash", ["bash", "-euo", "pipefail"], ".sh"),
    "python": (sys.executable, [sys.executable], ".py"),
    "js": ("node", ["node"], ".mjs"),
    "go": ("go", ["go", "run"], ".go"),
}
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_the_page_of_calls_runs_as_it_stands(server, exported, tmp_path, photo, number):
    language, text = BLOCKS[number]
    program, command, suffix = PROGRAMS[language]
    needed = [program, *(["curl", "jq"] if language == "bash" else [])]
    if not all(map(shutil.which, needed)):
        pytest.skip(f"not installed: {needed}")
    if "ovmsclient" in text:
        pytest.importorskip("ovmsclient")
    picture = PIL.Image.fromarray(photo)
    (tmp_path / "photos").mkdir()
    for path in ("photo.png", "photos/one.png", "photos/two.png"):
        picture.save(tmp_path / path)
    picture.save(tmp_path / "old.jpg", quality=30)
    for old, new in (("8500", server.ports[0]), ("8501", server.ports[1])):
        text = text.replace(f"localhost:{old}", f"127.0.0.1:{new}")
    text = text.replace("models/comrec", "models/tiny").replace('"comrec")', '"tiny")')
    (tmp_path / f"block{suffix}").write_text(text)
    done = subprocess.run(
        [*command, f"block{suffix}"], cwd=tmp_path, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stderr
    compressor = Compressor.from_preset(exported / "preset")
    if "photos/" in text:
        for name in ("one", "two"):
            code = (tmp_path / "small" / f"{name}.jpg").read_bytes()
            assert compressor.decode(code).shape == photo.shape
        return
    if "old.jpg" in text:
        restored = np.asarray(PIL.Image.open(tmp_path / "better.png")).astype(int)
        expected = compressor.restore_jpeg((tmp_path / "old.jpg").read_bytes()).picture
        assert np.abs(restored - expected).max() <= 1
        return
    code = (tmp_path / "photo.jpg").read_bytes()
    assert code == compressor.encode(photo, 60).content
    if "restored.png" in text:
        restored = np.asarray(PIL.Image.open(tmp_path / "restored.png"))
        assert np.abs(restored.astype(int) - compressor.decode(code)).max() <= 1


def test_tls_is_checked_against_the_given_certificates(exported, tmp_path, folder):
    key, certificate = self_signed(tmp_path, pytest.importorskip("cryptography"))
    running = Server(
        exported / "tiny", f"--tls_key={key}", f"--tls_certificate={certificate}", COLD
    )
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


@pytest.mark.parametrize(
    ("client", "address"),
    [("rest_client.py", "http://127.0.0.1:9"), ("grpc_client.py", "127.0.0.1:9")],
)
def test_a_server_that_is_not_there_is_tried_again_and_then_named(
    tmp_path, folder, client, address
):
    options = [f"--output_dir={tmp_path}/o", "--attempts=2", f"--address={address}"]
    done = run(client, "encode", folder / "in", *options)
    assert done.returncode == 1
    assert address in done.stderr
    assert not (tmp_path / "o").exists()
