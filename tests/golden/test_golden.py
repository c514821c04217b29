"""Files made once by the released preset: they stay readable, whatever changes.

Made from scikit-image's astronaut, [40:168, 150:310], at quality 30. The preset of a released
version is never replaced; while there is no release, these are made again with it.
"""

import dataclasses
import pathlib

import numpy as np
import PIL.Image
import pytest

from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor

pytestmark = pytest.mark.smoke

FOLDER = pathlib.Path(__file__).parent
SCALES = {"scale1": 1, "scale2": 2, "grey": 2, "plain": 1}


@pytest.fixture(scope="module")
def compressor():
    return Compressor.from_preset("comrec")


@pytest.mark.parametrize("name", SCALES)
def test_a_golden_file_says_what_it_always_said(name):
    header = container.read((FOLDER / f"{name}.jpg").read_bytes())
    assert (header.height, header.width, header.quality) == (128, 160, 30)
    # Plain JPEG's first step of luma, (16 * 167 + 50) // 100; the mean step of jpeg-trellis.
    assert header.step == (27 if name == "plain" else 1564 / 64)
    assert header.scale == SCALES[name]
    assert header.grey == (name == "grey")
    assert (header.preset_id == container.PLAIN) == (name == "plain")


def test_a_file_of_the_first_version_is_still_read(compressor):
    content = (FOLDER / "version1.jpg").read_bytes()
    header = container.read(content)
    assert (header.height, header.width, header.quality, header.checksum) == (128, 160, 30, None)
    expected = np.asarray(PIL.Image.open(FOLDER / "version1.jpg"))
    np.testing.assert_array_equal(compressor.decode(content), expected)


@pytest.mark.parametrize("name", SCALES)
def test_a_golden_file_is_restored_as_it_always_was(name, compressor):
    restored = compressor.decode((FOLDER / f"{name}.jpg").read_bytes())
    expected = np.asarray(PIL.Image.open(FOLDER / f"{name}.png")).reshape(restored.shape)
    assert np.abs(restored.astype(int) - expected).max() <= 1


@pytest.mark.parametrize("name", ["scale1", "scale2", "grey"])
def test_the_same_picture_gives_the_same_file_but_for_rounding(name, compressor, photo):
    """Another CPU may round a pixel of the compact picture the other way; little else changes."""
    picture = photo[..., 1] if name == "grey" else photo
    golden = (FOLDER / f"{name}.jpg").read_bytes()
    content = compressor.encode(picture, 30, SCALES[name]).content
    headers = [container.read(each) for each in (content, golden)]
    one, two = (dataclasses.replace(header, checksum=None) for header in headers)
    assert one == two
    assert len(content) == pytest.approx(len(golden), rel=0.01)
    difference = compressor.decode(content).astype(int) - compressor.decode(golden)
    assert np.abs(difference).mean() < 0.5
