import struct

import PIL
import PIL.Image
import pytest

from comrec_tf.images import damage


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (PIL.UnidentifiedImageError("at 0x7f"), "a.png: not a picture that Pillow reads"),
        (PIL.Image.DecompressionBombError("9 pixels"), "a.png: far more pixels than Pillow"),
        (MemoryError(), "a.png: too little memory"),
        (OSError("image file is truncated"), "a.png: image file is truncated"),
        (struct.error("unpack"), "a.png: unpack"),
        (RuntimeError(), "a.png: RuntimeError"),
    ],
)
@pytest.mark.parametrize("kind", [ValueError, OSError])
def test_whatever_pillow_raises_becomes_an_error_of_the_kind_asked_for(error, message, kind):
    with pytest.raises(kind, match=message) as caught, damage.pillow_errors("a.png", kind):
        raise error
    assert type(caught.value) is kind
    assert caught.value.__cause__ is error


def test_a_file_that_cannot_be_opened_says_so_itself(tmp_path):
    with pytest.raises(FileNotFoundError), damage.pillow_errors("damaged"):
        PIL.Image.open(tmp_path / "nowhere.png")


def test_what_ends_a_program_goes_through():
    with pytest.raises(KeyboardInterrupt), damage.pillow_errors("damaged"):
        raise KeyboardInterrupt


def test_where_nothing_is_wrong_nothing_happens():
    with damage.pillow_errors("damaged"):
        picture = PIL.Image.new("L", (2, 3))
    assert picture.size == (2, 3)
