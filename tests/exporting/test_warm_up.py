import numpy as np
import pytest
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.exporting import warm_up


def test_tensorflow_serving_reads_the_requests_that_were_written(tmp_path):
    """With its own message, which export does without."""
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    requests = [
        ("encode", {"image_bytes": np.array([b"\0png", b""], object)}),
        ("encode_quality", {"quality": np.array([3], np.int32), "pixels": np.ones((1, 2), "u1")}),
    ]
    warm_up.write(tmp_path, requests)
    records = list(tf.data.TFRecordDataset(str(tmp_path / vocabulary.WARM_UP_IN_MODEL)))
    assert len(records) == 2
    for record, (name, arrays) in zip(records, requests, strict=True):
        log = prediction_log_pb2.PredictionLog.FromString(record.numpy())
        assert log.predict_log.request.model_spec.signature_name == name
        inputs = log.predict_log.request.inputs
        assert set(inputs) == set(arrays)
        for key, expected in arrays.items():
            np.testing.assert_array_equal(tf.make_ndarray(inputs[key]), expected)


def test_a_folder_that_is_not_there_is_an_error(tmp_path):
    with pytest.raises(OSError, match="nowhere"):
        warm_up.write(tmp_path / "nowhere" / "model", [])


def test_every_signature_gets_requests_in_grey_and_colour():
    code = tf.constant([b"code"])
    names = ["encode_quality", "decode", "restore", "restore_strength", "encode_pixels"]
    signatures = dict.fromkeys(names, lambda **given: {"code_bytes": code})
    made = warm_up.requests(signatures, [1, 2])
    assert {name for name, _ in made} == set(names)
    for name in ("restore", "restore_strength"):
        pictures = [given["image_bytes"][0] for known, given in made if known == name]
        assert [tf.io.decode_jpeg(picture).shape[-1] for picture in pictures] == [1, 3]
    scales = [given["scale"].tolist() for name, given in made if name == "encode_quality"]
    assert scales == 2 * [[0], [1], [2]]
    assert {given["code_bytes"][0] for name, given in made if name == "decode"} == {b"code"}
