"""Single JPEGs, outside of signatures; held to `Compressor.restore_jpeg`."""

import io
import struct

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pytest
import skimage.data
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.exporting.restoring import Restoring
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.images import files
from comrec_tf.models.picture_coder import PictureCoder
from tests.makers import compressor_of, make_model

ASTRONAUT = skimage.data.astronaut()[:151, 130:290]


@pytest.fixture(scope="module")
def both():
    """A compressor, and the restoring of its pair."""
    model = make_model(scale=1, resolution="full", tables=True)
    restoring = Restoring(PictureCoder(model), GraphJpeg(JpegCodec()), 40_000)
    return compressor_of(model, JpegCodec()), restoring


def jpeg(picture, quality, **options) -> bytes:
    buffer = io.BytesIO()
    pixels = picture if isinstance(picture, PIL.Image.Image) else files.to_pil(picture)
    pixels.save(buffer, "JPEG", quality=quality, **options)
    return buffer.getvalue()


def with_scans(content, number) -> bytes:
    """The same with its last scan so many times."""
    last = content[content.rindex(b"\xff\xda") : -2]
    return content[:-2] + number * last + content[-2:]


def declaring(content, height, width) -> bytes:
    """The same with another size in its header."""
    place = content.index(b"\xff\xc0") + 5
    return content[:place] + struct.pack(">2H", height, width) + content[place + 4 :]


def shown(content) -> np.ndarray:
    return files.from_pil(PIL.Image.open(io.BytesIO(content)))


def check(both, content, strength=1.0, within=1):
    """Restore by both, pixels within so many grey levels; returns what the compressor did."""
    compressor, restoring = both
    expected = compressor.restore_jpeg(content, strength=strength)
    done = restoring.restore(tf.constant(content), tf.constant(strength))
    assert bool(done.restored) == expected.restored
    assert int(done.quality) == expected.quality
    if not expected.restored:
        assert done.content.numpy() == content
        return expected
    picture = np.asarray(PIL.Image.open(io.BytesIO(done.content.numpy())))
    picture = picture if picture.ndim == 3 else picture[..., None]
    assert picture.shape == expected.picture.shape
    assert np.abs(picture.astype(int) - expected.picture).max() <= within
    return expected


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize(("quality", "progressive"), [(10, False), (45, True), (75, False)])
def test_pictures_are_those_of_the_compressor(both, quality, subsampling, progressive):
    content = jpeg(ASTRONAUT, quality, subsampling=subsampling, progressive=progressive)
    done = check(both, content)
    assert done.restored
    # The network of the test does something, or nothing would be shown.
    assert np.abs(done.picture.astype(int) - shown(content)).max() > 3


@pytest.mark.parametrize("quality", [15, 80])
def test_so_are_grey_ones_and_cmyk(both, grey_photo, quality):
    assert check(both, jpeg(grey_photo, quality)).restored
    # TensorFlow turns CMYK into RGB by other roundings than Pillow.
    cmyk = jpeg(PIL.Image.fromarray(ASTRONAUT).convert("CMYK"), quality)
    assert check(both, cmyk, within=2).restored


def test_the_same_files_are_left_as_they_are(both):
    dithered = PIL.Image.fromarray(ASTRONAUT).convert("1").convert("L")
    for content in (
        jpeg(ASTRONAUT, 100),
        jpeg(ASTRONAUT, 97, subsampling="4:4:4"),
        jpeg(dithered, 60),
    ):
        assert not check(both, content).restored
    assert not check(both, jpeg(ASTRONAUT, 30), strength=0.0).restored


def test_an_earlier_compression_and_drawings_are_found(both):
    twice = jpeg(shown(jpeg(ASTRONAUT, 20)), 85)
    assert check(both, twice).quality == 20
    page = PIL.Image.new("RGB", (200, 160), "white")
    draw = PIL.ImageDraw.Draw(page)
    for line in range(10):
        draw.text((4, 2 + 16 * line), f"{line}: the quick brown fox jumps", fill="navy")
    assert check(both, jpeg(page, 50)).reason == "drawn"


def test_tables_of_other_programs_are_mapped_alike(both):
    flat = [16 + row // 8 + row % 8 for row in range(64)]
    content = jpeg(ASTRONAUT, -1, qtables=[flat, flat])
    assert check(both, content).fit.error > 0.1


@pytest.mark.parametrize("strength", [0.5, 0.1])
def test_a_share_is_taken_over(both, strength):
    check(both, jpeg(ASTRONAUT, 12), strength)


def test_pictures_are_turned_as_exif_says(both):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    expected = check(both, jpeg(ASTRONAUT, 30, exif=exif.tobytes()))
    assert expected.picture.shape == (160, 151, 3)


@pytest.mark.parametrize("size", [(1, 1), (7, 30), (9, 8)])
def test_pictures_of_all_sizes_are_taken(both, size):
    check(both, jpeg(np.ascontiguousarray(ASTRONAUT[100:, 60:][: size[0], : size[1]]), 20), 0.0)


@pytest.mark.parametrize(
    ("content", "strength", "message"),
    [
        (b"no picture", 1.0, "not a JPEG"),
        (jpeg(ASTRONAUT, 30), 1.1, "strength must be from 0 to 1"),
        (jpeg(ASTRONAUT, 30), -0.1, "strength must be from 0 to 1"),
        (jpeg(np.zeros((201, 200, 3), np.uint8), 30), 1.0, "at most 40000 pixels"),
        (jpeg(ASTRONAUT, 30)[:1000], 1.0, "JPEG"),
        (with_scans(jpeg(ASTRONAUT, 30, progressive=True), 101), 1.0, "at most 100 scans"),
        (declaring(jpeg(ASTRONAUT, 30), 12_200, 12_200), 1.0, "far more pixels than its bytes"),
    ],
)
def test_what_cannot_be_restored_is_an_invalid_argument_that_says_why(
    both, content, strength, message
):
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        both[1].restore(tf.constant(content), tf.constant(strength))
    if message != "at most 40000 pixels":  # the compressor allows more
        with pytest.raises(ValueError, match=r"."):
            both[0].restore_jpeg(content, strength=strength)


def test_a_thin_picture_is_refused_as_by_the_compressor(monkeypatch):
    monkeypatch.setattr("comrec_tf.compression.file_coder._PADDING_PIXELS", 0)
    model = make_model(scale=1, resolution="full")
    restoring = Restoring(PictureCoder(model), GraphJpeg(JpegCodec()), 40_000)
    content = jpeg(np.zeros((2, 900, 3), np.uint8), 30)
    with pytest.raises(tf.errors.InvalidArgumentError, match="too thin to be restored"):
        restoring.restore(tf.constant(content), tf.constant(1.0))
    with pytest.raises(ValueError, match="too thin to be restored"):
        compressor_of(model, JpegCodec()).restore_jpeg(content)
    assert not check((compressor_of(model, JpegCodec()), restoring), jpeg(ASTRONAUT, 100)).restored
