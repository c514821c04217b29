import io
import sys

import imagecodecs
import numpy as np
import PIL.Image
import pytest
import skimage.data

from comrec_tf.codecs import catalog, jpeg_xl
from comrec_tf.codecs.jpeg_xl import JpegXlCodec
from comrec_tf.compact_file.boxes import box, boxes
from tests.makers import compressor_of, make_model

INSIDE = ["jpeg", "jpeg-flat", "mozjpeg", "jpegli"]


@pytest.mark.parametrize("inside", INSIDE)
def test_the_jpeg_inside_comes_back_bit_for_bit_and_so_do_its_pixels(inside, photo, grey_photo):
    codec, jpeg = JpegXlCodec(inside), catalog.make_codec(inside)
    for picture in (photo, grey_photo):
        packed, plain = codec.encode(picture, 60), jpeg.encode(picture, 60)
        assert jpeg_xl.unpack(packed) == plain
        channels = picture.shape[-1]
        np.testing.assert_array_equal(codec.decode(packed, channels), jpeg.decode(plain, channels))
        assert codec.step(60) == jpeg.step(60)


@pytest.mark.parametrize("inside", INSIDE)
def test_files_of_some_kilobytes_get_smaller_by_a_twentieth_and_more(inside):
    picture = skimage.data.astronaut()
    jpeg = catalog.make_codec(inside).encode(picture, 30)
    assert len(JpegXlCodec(inside).encode(picture, 30)) < 0.95 * len(jpeg)


def test_a_viewer_of_jpeg_xl_shows_about_the_picture_of_the_jpeg(photo):
    codec = JpegXlCodec()
    packed = codec.encode(photo, 60)
    shown = imagecodecs.jpegxl_decode(packed).astype(int)
    assert np.abs(shown - codec.decode(packed)).mean() < 1.5


def test_the_encoder_inside_is_that_of_the_scale(photo):
    codec = JpegXlCodec("jpeg-flat")
    full = codec.for_scale(1)
    inside = catalog.make_codec("jpeg-flat", scale=1).encode(photo, 60)
    assert jpeg_xl.unpack(full.encode(photo, 60)) == inside
    assert jpeg_xl.unpack(codec.encode(photo, 60)) != inside
    assert JpegXlCodec("jpeg").for_scale(1).options() == JpegXlCodec("jpeg").options()


def test_options_are_those_of_the_encoder_inside():
    codec = catalog.make_codec("jpeg-xl", inside="mozjpeg", tables=2, progressive=True)
    assert codec.options() == {
        "inside": "mozjpeg",
        "chroma_subsampling": "4:2:0",
        "progressive": True,
        "tables": 2,
    }
    assert JpegXlCodec("jpeg-flat").qualities[1] == 1.125
    with pytest.raises(ValueError, match="jpeg-xl has the options inside, .*Received: tables"):
        catalog.make_codec("jpeg-xl", inside="jpeg", tables=2)
    with pytest.raises(ValueError, match="inside must be one of jpeg, .* Received: webp"):
        catalog.make_codec("jpeg-xl", inside="webp")


def test_around_a_presets_codec_its_files_are_packed():
    own = catalog.make_codec("mozjpeg", tables=2, progressive=True)
    codec = catalog.make_codec_for("jpeg-xl", own)
    # Scans are of no use within.
    assert codec.options() == {"inside": "mozjpeg", **own.options(), "progressive": False}
    assert codec.packs(own)
    assert not codec.packs(catalog.make_codec("mozjpeg", tables=3))
    assert (
        catalog.make_codec_for("jpeg-xl", catalog.make_codec("webp")).options()["inside"] == "jpeg"
    )
    assert not own.packs(own)


@pytest.mark.parametrize("scale", [1, 2])
def test_a_compact_file_is_the_compact_jpeg_packed(scale, photo):
    compressor = compressor_of([make_model(scale=1), make_model(scale=2)])
    packing = compressor.with_codec(JpegXlCodec())
    plain = compressor.encode(photo, 60, scale).content
    packed = packing.encode(photo, 60, scale).content
    assert jpeg_xl.to_jpeg(packed) == plain
    np.testing.assert_array_equal(packing.decode(packed), compressor.decode(plain))


def test_what_is_no_compact_file_is_taken_out_as_it_is(photo):
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG", progressive=True, comment=b"mine")
    packed = bytes(imagecodecs.jpegxl_encode_jpeg(buffer.getvalue()))
    assert jpeg_xl.to_jpeg(packed) == buffer.getvalue()


def test_a_damaged_compact_file_is_refused(photo):
    packed = compressor_of(make_model(), JpegXlCodec()).encode(photo, 60).content
    for place in (60, 400, -30):
        content = bytearray(packed)
        content[place] ^= 1
        with pytest.raises(ValueError, match=r"damaged|checksum|JPEG"):
            jpeg_xl.to_jpeg(bytes(content))


def test_a_picture_in_jpeg_xl_holds_no_jpeg(photo):
    with pytest.raises(ValueError, match="a JPEG inside the JPEG XL file. Received: another"):
        jpeg_xl.unpack(bytes(imagecodecs.jpegxl_encode(photo)))


def test_what_a_file_declares_is_judged_before_it_is_decoded(photo, monkeypatch):
    monkeypatch.setattr(imagecodecs, "jpegxl_decode_jpeg", lambda *a, **k: pytest.fail("decoded"))
    start = b"\xff\x0a" + (0b11 << 1 | (2**29 << 3) | (1 << 33)).to_bytes(8, "little")
    huge = b"\0\0\0\x0cJXL \r\n\x87\n" + box(b"jbrd", b"") + box(b"jxlc", start + bytes(40))
    with pytest.raises(ValueError, match=r"expected at most 2[\d,]+ pixels.* Received: 5368"):
        jpeg_xl.unpack(huge)
    packed = JpegXlCodec().encode(photo, 60)
    parts = [(kind, bytes(20_000) if kind == b"jbrd" else part) for kind, part in boxes(packed)]
    with pytest.raises(ValueError, match="16,384 bytes .* Received: 20,000"):
        jpeg_xl.unpack(b"".join(box(kind, part) for kind, part in parts))


def test_a_missing_package_is_said_in_one_line(photo, monkeypatch):
    packed = JpegXlCodec().encode(photo, 60)
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    for call in (lambda: JpegXlCodec().encode(photo, 60), lambda: JpegXlCodec().decode(packed)):
        with pytest.raises(
            ModuleNotFoundError, match=r"^the codec jpeg-xl needs imagecodecs: .*\[codecs\]"
        ):
            call()
