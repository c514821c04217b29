import io

import numpy as np
import PIL.ExifTags
import PIL.Image
import pytest

from comrec_tf.compact_file import container
from comrec_tf.compression import input_file
from comrec_tf.compression.request import Request, TargetMissedError
from comrec_tf.images.metadata import Metadata
from tests.makers import compressor_of, make_model

DESCRIPTION = PIL.ExifTags.Base.ImageDescription


def asked(aim="quality", value=90, scale=2, metadata=True, **more):
    return Request("", None, aim, value, scale, metadata, **more)


@pytest.fixture
def compressor():
    return compressor_of(make_model())


@pytest.fixture
def made(compressor):
    """What becomes of a file's bytes."""

    def call(content, request):
        read = input_file.read("-", request, content)
        return input_file.compress(read, request, compressor)

    return call


@pytest.fixture
def poor(photo):
    """A JPEG that no way makes smaller, with every kind of metadata but EXIF."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG", quality=5, comment=b"a comment")
    caption = b"\xff\xed\x00\x1bPhotoshop 3.0\x00a caption..."
    return buffer.getvalue()[:2] + caption + buffer.getvalue()[2:]


@pytest.fixture
def compact(compressor, photo):
    exif = PIL.Image.Exif()
    exif[DESCRIPTION] = "a place"
    return compressor.encode(photo, 30, metadata=Metadata(exif=exif.tobytes())).content


def test_a_file_is_the_same_by_its_path_and_by_its_bytes(tmp_path, poor, compact, photo):
    PIL.Image.fromarray(photo).save(tmp_path / "a.png")
    (tmp_path / "a.jpg").write_bytes(poor)
    (tmp_path / "compact.jpg").write_bytes(compact)
    for name, form, whole in (("a.png", "", b""), ("a.jpg", "jpeg", poor)):
        content = (tmp_path / name).read_bytes()
        for read in (
            input_file.read(str(tmp_path / name), asked()),
            input_file.read("elsewhere", asked(), content),
        ):
            assert (read.num_bytes, read.num_pixels) == (len(content), 128 * 160)
            assert (read.form, read.content) == (form, whole)
            np.testing.assert_array_equal(
                read.read.picture, np.asarray(PIL.Image.open(tmp_path / name))
            )
    read = input_file.read(str(tmp_path / "compact.jpg"), asked())
    assert (read.read, read.content, read.num_pixels) == (None, compact, 128 * 160)


def test_a_broken_file_is_named_however_it_was_read(tmp_path, poor):
    path = tmp_path / "broken.jpg"
    path.write_bytes(poor[:300])
    for content in (None, poor[:300]):
        with pytest.raises(OSError, match=f"^{path}: "):
            input_file.read(str(path), asked(), content)


def test_an_ordinary_file_that_no_way_makes_smaller_is_kept(made, poor):
    content, row = made(poor, asked())
    assert (content, row["kept"]) == (poor, True)
    assert row["notes"] == ["no way makes it smaller: kept as it is"]
    content, row = made(poor, asked(allow_larger=True))
    assert container.read(content).quality == 90
    assert row["kept"] is False
    assert "became larger: the original file is smaller, and exact" in row["notes"]


def test_no_ordinary_file_is_kept_where_metadata_is_unwanted(made, poor):
    content, row = made(poor, asked(metadata=False))
    assert row["kept"] is False
    assert "became larger: the original file is smaller, and exact" in row["notes"]
    for private in (b"a caption", b"a comment"):
        assert private in poor
        assert private not in content


def test_a_compact_file_is_copied_with_or_without_its_metadata(made, compressor, compact, photo):
    content, row = made(compact, asked())
    assert content == compact
    assert row["notes"] == ["is a compact file already: copied as it is"]
    content, row = made(compact, asked(metadata=False))
    assert content == compressor.encode(photo, 30).content
    assert row["bytes_after"] == len(content)
    assert row["notes"] == ["is a compact file already: copied without metadata"]


def test_a_compact_file_whose_picture_was_changed_is_not_said_to_be_bare(made, compact):
    broken = compact[:-20] + bytes(10) + compact[-10:]
    with pytest.raises(container.DamagedError):
        made(broken, asked(metadata=False))


def test_a_limit_of_bytes_holds_for_compact_files_too(made, compact):
    for aim, value in (("max_bytes", 300), ("bits_per_pixel", 0.1)):
        with pytest.raises(TargetMissedError, match="is not compressed again"):
            made(compact, asked(aim, value))
    content, row = made(compact, asked("max_bytes", 300, best_effort=True))
    assert (content, row["met"], row["exceeds_limit"]) == (compact, False, True)
    bare, _ = made(compact, asked(metadata=False))
    with pytest.raises(TargetMissedError, match="EXIF takes .* --nometadata"):
        made(compact, asked("max_bytes", len(bare) + 20))
    content, row = made(compact, asked("max_bytes", len(bare), metadata=False))
    assert (content, row["met"], row["exceeds_limit"]) == (bare, True, False)


def test_what_is_kept_ends_as_its_own_format_does(poor, compact, photo):
    webp = io.BytesIO()
    PIL.Image.fromarray(photo).save(webp, "WEBP")
    read = input_file.read("a.png", asked(), webp.getvalue())
    assert input_file.kept_name(read, "out/a.jpg") == "out/a.webp"
    for content in (poor, compact):
        read = input_file.read("a", asked(), content)
        assert input_file.kept_name(read, "out/a.JPG") == "out/a.JPG"
        assert input_file.kept_name(read, "out/a.webp") == "out/a.jpg"


def test_names_tell_where_an_output_may_be():
    for source in ("a.png", "a.jpg", "a.JPEG"):
        assert input_file.places(source, "out/a.jpg") == ["out/a.jpg"]
    for source, ending in (("a.WEBP", "webp"), ("a.avif", "avif")):
        assert input_file.places(source, "out/a.jpg") == ["out/a.jpg", f"out/a.{ending}"]
    for source in ("a.jpg", "a.jpeg"):
        assert input_file.places(source, "out/a.jxl") == ["out/a.jxl", "out/a.jpg"]


def test_animations_and_large_pictures_are_refused_unless_asked_for(made, photo):
    buffer = io.BytesIO()
    second = PIL.Image.fromarray(255 - photo)
    PIL.Image.fromarray(photo).save(buffer, "PNG", save_all=True, append_images=[second])
    with pytest.raises(OSError, match="Received: 2 frames"):
        made(buffer.getvalue(), asked(value=30))
    _, row = made(buffer.getvalue(), asked(value=30, first_frame=True))
    assert "the first of 2 pictures in it was taken" in row["notes"]
    with pytest.raises((OSError, ValueError), match="expected at most 1,000 pixels"):
        made(buffer.getvalue(), asked(max_pixels=1000))
