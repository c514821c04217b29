"""The watcher with models that are files of text."""

import logging
import os
import shutil
import time

import pytest
import tensorflow as tf

pytest.importorskip("grpc")
from comrec_tf.server.errors import RequestError
from comrec_tf.server.store import ModelStore


class Model:
    """Loads if its file is whole."""

    closed = 0

    def __init__(self, folder, version) -> None:
        self.version = version
        if (folder / "saved_model.pb").read_text() != "whole":
            raise RuntimeError("half of it is missing")

    def close(self):
        type(self).closed += 1


def write(base, name, content="whole"):
    (base / name).mkdir(parents=True, exist_ok=True)
    (base / name / "saved_model.pb").write_text(content)


@pytest.fixture
def base(tmp_path):
    write(tmp_path / "tiny", "1")
    return tmp_path / "tiny"


@pytest.fixture
def store(base):
    Model.closed = 0
    store = ModelStore({"tiny": base}, poll_seconds=0.02, load=Model)
    yield store
    store.close()


def serves(store, version, seconds=5.0, name="tiny"):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with store.borrow(name) as model:
            if model.version == version:
                return True
        time.sleep(0.01)
    return False


def test_a_larger_version_takes_over_once_the_last_request_of_the_old_one_is_done(store, base):
    with store.borrow("tiny", 1) as old:
        write(base, "2")
        assert serves(store, 2)
        assert old.version == 1
        assert Model.closed == 0
    assert Model.closed == 1
    with pytest.raises(RequestError, match="version 1"), store.borrow("tiny", 1):
        pass
    # The newest, as ovmsclient says it.
    with store.borrow("tiny", 0) as model:
        assert model.version == 2


def test_a_version_seen_half_copied_is_tried_again_until_it_loads(store, base, caplog):
    with caplog.at_level(logging.ERROR):
        write(base, "2", "wh")
        assert not serves(store, 2, 0.3)
        write(base, "2")
        assert serves(store, 2)
    assert sum("cannot be loaded" in record.message for record in caplog.records) == 1


def test_a_version_that_failed_for_another_reason_is_tried_again_without_a_change(store, base):
    causes = [OSError(24, "Too many open files")] * 2
    usual = store._load

    def load(folder, version):
        if causes:
            raise causes.pop()
        return usual(folder, version)

    store._load = load
    write(base, "2")
    assert serves(store, 2)


def test_a_model_whose_folder_cannot_be_read_is_named_once_and_stops_no_other(tmp_path, caplog):
    for name in ("first", "second"):
        write(tmp_path / name, "1")
    paths = {name: tmp_path / name for name in ("first", "second")}
    store = ModelStore(paths, poll_seconds=0.02, load=Model)
    try:
        with caplog.at_level(logging.ERROR):
            (tmp_path / "first").rename(tmp_path / "away")
            write(tmp_path / "second", "2")
            assert serves(store, 2, name="second")
            (tmp_path / "away").rename(tmp_path / "first")
        write(tmp_path / "first", "2")
        assert serves(store, 2, name="first")
    finally:
        store.close()
    told = [record.message for record in caplog.records if "cannot look" in record.message]
    assert [line.split(" now: ")[0] for line in told] == ["first: cannot look for new versions"]


def test_a_version_that_cannot_be_loaded_hides_no_smaller_one(store, base):
    write(base, "4", "wh")
    write(base, "3")
    assert serves(store, 3)
    write(base, "4")
    assert serves(store, 4)


def test_at_the_start_a_smaller_version_stands_in_for_those_that_cannot_be_loaded(base, caplog):
    write(base, "3", "wh")
    write(base, "2")
    with caplog.at_level(logging.INFO):
        store = ModelStore({"tiny": base}, poll_seconds=0.02, load=Model)
        try:
            with store.borrow("tiny") as model:
                assert model.version == 2
            told = [record.message for record in caplog.records]
            assert told == [
                "tiny, version 3, cannot be loaded: half of it is missing",
                "serving tiny, version 2",
            ]
            write(base, "3")
            assert serves(store, 3)
            assert not store._attempts
        finally:
            store.close()


def test_a_model_of_which_no_version_loads_is_named_with_the_error_of_the_largest(base):
    write(base, "1", "wh")
    write(base, "2", "w")
    with pytest.raises(
        OSError, match=r"^no version of tiny can be loaded; version 2: half of it is missing$"
    ):
        ModelStore({"tiny": base}, load=Model)


def test_a_missing_engine_is_said_as_it_is_where_no_version_loads(base):
    def load(folder, version):
        raise ModuleNotFoundError("the engine openvino needs OpenVINO")

    with pytest.raises(ModuleNotFoundError, match="needs OpenVINO"):
        ModelStore({"tiny": base}, load=load)


def test_names_that_are_no_version_are_passed_over(store, base):
    for name in ("1" + "0" * 25, "9999999999999999999", "3x", "٣", "-4", "1" * 200):
        write(base, name)
    (base / "5").write_text("a file")
    write(base, "2")
    assert serves(store, 2)


def test_no_version_and_no_folder_are_errors_that_say_so(tmp_path):
    for path, received in ((tmp_path, "none"), (tmp_path / "nowhere", "no folder")):
        with pytest.raises(FileNotFoundError, match=f"expected versions.*Received: {received}"):
            ModelStore({"tiny": path}, load=Model)


def truncate_the_variables(model):
    module = tf.Module()
    module.numbers = tf.Variable(tf.ones([1000]))
    tf.saved_model.save(module, str(model))
    (file,) = (model / "variables").glob("variables.data-*")
    os.truncate(file, file.stat().st_size // 2)


def empty_the_graph(model):
    (model / "saved_model.pb").write_bytes(b"")


def warm_up_with_what_is_refused(model):
    logs = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    record = logs.PredictionLog()
    record.predict_log.request.inputs["more"].CopyFrom(tf.make_tensor_proto(1))
    (model / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(str(model / "assets.extra/tf_serving_warmup_requests")) as writer:
        writer.write(record.SerializeToString())


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (truncate_the_variables, "Read less bytes than requested$"),
        (empty_the_graph, "MetaGraphDef"),
        (warm_up_with_what_is_refused, "the signature has the inputs"),
    ],
)
def test_a_first_version_that_is_damaged_is_named_whatever_tensorflow_raises(
    tmp_path, echo_model, damage, message
):
    shutil.copytree(echo_model, tmp_path / "tiny")
    damage(tmp_path / "tiny" / "1")
    with pytest.raises(OSError, match=f"^no version of tiny can be loaded; version 1: .*{message}"):
        ModelStore({"tiny": tmp_path / "tiny"})
