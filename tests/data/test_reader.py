import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.data.reader import PictureReader
from comrec_tf.images import files


def read(reader, path):
    """As a pipeline reads: in a graph."""
    return tf.function(reader.read)(tf.constant(path))


@pytest.fixture
def broken(tmp_path):
    path = tmp_path / "broken.jpg"
    path.write_bytes(b"\xff\xd8\xff\xe0 broken")
    return str(path)


def test_pictures_are_read_and_grey_becomes_rgb(pictures_dir):
    reader = PictureReader(2)
    for name in ("astronaut", "camera"):
        path = str(pictures_dir / f"{name}.png")
        expected = files.read(path)
        expected = np.broadcast_to(expected, (*expected.shape[:2], 3))
        np.testing.assert_array_equal(read(reader, path), expected)
    assert reader.broken == {}


def test_a_broken_file_gives_an_empty_picture_and_is_named_once(broken, caplog):
    reader = PictureReader(2)
    for _ in range(3):
        assert read(reader, broken).shape == (0, 0, 3)
    assert list(reader.broken) == [broken]
    assert caplog.text.count(f"skipping {broken}: damaged: ") == 1


def test_a_missing_file_is_a_broken_one(tmp_path):
    reader = PictureReader(2)
    assert read(reader, str(tmp_path / "gone.png")).shape == (0, 0, 3)
    assert "gone.png" in next(iter(reader.broken))


def test_strict_reading_fails_at_the_first_broken_file(broken):
    reader = PictureReader(2, strict=True)
    with pytest.raises(tf.errors.OpError):
        read(reader, broken)
    assert str(reader.error).startswith(f"{broken}: damaged: ")


def test_reading_fails_when_every_file_is_broken(broken):
    reader = PictureReader(1)
    with pytest.raises(tf.errors.OpError):
        read(reader, broken)
    assert f"none of 1 files can be read; the last was {broken}: " in str(reader.error)
