import io

import numpy as np
import PIL.Image
import PIL.ImageCms
import pytest

from comrec_tf.images import files, metadata

SRGB = PIL.ImageCms.ImageCmsProfile(PIL.ImageCms.createProfile("sRGB")).tobytes()
DESCRIPTION, ORIENTATION = 0x010E, 0x0112


def opened(picture, form, **options):
    buffer = io.BytesIO()
    picture.save(buffer, form, **options)
    return PIL.Image.open(buffer)


@pytest.fixture
def exif():
    tags = PIL.Image.Exif()
    tags[DESCRIPTION] = "a photo"
    tags[ORIENTATION] = 6
    return tags


def test_exif_is_kept_but_for_the_orientation_that_was_applied(photo, exif):
    source = opened(PIL.Image.fromarray(photo), "JPEG", exif=exif)
    found = metadata.of_pil(source)
    again = PIL.Image.Exif()
    again.load(found.exif)
    assert dict(again) == {DESCRIPTION: "a photo"}
    assert files.from_pil(source).shape == (160, 128, 3)


def test_profiles_are_kept_where_they_fit_the_pixels(photo, grey_photo):
    colour, grey = PIL.Image.fromarray(photo), PIL.Image.fromarray(grey_photo[..., 0])
    assert metadata.of_pil(opened(colour, "PNG", icc_profile=SRGB)).icc_profile == SRGB
    assert metadata.of_pil(opened(grey, "PNG", icc_profile=SRGB)).icc_profile == b""
    cmyk = opened(colour.convert("CMYK"), "JPEG", icc_profile=SRGB)
    assert metadata.of_pil(cmyk).icc_profile == b""


def test_a_picture_without_any_has_none(photo):
    assert metadata.of_pil(PIL.Image.fromarray(photo)) == metadata.Metadata()


def test_damaged_exif_does_not_keep_anybody_from_the_picture(photo):
    source = opened(PIL.Image.fromarray(photo), "JPEG", exif=b"Exif\0\0II*\0\xff\xff\xff\xff")
    metadata.of_pil(source)
    np.testing.assert_array_equal(files.from_pil(source).shape, photo.shape)


def test_png_gets_both_back(photo, exif):
    del exif[ORIENTATION]
    content = files.png_bytes(photo, metadata.Metadata(exif.tobytes(), SRGB))
    picture, found = files.read_with_metadata(io.BytesIO(content))
    np.testing.assert_array_equal(picture, photo)
    assert found.icc_profile == SRGB
    assert b"a photo" in found.exif
