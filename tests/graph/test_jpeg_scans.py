"""Held to `limits.check_content`."""

import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.graph import jpeg_scans
from comrec_tf.images import limits


@pytest.fixture(scope="module")
def are_few():
    traced = tf.function(jpeg_scans.are_few, input_signature=[tf.TensorSpec([], tf.string)])
    return lambda content: bool(traced(content))


def with_scans(photo, number=0, **options) -> bytes:
    """A progressive JPEG whose last scan is repeated until it has so many."""
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(photo)
    picture.save(buffer, "JPEG", progressive=True, quality=50, **options)
    content = buffer.getvalue()
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + last * (number - content.count(b"\xff\xda")) + content[-2:]


def allowed(content) -> bool:
    try:
        limits.check_content(content)
    except ValueError:
        return False
    return True


def test_scans_are_counted(are_few, photo):
    for number in (0, 100, 101, 500):
        content = with_scans(photo, number)
        assert are_few(content) == allowed(content) == (number <= 100)


def test_what_stands_in_segments_and_behind_the_picture_is_no_scan(are_few, photo):
    scans = b"\xff\xda\0\2" * 200
    content = with_scans(photo, comment=scans, exif=b"Exif\0\0" + scans) + scans
    assert are_few(content)
    assert allowed(content)
    assert not are_few(content[: -len(scans) - 2] + scans)


def test_restarts_fill_bytes_and_second_starts_are_passed_over(are_few):
    stray = b"\xff\xd8\xff\xd8\xff\xd0\xff\0\xff\xff\xff\xfe\0\4\xff\xda"
    for number, few in ((100, True), (101, False)):
        content = stray + b"\xff\xff\xda\0\3\1" * number + b"\xff\xd9"
        assert are_few(content) == allowed(content) == few


@pytest.mark.parametrize("content", [b"", b"\xff", b"\xff\xd8", b"\xff\xd8\xff"])
def test_next_to_nothing_has_none(are_few, content):
    assert are_few(content)


def test_scans_behind_segments_without_end_are_not_looked_for(are_few):
    assert not are_few(b"\xff\xd8" + b"\xff\xe0\0\2" * 5_000 + b"\xff\xda" * 200)


def test_damage_of_all_kinds_is_counted_alike(are_few, photo):
    random = np.random.default_rng(0)
    whole = with_scans(photo[:16, :16], 101)
    told = []
    for cut in random.integers(0, len(whole), 200):
        content = bytearray(whole)
        for place in random.integers(2, 700, 3):
            content[place] = random.integers(0, 256)
        content = bytes(content if cut % 2 else content[:cut])
        told.append(are_few(content))
        assert told[-1] == allowed(content)
    assert 0 < sum(told) < len(told)
