"""The watcher with models that are files of text."""

import logging
import time

import pytest

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


def serves(store, version, seconds=5.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with store.borrow("tiny") as model:
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


def test_the_watcher_survives_whatever_looking_raises_and_says_it_once(
    store, base, monkeypatch, caplog
):
    from comrec_tf.server import store as module

    usual = module._newest

    def out_of_descriptors(path):
        raise OSError(24, "Too many open files", str(path))

    with caplog.at_level(logging.ERROR):
        monkeypatch.setattr(module, "_newest", out_of_descriptors)
        time.sleep(0.2)
        monkeypatch.setattr(module, "_newest", usual)
    write(base, "2")
    assert serves(store, 2)
    assert sum("cannot look" in record.message for record in caplog.records) == 1


def test_names_that_are_no_version_are_passed_over(store, base):
    for name in ("1" + "0" * 25, "9999999999999999999", "3x", "٣", "-4", "1" * 200):
        write(base, name)
    (base / "5").write_text("a file")
    write(base, "2")
    assert serves(store, 2)


def test_no_version_is_an_error_that_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match="expected versions"):
        ModelStore({"tiny": tmp_path}, load=Model)
