import numpy as np
import scipy.fft

from comrec_tf.codecs import dead_zone, quantization
from comrec_tf.codecs.requantize import requantize
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.images import metrics

TABLES = quantization.flat_tables(20).reshape(2, 64)


def coefficients(plane) -> np.ndarray:
    """Of a plane (H, W) of whole blocks, (H/8, 8, W/8, 8)."""
    blocks = plane.reshape(plane.shape[0] // 8, 8, -1, 8) - 128.0
    return scipy.fft.dctn(blocks, axes=(1, 3), norm="ortho")


def test_blocks_become_what_the_formula_says(grey_photo):
    picture = grey_photo[:64, :64]
    steps = TABLES[0].reshape(1, 8, 1, 8)
    scaled = coefficients(picture[..., 0]) / steps
    levels = np.sign(scaled) * np.floor(np.abs(scaled) + 0.5 - 0.2)
    levels[:, 0, :, 0] = np.rint(scaled[:, 0, :, 0])
    expected = scipy.fft.idctn(levels * steps, axes=(1, 3), norm="ortho").reshape(64, 64) + 128.0
    result = requantize(picture, TABLES, dead_zone.of_width(0.2), halved=False)
    assert result.dtype == np.uint8
    assert np.abs(result - np.clip(expected, 0, 255)).max() <= 0.501


def test_a_wider_dead_zone_leaves_fewer_levels(grey_photo):
    kept = []
    for width in (0.0, 0.2, 0.4):
        result = requantize(grey_photo[:64, :64], TABLES, dead_zone.of_width(width), halved=False)
        levels = np.rint(coefficients(result) / TABLES[0].reshape(1, 8, 1, 8))
        kept.append(np.count_nonzero(levels))
    assert kept[0] > kept[1] > kept[2] > 0


def test_levels_with_a_dead_zone_are_those_asked_for(grey_photo):
    codec = FlatJpegCodec(dead_zone=0.2)
    sides = np.array(grey_photo.shape[:2]) // 8 * 8
    picture = grey_photo[: sides[0], : sides[1]]
    decoded = codec.decode(codec.encode(picture, 20))
    step = codec.step(20)
    scaled, levels = (
        scipy.fft.dctn(
            x[..., 0].reshape(sides[0] // 8, 8, -1, 8) - 128.0, axes=(1, 3), norm="ortho"
        )
        / quantization.flat_tables(20)[0].reshape(1, 8, 1, 8)
        for x in (picture, decoded)
    )
    expected = np.copysign(np.floor(np.abs(scaled) + 0.3), scaled)
    expected[:, 0, :, 0] = np.rint(scaled[:, 0, :, 0])
    assert np.mean(np.abs(levels - expected) > 0.25) < 1e-3
    # The tables are those without a dead zone.
    assert step == FlatJpegCodec().step(20) == quantization.flat_tables(20)[0, 0, 0]


def test_a_dead_zone_takes_pictures_of_any_size(photo):
    codec = FlatJpegCodec(dead_zone=0.1)
    for height, width in ((1, 1), (7, 40), (17, 33), (8, 8)):
        picture = photo[:height, :width]
        decoded = codec.decode(codec.encode(picture, 95))
        assert decoded.shape == picture.shape
        assert metrics.psnr(picture, decoded) > 28
