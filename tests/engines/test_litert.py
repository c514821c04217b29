from comrec_tf.engines import litert
from comrec_tf.models import tile_networks


def test_preparing_a_network_prints_nothing(capfd, model):
    litert.prepare(
        tile_networks.lite_bytes(tile_networks.shrinking(model), 1, half=False), (1, 32, 48, 3)
    )
    assert capfd.readouterr() == ("", "")
