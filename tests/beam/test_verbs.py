import dataclasses
import io
import pickle

import numpy as np
import PIL.Image
import pytest

pytest.importorskip("apache_beam")
from comrec_tf.beam import verbs
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.request import Request
from comrec_tf.compression.restoration import Restoration


@pytest.fixture
def compress(exported):
    return verbs.Compress(Request(str(exported / "preset"), None, "quality", 40, 2, True))


@pytest.fixture
def restore(exported):
    return verbs.Restore(Restoration(str(exported / "preset")))


def never() -> bytes:
    raise AssertionError("the input is read again where its output is known to be ours")


def png(picture) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture).save(buffer, "PNG")
    return buffer.getvalue()


def test_what_one_makes_the_other_restores_also_after_a_way_between_processes(
    compress, restore, exported, photo
):
    make, num_loads = pickle.loads(pickle.dumps(compress)).load()
    made = make(png(photo), "a.png", "out/a.jpg")
    assert (made.output, made.row["quality"], num_loads()) == ("out/a.jpg", 40, 1)
    compress.check_output(made.content, "out/a.jpg", younger=True, original=never)
    make, num_loads = pickle.loads(pickle.dumps(restore)).load()
    assert num_loads() == 0
    for _ in range(2):
        restored = make(made.content, "a.jpg", "out/a.png")
    assert (restored.output, num_loads()) == ("out/a.png", 1)
    expected = Compressor.from_preset(exported / "preset").decode(made.content)
    np.testing.assert_array_equal(
        np.asarray(PIL.Image.open(io.BytesIO(restored.content))), expected
    )


def test_the_outcome_names_the_networks_that_are_the_same_for_all_files(compress, exported):
    ids = Compressor.from_preset(exported / "preset").preset_ids
    assert compress.outcome["ids"] == {str(scale): f"{one:08x}" for scale, one in ids.items()}


def test_what_is_not_known_to_be_ours_is_refused(compress, restore):
    with pytest.raises(FileExistsError, match="is not a compact file"):
        compress.check_output(b"a stranger's", "a.jpg", younger=True, original=lambda: b"a.jpg's")
    compress.check_output(b"a copy", "a.jpg", younger=True, original=lambda: b"a copy")
    for changed in ({"metadata": False}, {"allow_larger": True}):  # then there are no copies
        other = verbs.Compress(dataclasses.replace(compress.request, **changed))
        with pytest.raises(FileExistsError, match="is not a compact file"):
            other.check_output(b"a copy", "a.jpg", younger=True, original=lambda: b"a copy")
    restore.check_output(b"anything", "a.png", younger=True, original=never)
    with pytest.raises(FileExistsError, match="older than its input"):
        restore.check_output(b"anything", "a.png", younger=False, original=never)
    assert restore.outputs("in/a.JPG", "out/a.png") == ["out/a.png", "out/a.JPG"]
    assert restore.outputs("in/a.webp", "out/a.png") == ["out/a.png"]
    assert compress.outputs("in/a.png", "out/a.jpg") == ["out/a.jpg"]
    assert compress.outputs("in/a.jpeg", "out/a.jpg") == ["out/a.jpg"]
    assert compress.outputs("in/a.WEBP", "out/a.jpg") == ["out/a.jpg", "out/a.webp"]
    assert compress.outputs("in/a.jpeg", "out/a.webp") == ["out/a.webp", "out/a.jpg"]


def test_a_compact_file_and_one_that_no_way_makes_smaller_are_copied(compress, exported, photo):
    compact = Compressor.from_preset(exported / "preset").encode(photo, 30, scale=2).content
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "WEBP", quality=1)
    make, _ = compress.load()
    for content, output, note in (
        (compact, "out/a.jpg", "is a compact file already: copied as it is"),
        (buffer.getvalue(), "out/a.webp", "no way makes it smaller: kept as it is"),
    ):
        made = make(content, "in/a.png", "out/a.jpg")
        assert (made.content, made.output) == (content, output)
        assert (made.row["kept"], made.row["notes"]) == (True, [note])


def test_what_is_not_kept_of_a_picture_is_in_its_row(compress, photo):
    clear = np.concatenate([photo, np.zeros_like(photo[..., :1])], -1)
    make, _ = compress.load()
    assert make(png(clear), "a.png", "a.jpg").row["notes"] == ["transparency: laid over white"]
    buffer = io.BytesIO()
    second = [PIL.Image.fromarray(255 - photo)]
    PIL.Image.fromarray(photo).save(buffer, "WEBP", save_all=True, append_images=second)
    with pytest.raises(OSError, match="--first_frame takes the first"):
        make(buffer.getvalue(), "a.webp", "a.jpg")
