import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import metrics
from comrec_tf.codecs import catalog
from comrec_tf.graph import color, geometry, tiles
from comrec_tf.models.picture_coder import PictureCoder
from comrec_tf.presets import weights
from tests.conftest import make_model

KINDS = [
    {"scale": scale, "channels": channels, "resolution": resolution}
    for scale in (1, 2)
    for channels in (1, 3)
    for resolution in ("compact", "full")
]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [(1, 1), (1, 6), (7, 5), (33, 64)])
def test_every_size_comes_back_with_its_shape(kind, channels, size, monkeypatch):
    monkeypatch.setattr(tiles, "SIDES", (16, 32))
    coder = PictureCoder(make_model(**kind))
    picture = np.random.default_rng(0).integers(0, 256, (*size, channels), np.uint8)
    bitstream = coder.encode(picture, 50)
    restored = coder.decode(bitstream, 16.0, picture.shape)
    assert restored.shape == picture.shape
    assert restored.dtype == np.uint8


def far_from(picture: np.ndarray, other: tf.Tensor, border: int) -> int:
    """The largest difference in grey levels, the border left out."""
    inner = slice(border, -border)
    return np.abs(picture.astype(int) - other.numpy().astype(int))[inner, inner].max()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_the_result_is_what_the_networks_give_on_the_whole_picture(kind, fixture, request):
    """Written out once more without tiles, and without the picture's border."""
    picture = request.getfixturevalue(fixture)
    channels = picture.shape[-1]
    model = make_model(**kind)
    coder = PictureCoder(model)
    quality = tf.constant([60])
    step = float(model.codec.step(60))

    x = color.network_pixels(picture[None], 3)
    whole = model.shrink(x[..., : model.channels], quality)
    if model.channels == 1:
        whole = tf.concat([whole, geometry.downsample(x[..., 1:], model.scale)], -1)
    compact = coder.compact(tf.constant(picture), step).numpy()
    assert far_from(compact, color.codec_pixels(whole[0, ..., :channels]), 4) <= 1

    bitstream = coder.encode(picture, 60)
    y = color.network_pixels(coder.codec.decode_picture(bitstream)[None], 3)
    whole = model.reconstruct(y[..., : model.channels], quality)
    if model.channels == 1:
        whole = tf.concat([whole, geometry.upsample(y[..., 1:], model.scale)], -1)
    restored = coder.decode(bitstream, step, picture.shape)
    assert far_from(restored, color.codec_pixels(whole[0, ..., :channels]), 24) <= 1


def test_a_grey_picture_gives_a_grey_jpeg_with_every_pair(grey_photo):
    for channels in (1, 3):
        coder = PictureCoder(make_model(channels=channels))
        bitstream = coder.encode(grey_photo, 50)
        assert coder.codec.picture_shape(bitstream).numpy()[2] == 1


def test_a_compact_picture_of_another_size_is_refused(photo):
    coder = PictureCoder(make_model())
    bitstream = coder.encode(photo, 50)
    with pytest.raises(ValueError, match="of 50x64 pixels inside. Received: 80x64"):
        coder.decode(bitstream, 16.0, (128, 100, 3))


def test_a_quality_out_of_range_is_refused(photo):
    with pytest.raises(ValueError, match="quality=0"):
        PictureCoder(make_model()).encode(photo, 0)


@pytest.mark.parametrize("name", ["webp", "avif", "jpeg2000"])
def test_a_pair_works_around_any_codec_and_is_told_its_step(name, photo, grey_photo):
    codec = catalog.make_codec(name)
    model = make_model()
    coder = PictureCoder(model, codec)
    for picture in (photo, grey_photo):
        bitstream = coder.encode(picture, 60)
        restored = coder.decode(bitstream, float(codec.step(60)), picture.shape)
        assert restored.shape == picture.shape
        assert metrics.psnr(picture, restored) > 18
        told = tf.reshape(codec.log_step(60), [1])
        x = color.network_pixels(picture[None], 3)
        compact = color.codec_pixels(model.com(x, log_step=told)[..., : picture.shape[-1]])[0]
        inner = slice(4, -4)
        mine = coder.compact(tf.constant(picture), codec.step(60)).numpy()[inner, inner]
        assert np.abs(mine.astype(int) - compact.numpy().astype(int)[inner, inner]).max() <= 1


@pytest.mark.parametrize("scale", [1, 2])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_the_released_preset_is_the_same_in_any_tiles(scale, fixture, request, monkeypatch):
    """One tile for the whole picture, and many with borders all over it."""
    picture = request.getfixturevalue(fixture)
    model = weights.load_preset("comrec", scale=scale)
    restored = []
    for sides in ((768,), (32,)):
        monkeypatch.setattr(tiles, "SIDES", sides)
        coder = PictureCoder(model)
        step = model.codec.step(30)
        compact = coder.compact(tf.constant(picture), step)
        bitstream = model.codec.encode_picture(compact, 30).numpy()
        restored.append([compact.numpy(), coder.decode(bitstream, float(step), picture.shape)])
    for whole, tiled in zip(*restored, strict=True):
        assert np.abs(whole.astype(int) - tiled.astype(int)).max() <= 1
