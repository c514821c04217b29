import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.codecs.pillow import PillowCodec


class Png(PillowCodec):
    """Loses nothing, so that what comes back is all the class's doing."""

    name, suffix, max_size, _FORMAT = "png", ".png", 2**31 - 1, "PNG"

    def _save_options(self, picture, quality):
        return {"compress_level": int(quality) // 12}

    def step(self, quality):
        return 1.0


def test_arrays_come_back_with_the_channels_that_they_had_or_those_asked_for(photo, grey_photo):
    for picture in (photo, grey_photo):
        content = Png().encode(picture, 50)
        assert PIL.Image.open(io.BytesIO(content)).format == "PNG"
        assert Png().shape(content) == picture.shape
        np.testing.assert_array_equal(Png().decode(content), picture)
    grey = Png().encode(grey_photo, 50)
    np.testing.assert_array_equal(Png().decode(grey, 3), grey_photo.repeat(3, -1))


def test_grey_that_was_coded_in_colour_is_one_of_its_channels(grey_photo):
    content = Png().encode(grey_photo.repeat(3, -1), 50)
    np.testing.assert_array_equal(Png().decode(content, 1), grey_photo)


def test_options_of_pillow_depend_on_the_quality(photo):
    assert len(Png().encode(photo, 100)) < len(Png().encode(photo, 1))


def test_files_of_another_format_are_refused(photo):
    content = WebpCodec().encode(photo, 50)
    for method in (Png().decode, Png().shape):
        with pytest.raises(ValueError, match="the bytes are not PNG"):
            method(content)


def test_a_damaged_file_is_said_to_be_one(photo):
    content = Png().encode(photo, 50)
    assert Png().shape(content[:60]) == photo.shape
    with pytest.raises(ValueError, match="^damaged PNG"):
        Png().decode(content[: len(content) // 2])


def test_what_the_format_cannot_hold_is_a_value_error():
    wide = np.zeros((1, WebpCodec.max_size + 1, 3), np.uint8)
    with pytest.raises(ValueError, match="Pillow cannot write WEBP"):
        WebpCodec().encode(wide, 50)
