"""The example clients as their users run them: as programs, against a real server."""

import importlib.util
import io
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import threading

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
    ("client", "scheme", "port"), [("rest_client.py", "", 1), ("grpc_client.py", "", 0)]
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
    assert "2 of 2 files done" in done.stderr
    (folder / "c" / "broken.jpg").write_bytes(b"broken")
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "broken.jpg" in done.stderr
    assert "2 of 3 files done" in done.stderr
    assert PIL.Image.open(folder / "r" / "deep" / "camera.png").size == (128, 128)
    done = run(client, "decode", folder / "c", f"--output_dir={folder}/r", *common)
    assert done.returncode == 1
    assert "pass --overwrite" in done.stderr


def test_what_is_hidden_or_was_written_before_is_no_input(server, folder):
    (folder / "in" / ".thumbnails").mkdir()
    for hidden in ("._coffee.png", ".thumbnails/coffee.png"):
        (folder / "in" / hidden).write_bytes((folder / "in" / "coffee.png").read_bytes())
    flags = ["--quality=40", "--scale=2", "--overwrite", f"--output_dir={folder}/in/small"]
    for _ in range(2):
        done = run(
            "rest_client.py",
            "encode",
            folder / "in",
            *flags,
            "--model=tiny",
            f"--address=127.0.0.1:{server.ports[1]}",
        )
        assert done.returncode == 0, done.stderr
        assert "2 of 2 files done" in done.stderr


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


@pytest.mark.parametrize(
    ("client", "scheme", "port"), [("rest_client.py", "http://", 1), ("grpc_client.py", "", 0)]
)
def test_ordinary_jpegs_are_restored_and_those_that_need_nothing_copied(
    server, exported, tmp_path, photo, client, scheme, port
):
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    (tmp_path / "old" / "deep").mkdir(parents=True)
    for name, quality in (("poor.jpg", 30), ("deep/good.JPEG", 99)):
        path = tmp_path / "old" / name
        PIL.Image.fromarray(photo).save(path, "JPEG", quality=quality, exif=exif.tobytes())
    (tmp_path / "old" / "bad.jpg").write_bytes(b"no picture")
    (tmp_path / "old" / "notes.txt").write_text("no picture")
    common = ["--model=tiny", f"--address={scheme}127.0.0.1:{server.ports[port]}"]
    compressor = Compressor.from_preset(exported / "preset")
    content = (tmp_path / "old" / "poor.jpg").read_bytes()
    pictures = {}
    for strength in (1.0, 0.25):
        out = tmp_path / f"better-{strength}"
        aim = [f"--strength={strength}"] if strength < 1 else []
        done = run(client, "restore", tmp_path / "old", f"--output_dir={out}", *aim, *common)
        assert done.returncode == 1, done.stderr
        for line in ("bad.jpg: ", "2 of 3 files done", "notes.txt: left alone", "kept as it is"):
            assert line in done.stderr
        made = PIL.Image.open(out / "poor.png")
        pictures[strength] = np.asarray(made.convert("RGB")).astype(int)
        expected = compressor.restore_jpeg(content, strength=strength).picture
        assert pictures[strength].shape == expected.shape  # upright
        assert np.abs(pictures[strength] - expected).max() <= 1
        assert (made.getexif()[0x0112], made.getexif()[0x010E]) == (1, "a description")
        good = (tmp_path / "old" / "deep" / "good.JPEG").read_bytes()
        assert (out / "deep" / "good.JPEG").read_bytes() == good
        assert len(list(out.rglob("*.*"))) == 2
    assert (pictures[1.0] != pictures[0.25]).any()
    # The copy of what is kept has another name than what was planned for: it too is not replaced.
    path = tmp_path / "old" / "deep" / "good.JPEG"
    done = run(client, "restore", path, f"--output_dir={out}/deep", *common)
    assert done.returncode == 1
    assert "good.JPEG exists: pass --overwrite" in done.stderr


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


@pytest.fixture
def files(monkeypatch):
    """The clients' module `files`, which finds its neighbours as it does where they are run."""
    monkeypatch.syspath_prepend(CLIENTS)
    yield load("files")
    sys.modules.pop("metadata", None)


@pytest.mark.parametrize(
    ("verb", "source", "other"),
    [("encode", "p/a.jpg", ""), ("decode", "p/a.png", ""), ("restore", "q/a.jpg", "p/a.jpg")],
)
def test_an_output_that_would_replace_an_input_is_refused(
    tmp_path, monkeypatch, files, verb, source, other
):
    """Of restore it is the copy of a file that is left as it is: it keeps its ending."""
    monkeypatch.chdir(tmp_path)
    inputs = [source, "p"] if other else [source]
    for name in filter(None, (source, other)):
        pathlib.Path(name).parent.mkdir(parents=True, exist_ok=True)
        pathlib.Path(name).write_bytes(b"original")
    out = pathlib.Path(other or source).parent
    options = files.parser("", "").parse_args([verb, *inputs, f"--output_dir={out}", "--overwrite"])
    with pytest.raises(SystemExit, match=f"{source}: its output, .*a.*, is an input: choose"):
        files.run(options, lambda options, content: b"another")
    assert pathlib.Path(source).read_bytes() == b"original"


def test_a_jpeg_that_is_left_as_it_is_stays_where_it_is(tmp_path, capsys, files):
    """So pictures may be restored into their own folder."""
    (tmp_path / "a.jpg").write_bytes(b"original")
    options = files.parser("", "").parse_args(
        ["restore", str(tmp_path), f"--output_dir={tmp_path}"]
    )
    assert files.run(options, lambda options, content: content) == 0
    assert "a.jpg: kept as it is" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a.jpg"]


def test_what_cannot_be_put_into_its_place_leaves_nothing_behind(tmp_path, capsys, files):
    """A folder of the output's name is in the way, where the whole content is written already."""
    (tmp_path / "a\nb.jpg").write_bytes(jpeg_of())
    (tmp_path / "out" / "a\nb.png").mkdir(parents=True)
    options = files.parser("", "").parse_args(
        ["restore", str(tmp_path / "a\nb.jpg"), f"--output_dir={tmp_path / 'out'}", "--overwrite"]
    )
    assert files.run(options, lambda options, content: b"another") == 1
    assert os.listdir(tmp_path / "out") == ["a\nb.png"]
    said = capsys.readouterr().err
    assert r"a\nb.jpg: " in said
    assert len(said.splitlines()) == 2


@pytest.mark.parametrize("flag", ["--concurrency=0", "--attempts=0", "--attempts=x"])
def test_numbers_that_make_no_sense_are_a_wrong_command_line(flag, capsys, files):
    with pytest.raises(SystemExit) as ended:
        files.parser("", "").parse_args(["encode", "a.png", "--output_dir=out", flag])
    assert ended.value.code == 2
    assert f"argument {flag.partition('=')[0]}: " in capsys.readouterr().err


@pytest.mark.usefixtures("signals_end_processes")
def test_after_an_interruption_nothing_more_is_sent(tmp_path, monkeypatch, files):
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(b"%d" % number)
    told, sent = {"kept as it is": threading.Event(), "interrupted": threading.Event()}, []

    class Told(io.StringIO):
        def write(self, text):
            for words, event in told.items():
                if words in text:
                    event.set()
            return super().write(text)

    def call(options, content):
        sent.append(content)
        if len(sent) == 2:
            told["kept as it is"].wait(10)
            os.kill(os.getpid(), signal.SIGINT)
            told["interrupted"].wait(10)
        return content

    monkeypatch.setattr(sys, "stderr", Told())
    options = files.parser("", "").parse_args(
        ["restore", str(tmp_path), f"--output_dir={tmp_path / 'out'}", "--concurrency=1"]
    )
    try:
        code = files.run(options, call)
    except KeyboardInterrupt:
        code = None
    assert (sent, code) == ([b"0", b"1"], 130)
    # What was being sent is finished.
    assert sorted(os.listdir(tmp_path / "out")) == ["0.jpg", "1.jpg"]


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
