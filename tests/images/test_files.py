import numpy as np
import PIL.Image
import pytest

from comrec_tf.images import files


def test_png_of_both_kinds_comes_back_exactly(tmp_path, photo, grey_photo):
    for picture in (photo, grey_photo):
        path = tmp_path / "picture.png"
        path.write_bytes(files.png_bytes(picture))
        np.testing.assert_array_equal(files.read(path), picture)


def test_exif_orientation_is_applied(tmp_path, photo):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # turn by 90 degrees clockwise to show
    path = tmp_path / "turned.png"
    PIL.Image.fromarray(photo).save(path, exif=exif)
    np.testing.assert_array_equal(files.read(path), np.rot90(photo, -1))


def test_transparency_lies_over_white():
    picture = PIL.Image.new("RGBA", (2, 1), (255, 0, 0, 0))
    picture.putpixel((1, 0), (255, 0, 0, 255))
    np.testing.assert_array_equal(files.from_pil(picture), [[[255, 255, 255], [255, 0, 0]]])


def test_sixteen_bit_grey_is_scaled(tmp_path):
    path = tmp_path / "deep.png"
    PIL.Image.fromarray(np.array([[0, 257 * 100, 65535]], np.uint16)).save(path)
    np.testing.assert_array_equal(files.read(path)[..., 0], [[0, 100, 255]])


@pytest.mark.parametrize("mode", ["P", "CMYK", "YCbCr", "HSV"])
def test_other_colour_models_become_rgb(mode):
    assert files.from_pil(PIL.Image.new(mode, (3, 2))).shape == (2, 3, 3)


@pytest.mark.parametrize("mode", ["1", "L", "LA"])
def test_grey_modes_stay_grey(mode):
    assert files.from_pil(PIL.Image.new(mode, (3, 2))).shape == (2, 3, 1)


@pytest.mark.parametrize("content", [b"", b"not a picture", b"\x89PNG\r\n\x1a\n broken"])
def test_files_that_are_no_picture_are_named_in_the_error(tmp_path, content):
    path = tmp_path / "odd.png"
    path.write_bytes(content)
    with pytest.raises(OSError, match="odd.png"):
        files.read(path)


def test_a_truncated_picture_is_an_error(tmp_path, photo):
    path = tmp_path / "half.png"
    path.write_bytes(files.png_bytes(photo)[:2000])
    with pytest.raises(OSError, match="half.png"):
        files.read(path)
