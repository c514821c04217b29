"""Files that mutation makes: each gives a picture or a clear error, never anything else.

``COMREC_FUZZ_FILES`` and ``COMREC_FUZZ_SEED`` in the environment make more files, and others.
"""

import contextlib
import io
import json
import os
import random
import resource
import shutil
import time

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf import compress, restore
from comrec_tf.codecs import catalog, jpeg_xl
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.request import Request
from comrec_tf.data import decoding
from comrec_tf.graph import compact_file
from comrec_tf.images import files
from comrec_tf.images.metadata import Metadata
from tests.makers import compressor_of, make_model
from tests.robustness import hostile

pytestmark = pytest.mark.slow

NUM_FILES = int(os.environ.get("COMREC_FUZZ_FILES", 100_000))
SEED = int(os.environ.get("COMREC_FUZZ_SEED", 0))
#: Of the processor, all threads together.
MAX_SECONDS = 2


@pytest.fixture(autouse=True)
def no_more_than_700_mebibytes():
    """No file, whatever it says about its size, takes more memory than that."""
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    yield
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    print(f"the peak of memory grew by {grown / 1024:.0f} MiB")
    assert grown < 700 * 1024


def mutations(seeds, count):
    """Bits flipped, bytes set, parts cut out, doubled, swapped with another file's, ends cut."""
    chance = random.Random(SEED)
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


@pytest.fixture
def timed():
    """Goes through files, and holds each to its time."""
    worst = (0.0, b"")

    def through(contents):
        nonlocal worst
        for content in contents:
            begun = time.process_time()
            yield content
            worst = max(worst, (time.process_time() - begun, content))

    yield through
    print(f"\nthe slowest of these files took {worst[0]:.3f} s")
    assert worst[0] < MAX_SECONDS, worst[1]


@pytest.fixture(scope="module")
def compressor():
    """With the default limits."""
    return compressor_of([make_model(scale=1), make_model(scale=2)])


@pytest.fixture(scope="module")
def seeds(compressor, photo):
    small = photo[:24, :40]
    made = [compressor.encode(small, quality, scale) for quality, scale in ((50, 1), (10, 2))]
    # What harms nothing, too: metadata are outside the checksum.
    made.append(compressor.encode(small, 50, 1, metadata=Metadata(exif=b"Exif\0\0" + bytes(64))))
    for name in ("webp", "avif", "jpeg2000", "jpeg-xl"):
        made.append(compressor.with_codec(catalog.make_codec(name)).encode(small, 50))
    return [file.content for file in made]


def test_a_hundred_thousand_headers_are_read_or_refused(seeds, timed):
    read = 0
    for content in timed(mutations(seeds, NUM_FILES)):
        try:
            header = container.read(content)
            read += 1
            assert 1 <= header.height < 2**24
            carriers.extract_metadata(content)
        except ValueError:
            continue
    assert 0.1 * NUM_FILES < read < 0.95 * NUM_FILES


def test_the_graph_agrees_with_python_on_every_mutated_jpeg(seeds):
    signature = [tf.TensorSpec([], tf.string)]
    in_graph = tf.function(compact_file.read, input_signature=signature)
    more = 0
    for content in mutations(seeds[:2], 10_000):
        expected = None
        if content.startswith(b"\xff\xd8"):
            with contextlib.suppress(ValueError):
                header = container.read(content)
                container.verify(content, header)
                expected = {**vars(header), "grey": int(header.grey)}
                del expected["checksum"]
        try:
            found = {name: value.numpy().item() for name, value in in_graph(content).items()}
        except tf.errors.InvalidArgumentError:
            found = None
        if expected is None and found is not None:
            more += 1
        else:
            assert found == expected
    # TensorFlow reads the size of a few damaged pictures that Pillow refuses.
    assert more < 50


def test_mutated_ordinary_jpegs_are_restored_or_refused(compressor, photo, timed):
    seeds = []
    for mode, options in (
        ("RGB", {"quality": 20}),
        ("RGB", {"quality": 75, "subsampling": "4:2:2", "progressive": True}),
        ("L", {"quality": 50}),
        ("CMYK", {"quality": 50}),
    ):
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo[:24, :40]).convert(mode).save(buffer, "JPEG", **options)
        seeds.append(buffer.getvalue())
    restored = 0
    for content in timed(mutations(seeds, NUM_FILES // 10)):
        try:
            done = compressor.restore_jpeg(content)
        except ValueError:
            continue
        restored += 1
        assert done.picture.dtype == np.uint8
        assert done.picture.ndim == 3
    assert restored > NUM_FILES // 100


def test_mutated_files_are_restored_or_refused(compressor, seeds, timed):
    restored = 0
    for content in timed(mutations(seeds, NUM_FILES)):
        try:
            picture = compressor.decode(content)
        except ValueError:
            continue
        restored += 1
        assert picture.dtype == np.uint8
    # Checksums refuse most of them before anything is decoded.
    assert restored > NUM_FILES // 25


def test_mutated_files_of_jpeg_xl_are_unpacked_or_refused(photo, timed):
    seeds = []
    for inside, picture, options in (
        ("jpeg", photo[:24, :40], {}),
        ("mozjpeg", photo[:40, :24], {"progressive": True}),
        ("jpeg-flat", photo[:24, :24, :1], {}),
    ):
        codec = catalog.make_codec("jpeg-xl", inside=inside, **options)
        seeds.append(codec.encode(picture, 50))
    unpacked = 0
    for content in timed(mutations(seeds, NUM_FILES)):
        try:
            assert jpeg_xl.unpack(content).startswith(b"\xff\xd8")
        except ValueError:
            continue
        unpacked += 1
    assert unpacked > NUM_FILES // 50


def test_mutated_pictures_are_decoded_or_refused(photo, timed):
    seeds = []
    exif = PIL.Image.Exif()
    exif[PIL.ExifTags.Base.ImageDescription] = "a description"
    exif[PIL.ExifTags.Base.Orientation] = 6
    exif[PIL.ExifTags.Base.XResolution] = 72.5
    for form in ("PNG", "JPEG", "GIF", "BMP", "WEBP", "TIFF", "AVIF", "JPEG2000"):
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo[:20, :30]).save(buffer, form, exif=exif)
        seeds.append(buffer.getvalue())
    seeds += hostile.files(photo[:20, :30]).values()
    max_pixels = Request.max_pixels
    for content in timed(mutations(seeds, NUM_FILES)):
        for read in (
            decoding.decode,
            lambda one: files.load(io.BytesIO(one), max_pixels=max_pixels),
        ):
            try:
                read(content)
            except OSError:
                continue


@pytest.mark.parametrize(
    "make",
    [
        lambda path: path.mkdir(),
        lambda path: path.symlink_to(path.parent / "nowhere"),
        lambda path: path.symlink_to(path),
        lambda path: path.symlink_to("/proc/self/mem"),  # not to be read, even by root
        lambda path: path.symlink_to("/dev/zero"),
        lambda path: os.mkfifo(path),
    ],
)
def test_what_is_no_picture_file_fails_alone_with_a_message(tmp_path, photo, make, capsys):
    make(tmp_path / "bad.png")
    PIL.Image.fromarray(photo).save(tmp_path / "good.png")
    for given in (tmp_path, tmp_path / "*.png"):
        output = tmp_path / "out"
        shutil.rmtree(output, ignore_errors=True)
        arguments = [str(given), f"--output_dir={output}", "--scale=2", "--preset=comrec-fast"]
        code = compress.main(["compress", *arguments])
        assert [path.name for path in output.iterdir()] == ["good.jpg"]
        if code:
            assert "bad.png" in capsys.readouterr().err
        else:  # a glob leaves out what is no file, and a folder what is one
            assert not (tmp_path / "bad.png").is_file()


def test_a_folder_of_hostile_pictures_costs_little_and_stops_nothing(tmp_path, photo, capsys):
    contents = hostile.files(photo)
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    PIL.Image.fromarray(photo).save(tmp_path / "good.png")
    arguments = [str(tmp_path), f"--output_dir={tmp_path}/out", "--scale=2", "--json"]
    assert compress.main(["compress", *arguments, "--preset=comrec-fast"]) == 1
    said = json.loads(capsys.readouterr().out)
    taken = {os.path.basename(row["source"]): row["notes"] for row in said["files"]}
    assert taken.pop("good.png") == []
    # A picture with damaged metadata is still read.
    assert set(taken) == {name for name in contents if name.startswith("metadata")}
    assert all("dropped" in note for notes in taken.values() for note in notes)
    assert len(said["failures"]) + len(taken) == len(contents)


def test_a_symlink_is_read_through_and_its_target_is_kept(tmp_path, photo, compressor):
    (tmp_path / "real").write_bytes(compressor.encode(photo, 50).content)
    (tmp_path / "link.jpg").symlink_to(tmp_path / "real")
    before = (tmp_path / "real").read_bytes()
    restore.main(["restore", f"{tmp_path}/link.jpg", f"--output_dir={tmp_path}"])
    assert (tmp_path / "real").read_bytes() == before
