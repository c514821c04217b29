import tempfile

from comrec_tf.engines import openvino
from comrec_tf.models import tile_networks


def test_preparing_a_network_leaves_no_file_behind(tmp_path, monkeypatch, model):
    content = tile_networks.lite_bytes(tile_networks.shrinking(model), 1, half=False)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    openvino.prepare(content, (1, 32, 48, 3))
    assert list(tmp_path.iterdir()) == []
