"""Files that mutation makes: each gives a picture or a clear error, never anything else."""

import io
import pathlib
import random
import resource

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf import restore
from comrec_tf.codecs import catalog
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.data import decoding
from comrec_tf.graph import compact_file
from comrec_tf.images import files
from tests.conftest import make_model

pytestmark = pytest.mark.slow

NUM_FILES = 100_000


@pytest.fixture(autouse=True)
def no_more_than_a_gibibyte():
    """No file, whatever it says of its size, takes more memory than that."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 2**20  # KiB


def mutations(seeds, count):
    """Bits flipped, bytes set, parts cut out, doubled, swapped with another file's, ends cut."""
    chance = random.Random(0)
    for _ in range(count):
        content = bytearray(chance.choice(seeds))
        for _ in range(chance.choice([1, 1, 2, 5])):
            if not content:
                break
            place = chance.randrange(len(content))
            # Headers matter most.
            place = place if chance.random() < 0.5 else min(place, chance.randrange(64))
            match chance.randrange(6):
                case 0:
                    content[place] ^= 1 << chance.randrange(8)
                case 1:
                    content[place] = chance.choice([0, 1, 0x7F, 0x80, 0xFF])
                case 2:
                    del content[place : place + chance.randrange(1, 40)]
                case 3:
                    content[place:place] = content[place : place + chance.randrange(1, 40)]
                case 4:
                    other = chance.choice(seeds)
                    content[place : place + 16] = other[place : place + 16]
                case 5:
                    del content[place:]
        yield bytes(content)


@pytest.fixture(scope="module")
def compressor():
    return Compressor([make_model(scale=1), make_model(scale=2)], max_pixels=100_000)


@pytest.fixture(scope="module")
def seeds(compressor, photo):
    small = photo[:24, :40]
    made = [compressor.encode(small, quality, scale) for quality, scale in ((50, 1), (10, 2))]
    for name in ("webp", "avif", "jpeg2000"):
        other = Compressor(make_model(), codec=catalog.make_codec(name))
        made.append(other.encode(small, 50))
    return made


def test_a_hundred_thousand_headers_are_read_or_refused(seeds):
    read = 0
    for content in mutations(seeds, NUM_FILES):
        try:
            header = container.read(content)
            read += 1
            assert 1 <= header.height < 2**24
            carriers.extract_metadata(content)
        except ValueError:
            continue
    assert 10_000 < read < 95_000


def test_the_graph_agrees_with_python_on_every_mutated_jpeg(seeds):
    signature = [tf.TensorSpec([], tf.string)]
    in_graph = tf.function(compact_file.read, input_signature=signature)
    for content in mutations(seeds[:2], 10_000):
        try:
            expected = container.read(content) if content.startswith(b"\xff\xd8") else None
        except ValueError:
            expected = None
        try:
            found = {name: value.numpy().item() for name, value in in_graph(content).items()}
        except tf.errors.InvalidArgumentError:
            found = None
        if expected is None:
            assert found is None
        else:
            assert found == {**vars(expected), "grey": int(expected.grey)}


def test_mutated_files_are_restored_or_refused(compressor, seeds):
    restored = 0
    for content in mutations(seeds, NUM_FILES):
        try:
            picture = compressor.decode(content)
        except ValueError:
            continue
        restored += 1
        assert picture.dtype == np.uint8
        assert picture.size <= 3 * 100_000
    assert restored > NUM_FILES // 20


def test_mutated_pictures_are_decoded_or_refused(photo):
    seeds = []
    for form in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF"):
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo[:20, :30]).save(buffer, form)
        seeds.append(buffer.getvalue())
    for content in mutations(seeds, NUM_FILES):
        for read in (decoding.decode, lambda one: files.read_with_metadata(io.BytesIO(one))):
            try:
                read(content)
            except OSError:
                continue


BOMB = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff\x08\x02\0\0\0"


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(BOMB),
        lambda path: path.write_bytes(b"\xff\xd8\xff"),
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path.parent / "nowhere"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/proc/self/mem"),  # not to be read, even by root
    ],
)
def test_files_that_are_no_pictures_fail_alone_with_a_message(tmp_path, photo, make, capsys):
    from comrec_tf import compress

    make(tmp_path / "bad.png")
    PIL.Image.fromarray(photo).save(tmp_path / "good.png")
    given = [str(tmp_path / "*.png"), f"--output_dir={tmp_path}/out", "--scale=2"]
    code = compress.main(["compress", *given])
    assert pathlib.Path(tmp_path / "out" / "good.jpg").exists()
    assert not (tmp_path / "out" / "bad.jpg").exists()
    if code:
        assert "bad.png" in capsys.readouterr().err
    else:  # a glob leaves out what is no file
        assert not (tmp_path / "bad.png").is_file()


def test_a_symlink_is_read_through_and_its_target_is_kept(tmp_path, photo, compressor):
    (tmp_path / "real").write_bytes(compressor.encode(photo, 50))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real")
    before = (tmp_path / "real").read_bytes()
    restore.main(["restore", f"{tmp_path}/link.jpg", f"--output_dir={tmp_path}"])
    assert (tmp_path / "real").read_bytes() == before
