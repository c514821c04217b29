import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph import color, geometry
from comrec_tf.models import tile_networks
from tests.makers import make_model

KINDS = [
    {"scale": scale, "channels": channels, "resolution": resolution, "tables": tables}
    for scale in (1, 2)
    for channels in (1, 3)
    for resolution in ("compact", "full")
    for tables in (False, True)
]
CONDITIONS = tf.constant([0.4, 0.3, -0.2, 0.9, 1.0])


def in_two_steps(network, tile, channels, model):
    """The networks written out again with the model's own functions, away from the border."""
    ycbcr = color.network_pixels(tile, 3)
    if network == "com":
        result = model.com(ycbcr[..., : model.channels], log_step=CONDITIONS[:1])
        chroma = geometry.downsample(ycbcr[..., 1:], model.scale)
    else:
        tables = CONDITIONS[None, 1:] if model.rec.tables else None
        result = model.rec.reconstruct(ycbcr[..., : model.channels], CONDITIONS[:1], tables)
        chroma = geometry.upsample(ycbcr[..., 1:], model.scale)
    if model.channels == 1:
        result = tf.concat([result, chroma], -1)
    return color.codec_pixels(result[..., :channels]).numpy()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("network", ["com", "rec"])
@pytest.mark.parametrize("fixture", ["photo", "grey_photo"])
def test_a_tile_is_what_the_networks_give(kind, network, fixture, request):
    tile = tf.constant(request.getfixturevalue(fixture)[None, :96, :80])
    model = make_model(**kind)
    make = tile_networks.shrinking if network == "com" else tile_networks.restoring
    ours = tile_networks.on_pixels(make(model), tile, CONDITIONS).numpy().astype(int)
    expected = in_two_steps(network, tile, tile.shape[-1], model)
    inner = slice(8, -8)
    assert ours.shape == expected.shape
    assert np.abs(ours - expected)[0, inner, inner].max() <= 1


def test_pairs_without_conditioning_are_told_nothing(photo):
    model = make_model(conditioned=False)
    tile = tf.constant(photo[None, :32, :32])
    restore = tile_networks.restoring(model)
    one, two = (tile_networks.on_pixels(restore, tile, tf.constant([s])) for s in (0.0, 2.0))
    np.testing.assert_array_equal(one, two)
