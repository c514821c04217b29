import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import base, catalog, condition, quantization


def jpeg(picture, **options):
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture.squeeze()).save(buffer, "JPEG", **options)
    return buffer.getvalue()


def mean_log(steps):
    return np.mean([np.log(step / 16) for step in steps])


def test_a_step_alone_says_how_coarse_the_lowest_frequencies_are():
    np.testing.assert_allclose(condition.of_step(32.0), [np.log(2), 0, 0, 0, 0], rtol=1e-6)
    assert condition.of_step(32.0).dtype == np.float32


def test_low_frequencies_high_ones_and_chroma_are_told_apart():
    luma = np.full((8, 8), 64.0)
    for row, column in [(0, 0), (0, 1), (1, 0), (2, 0), (1, 1), (0, 2), (0, 3), (1, 2), (2, 1)]:
        luma[row, column] = 8.0
    luma[3, 0] = 8.0
    told = condition.of_tables(8.0, luma.ravel(), np.full(64, 16.0), full=True)
    np.testing.assert_allclose(told, [-np.log(2), -np.log(2), np.log(4), 0, 1], rtol=1e-6)


def test_a_grey_picture_has_lumas_steps_for_chroma():
    luma = np.arange(1.0, 65.0)
    told = condition.of_tables(1.0, luma, None, full=True)
    assert told[3] == pytest.approx(mean_log(luma))
    assert told[4] == 0


def test_a_step_of_zero_counts_as_one():
    luma, one = np.arange(64.0), np.arange(64.0)
    one[0] = 1
    told = condition.of_tables(27.0, luma, np.zeros(64), full=True)
    np.testing.assert_array_equal(told, condition.of_tables(27.0, one, np.ones(64), full=True))


@pytest.mark.parametrize(("subsampling", "full"), [("4:2:0", 0), ("4:2:2", 0), ("4:4:4", 1)])
def test_a_jpeg_says_its_own_tables(photo, subsampling, full):
    content = jpeg(photo, quality=30, subsampling=subsampling)
    luma, chroma = quantization.standard_tables(30).reshape(2, 64)
    told = condition.of_file(content, 27.0)
    np.testing.assert_array_equal(told, condition.of_tables(27.0, luma, chroma, full=bool(full)))
    assert told[0] == pytest.approx(base.log_of_step(27.0))
    assert (told[3], told[4]) == (pytest.approx(mean_log(chroma)), full)


def test_a_table_that_comes_behind_the_first_scan_is_taken_as_lumas(photo):
    content = jpeg(photo, quality=30)
    start = content.index(b"\xff\xdb", content.index(b"\xff\xdb") + 2)
    without = content[:start] + content[start + 69 :]
    told, expected = condition.of_file(without, 27.0), condition.of_file(content, 27.0)
    luma = quantization.standard_tables(30)[0]
    np.testing.assert_array_equal(told[[0, 1, 2, 4]], expected[[0, 1, 2, 4]])
    assert told[3] == pytest.approx(mean_log(luma.ravel()))


def test_other_formats_say_their_step_alone(photo):
    for name in ("webp", "avif", "jpeg2000"):
        content = catalog.make_codec(name).encode(photo[:16, :16], 50)
        np.testing.assert_array_equal(condition.of_file(content, 9.0), condition.of_step(9.0))


def test_a_jpeg_in_jpeg_xl_says_the_same(photo):
    pytest.importorskip("imagecodecs")
    inside = catalog.make_codec("jpeg-flat")
    around = catalog.make_codec_for("jpeg-xl", inside)
    np.testing.assert_array_equal(
        condition.of_file(around.encode(photo, 40), 16.0),
        condition.of_file(inside.encode(photo, 40), 16.0),
    )


@pytest.mark.parametrize("name", ["jpeg", "jpeg-flat", "mozjpeg", "webp"])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_a_codec_says_what_its_files_will_say(name, fixture, request):
    picture = request.getfixturevalue(fixture)
    codec = catalog.make_codec(name)
    for quality in (5, 60):
        content = codec.encode(picture, quality)
        expected = condition.of_file(content, codec.step(quality))
        told = condition.of_codec(codec, quality, grey=picture.shape[-1] == 1)
        np.testing.assert_array_equal(told, expected)


def test_bytes_of_no_known_format_and_damaged_ones_are_refused(photo):
    content = jpeg(photo, quality=30)
    without = content.replace(b"\xff\xdb", b"\xff\xe3")
    with pytest.raises(ValueError, match="damaged JPEG"):
        condition.of_file(without, 16.0)
    with pytest.raises(ValueError, match="not a JPEG"):
        condition.of_file(b"nothing at all", 16.0)
