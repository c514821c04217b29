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
    compress.check_output(made.content, "out/a.jpg", younger=True)
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
        compress.check_output(b"a stranger's", "a.jpg", younger=True)
    restore.check_output(b"anything", "a.png", younger=True)
    with pytest.raises(FileExistsError, match="older than its input"):
        restore.check_output(b"anything", "a.png", younger=False)
    assert restore.outputs("in/a.JPG", "out/a.png") == ["out/a.png", "out/a.JPG"]
    assert restore.outputs("in/a.webp", "out/a.png") == ["out/a.png"]
    assert compress.outputs("in/a.png", "out/a.jpg") == ["out/a.jpg"]
