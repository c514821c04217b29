"""With a model that gives back what it gets."""

import importlib.util
import re
import sys
import time

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from comrec_tf.compression.compressor import Compressor
from comrec_tf.server.errors import RequestError
from comrec_tf.server.servable import DEFAULT_SIGNATURE, Servable

FILES = {"image_bytes": np.array([b"a\0", b"b"], object)}


@pytest.fixture(scope="module")
def servable(echo_model):
    made = Servable(echo_model / "1", 1)
    yield made
    made.close()
    assert made.signatures == {}


def code_of(call) -> tuple[str, str]:
    with pytest.raises(RequestError) as caught:
        call()
    return caught.value.code.name, caught.value.message


def test_it_has_the_models_signatures_and_runs_them(servable):
    assert servable.version == 1
    assert {DEFAULT_SIGNATURE, "encode", "times"} <= set(servable.signatures)
    for name in ("", "encode"):
        assert servable.run(name, FILES)["code_bytes"].tolist() == [b"a\0", b"b"]
    assert servable.signature("") == servable.signatures[DEFAULT_SIGNATURE]


def test_inputs_left_out_take_the_defaults_of_the_signature(servable):
    given = {"image_bytes": tf.make_tensor_proto([b"x"])}
    inputs = servable.inputs("times", given)
    assert inputs["times"].tolist() == [7]
    assert servable.run("times", inputs)["height"].tolist() == [7]
    given["times"] = tf.make_tensor_proto(np.array([9], np.int32))
    assert servable.run("times", servable.inputs("times", given))["height"].tolist() == [9]


def test_only_the_outputs_asked_for_are_computed(servable):
    inputs = servable.inputs("times", {"image_bytes": tf.make_tensor_proto([b"x"])})
    assert list(servable.run("times", inputs, ["height"])) == ["height"]
    code, told = code_of(lambda: servable.run("times", inputs, ["depth"]))
    assert code == "INVALID_ARGUMENT"
    assert "Received: ['depth']" in told


def test_what_does_not_fit_a_signature_is_refused(servable):
    code, told = code_of(lambda: servable.signature("nothing"))
    assert code == "FAILED_PRECONDITION"
    assert '"nothing" not found' in told
    for given in ({}, {"image_bytes": tf.make_tensor_proto([b"x"]), "more": None}):
        code, told = code_of(lambda given=given: servable.inputs("times", given))
        assert code == "INVALID_ARGUMENT"
        assert "gRPC may leave out ['times']" in told
    assert code_of(lambda: servable.run("encode", {}))[0] == "INVALID_ARGUMENT"


def test_what_the_graph_refuses_is_the_requests_fault(servable):
    junk = {"image_bytes": np.array([b"junk"], object)}
    code, told = code_of(lambda: servable.run("encode", junk))
    assert code == "INVALID_ARGUMENT"
    assert "expected no junk" in told


def test_past_its_deadline_nothing_is_run(servable):
    late = time.monotonic() - 1
    assert code_of(lambda: servable.run("encode", FILES, (), late))[0] == "DEADLINE_EXCEEDED"
    soon = time.monotonic() + 60
    assert len(servable.run("encode", FILES, (), soon)["code_bytes"]) == 2


def test_a_folder_that_holds_no_model_is_an_error(tmp_path):
    with pytest.raises((OSError, RuntimeError)):
        Servable(tmp_path, 1)


@pytest.mark.slow
def test_the_engine_that_restores_the_fastest_is_found_by_a_look_and_said(exported, photo, caplog):
    caplog.set_level("INFO", logger="comrec_tf")
    beside = ["litert", *(["openvino"] if importlib.util.find_spec("openvino") else [])]
    code = Compressor.from_preset(exported / "preset").encode(photo, 40).content
    inputs = {"code_bytes": np.array([code], object)}
    restored = {}
    for engine in ("auto", "tensorflow", *beside):
        made = Servable(exported / "tiny" / "1", 1, engine, warm_up=engine == "auto")
        restored[engine] = made.run("decode", inputs)["image_bytes"][0]
        taken = made.engine("decode", inputs)
        if engine == "auto":
            said = [line for line in caplog.messages if "restores by" in line]
            assert len(said) == 1
            found = re.search(r"restores by (\w+): a look took (.*)", said[0])
            times = {n: int(s) for n, s in re.findall(r"(\w+) (\d+) ms", found[2])}
            assert list(times) == [*beside, "tensorflow"]
            assert taken == found[1]
            assert times[taken] == min(times.values())
            # What only a preset can do is done by the faster of those that run it.
            own = made.engine("compress", {})
            assert times[own] == min(times[name] for name in beside)
            chosen = taken
        else:
            assert taken == engine
            assert made.engine("compress", {}) == (engine if engine in beside else "litert")
        made.close()
    assert restored["auto"] == restored[chosen]
    assert len([line for line in caplog.messages if "restores by" in line]) == 1


@pytest.mark.slow
def test_an_engine_that_is_not_installed_is_named(exported, monkeypatch):
    monkeypatch.setitem(sys.modules, "openvino", None)
    monkeypatch.delitem(sys.modules, "comrec_tf.engines.openvino", raising=False)
    with pytest.raises(ModuleNotFoundError, match=r"needs OpenVINO: .*\[openvino\]"):
        Servable(exported / "tiny" / "1", 1, "openvino", warm_up=False)
