"""The embedded server as its own process, over real sockets, by clients of other projects."""

import base64
import concurrent.futures
import io
import json
import os
import shutil
import subprocess
import time
import urllib.error
import urllib.request

import grpc
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tensorflow_serving.apis import (  # noqa: E402
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    prediction_service_pb2_grpc,
)

from tests.server.makers import self_signed  # noqa: E402
from tests.server.running import COLD, Server  # noqa: E402

pytestmark = pytest.mark.slow


def status_of(call):
    with pytest.raises(grpc.RpcError) as info:
        call()
    return info.value.code(), info.value.details()


def test_grpc_encodes_and_decodes_as_compressor(server, compressor, photo, png):
    qualities = np.array([30, 60], np.int32)
    # With the default scale, which gRPC fills in.
    reply = server.predict("encode_quality", image_bytes=[png, png], quality=qualities)
    assert list(reply["code_bytes"]) == [compressor.encode(photo, q).content for q in (30, 60)]
    assert reply["height"].tolist() == [128, 128]
    (content,) = server.predict("decode", code_bytes=reply["code_bytes"][:1])["image_bytes"]
    restored = np.asarray(PIL.Image.open(io.BytesIO(content))).astype(int)
    assert np.abs(restored - compressor.decode(reply["code_bytes"][0])).max() <= 1
    # The default signature, with the default quality.
    assert server.predict(image_bytes=[png])["code_bytes"][0] == (
        compressor.encode(photo, 60).content
    )


def test_rest_does_the_same_with_base64(server, compressor, photo, png):
    encoded = {"b64": base64.b64encode(png).decode()}
    code, reply = server.rest("tiny:predict", {"instances": [{"image_bytes": encoded}]})
    assert code == 200
    (row,) = reply["predictions"]
    assert base64.b64decode(row["code_bytes"]["b64"]) == compressor.encode(photo, 60).content
    assert (row["height"], row["width"]) == photo.shape[:2]
    body = {"signature_name": "decode", "inputs": {"code_bytes": [row["code_bytes"]]}}
    code, reply = server.rest("tiny/versions/1:predict", body)
    assert code == 200
    content = base64.b64decode(reply["outputs"][0]["b64"])
    assert PIL.Image.open(io.BytesIO(content)).size == (160, 128)
    inputs = {"image_bytes": [encoded], "quality": [30], "scale": [2]}
    body = {"signature_name": "encode_quality", "inputs": inputs}
    code, reply = server.rest("tiny:predict", body)
    expected = compressor.encode(photo, 30).content
    assert base64.b64decode(reply["outputs"]["code_bytes"][0]["b64"]) == expected


def test_rest_does_not_fill_in_what_grpc_does(server, png):
    """As TensorFlow Serving's json_tensor.cc and predict_util.cc have it."""
    quality = np.array([30], np.int32)
    assert server.predict("encode_quality", image_bytes=[png], quality=quality)
    encoded = {"b64": base64.b64encode(png).decode()}
    row = {"image_bytes": encoded, "quality": 30}
    body = {"signature_name": "encode_quality", "instances": [row]}
    code, reply = server.rest("tiny:predict", body)
    assert code == 400
    assert "keys must be equal to: image_bytes,quality,scale" in reply["error"]
    body = {"signature_name": "encode_quality", "inputs": {"image_bytes": [encoded]}}
    assert server.rest("tiny:predict", body)[1]["error"].startswith("Missing named input: quality")
    for name in ("encode", "decode_jpeg"):
        assert server.rest("tiny:predict", {"signature_name": name, "instances": []})[0] == 400


def test_ovmsclient_works_as_its_tutorials_call_it(server, compressor, photo, png):
    ovmsclient = pytest.importorskip("ovmsclient")
    for make, port in ((ovmsclient.make_grpc_client, 0), (ovmsclient.make_http_client, 1)):
        client = make(f"127.0.0.1:{server.ports[port]}")
        assert client.get_model_status("tiny")[1]["state"] == "AVAILABLE"
        # Over HTTP it hands the server's JSON on.
        assert "image_bytes" in str(client.get_model_metadata("tiny"))
        # It sends version 0, which is "the newest" to its own server.
        reply = client.predict({"image_bytes": [png]}, "tiny")
        assert reply["height"].ravel().tolist() == [128]
        reply = client.predict({"image_bytes": png}, "tiny", model_version=1)
        assert reply["width"].ravel().tolist() == [160]


def test_curl_works(server, png, tmp_path):
    curl = shutil.which("curl")
    if curl is None:
        pytest.skip("no curl on the PATH")
    body = {"instances": [{"image_bytes": {"b64": base64.b64encode(png).decode()}}]}
    (tmp_path / "body.json").write_text(json.dumps(body))
    address = f"http://127.0.0.1:{server.ports[1]}/v1/models/tiny:predict"
    done = subprocess.run(
        [curl, "--silent", "--data", f"@{tmp_path}/body.json", address], capture_output=True
    )
    assert json.loads(done.stdout)["predictions"][0]["width"] == 160


def test_status_metadata_health_and_reflection(server):
    from google.protobuf.descriptor_pool import DescriptorPool
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
        ProtoReflectionDescriptorDatabase,
    )

    request = get_model_status_pb2.GetModelStatusRequest()
    request.model_spec.name = "tiny"
    status = model_service_pb2_grpc.ModelServiceStub(server.channel).GetModelStatus(request)
    assert [(s.version, s.state) for s in status.model_version_status] == [(1, 30)]
    request = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
    request.model_spec.name = "tiny"
    stub = prediction_service_pb2_grpc.PredictionServiceStub(server.channel)
    signatures = get_model_metadata_pb2.SignatureDefMap()
    stub.GetModelMetadata(request).metadata["signature_def"].Unpack(signatures)
    assert "decode_jpeg" in signatures.signature_def
    health = health_pb2_grpc.HealthStub(server.channel)
    for name in ("", "tensorflow.serving.PredictionService"):
        assert health.Check(health_pb2.HealthCheckRequest(service=name)).status == 1
    assert server.get("/livez") == (200, {"alive": True})
    assert server.get("/readyz") == (200, {"ready": True})
    pool = DescriptorPool(ProtoReflectionDescriptorDatabase(server.channel))
    service = pool.FindServiceByName("tensorflow.serving.PredictionService")
    assert "Predict" in service.methods_by_name
    assert server.rest("tiny")[1]["model_version_status"][0]["state"] == "AVAILABLE"
    metadata = server.rest("tiny/metadata")[1]["metadata"]["signature_def"]
    assert "decode" in metadata["signature_def"]


def test_errors_have_the_status_of_tensorflow_serving_and_the_server_lives_on(server, png):
    wrong = [
        (lambda: server.predict("encode", image_bytes=[b"junk"]), "INVALID_ARGUMENT", "JPEG, PNG"),
        (lambda: server.predict("nothing", image_bytes=[png]), "FAILED_PRECONDITION", "nothing"),
        (lambda: server.predict("encode"), "INVALID_ARGUMENT", "image_bytes"),
        (lambda: server.predict(image_bytes=[1.5]), "INVALID_ARGUMENT", "must be string"),
        (lambda: server.predict(image_bytes=png), "INVALID_ARGUMENT", "the shape [?]"),
        (lambda: server.predict(image_bytes=[png], more=[1]), "INVALID_ARGUMENT", "more"),
        (lambda: server.predict(model="other", image_bytes=[png]), "NOT_FOUND", "other"),
        (lambda: server.predict(version=7, image_bytes=[png]), "NOT_FOUND", "version 7"),
        (lambda: server.predict("decode", code_bytes=[png]), "INVALID_ARGUMENT", "not a JPEG"),
    ]
    for call, code, message in wrong:
        received, details = status_of(call)
        assert received.name == code
        assert message in details
        assert "node" not in details
        assert "{{" not in details
    assert server.predict(image_bytes=[png])["width"].tolist() == [160]


@pytest.mark.parametrize(
    ("path", "body", "code", "message"),
    [
        ("tiny:predict", {"instances": []}, 400, "not empty"),
        ("tiny:predict", {}, 400, "Missing 'inputs' or 'instances'"),
        ("tiny:predict", [], 400, "Is not object"),
        ("tiny:predict", {"instances": [{"image_bytes": {"b64": "%"}}]}, 400, "image_bytes"),
        ("tiny:predict", {"instances": ["junk"]}, 400, "not a JPEG, PNG"),
        ("other:predict", {"instances": [1]}, 404, "other"),
        ("tiny/versions/9:predict", {"instances": [1]}, 404, "version 9"),
        ("tiny/versions/x:predict", {"instances": [1]}, 400, "version number"),
        ("tiny:classify", {"instances": [1]}, 400, "Malformed request"),
        ("tiny:predict", {"signature_name": "no", "instances": ["a"]}, 400, '"no" not found'),
    ],
)
def test_errors_over_rest_say_what_was_wrong(server, path, body, code, message):
    received, reply = server.rest(path, body)
    assert received == code
    assert message in reply["error"]


def test_metrics_have_the_names_of_tensorflow_serving_and_some_more(server, png):
    server.predict(image_bytes=[png])
    server.rest("tiny:predict", {"instances": ["junk"]})
    status_of(lambda: server.predict(model="a stranger's name", image_bytes=[png]))
    address = f"http://127.0.0.1:{server.ports[1]}/monitoring/prometheus/metrics"
    with urllib.request.urlopen(address) as reply:
        text = reply.read().decode()
    for line in (
        ':tensorflow:serving:request_count{model_name="tiny",status="OK"}',
        ':tensorflow:serving:request_count{model_name="tiny",status="INVALID_ARGUMENT"}',
        ':tensorflow:serving:request_latency_bucket{API="Predict",entrypoint="GRPC",le="10.0"',
        'comrec_request_bytes_total{model_name="tiny"}',
        'comrec_response_bytes_total{model_name="tiny"}',
        'comrec_pixels_total{model_name="tiny"}',
        "comrec_queue_seconds_count",
        "comrec_connections",
    ):
        assert line in text
    assert "stranger" not in text


def test_past_its_queue_and_past_their_deadline_requests_are_refused(exported, png):
    running = Server(exported / "tiny", "--max_in_flight=1", "--max_waiting=1", COLD)
    try:
        running.predict(image_bytes=[png])

        def call(_):
            try:
                running.predict(image_bytes=[png] * 40)
            except grpc.RpcError as error:
                return error.code().name
            return "OK"

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(call, range(12)))
        assert set(answers) == {"OK", "RESOURCE_EXHAUSTED"}
        assert answers.count("OK") >= 2
        code, _ = status_of(lambda: running.predict(timeout=0.05, image_bytes=[png] * 200))
        assert code.name == "DEADLINE_EXCEEDED"
        assert running.predict(image_bytes=[png])["width"].tolist() == [160]
    finally:
        running.stop()


def test_a_new_version_takes_over_and_no_request_fails(exported, tmp_path, png):
    base = tmp_path / "tiny"
    shutil.copytree(exported / "tiny", base)
    running = Server(base, COLD)
    try:
        versions = []

        def call(_):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "tiny"
            request.inputs["image_bytes"].CopyFrom(tf.make_tensor_proto([png]))
            stub = prediction_service_pb2_grpc.PredictionServiceStub(running.channel)
            versions.append(stub.Predict(request, timeout=60).model_spec.version.value)

        with concurrent.futures.ThreadPoolExecutor(3) as pool:
            list(pool.map(call, range(20)))
            shutil.copytree(exported / "tiny" / "1", tmp_path / "new")
            os.rename(tmp_path / "new", base / "2")
            end = time.monotonic() + 120
            while versions[-1] != 2 and time.monotonic() < end:
                list(pool.map(call, range(3)))
        assert set(versions) == {1, 2}
        (base / "3").mkdir()
        (base / "3" / "saved_model.pb").write_bytes(b"broken")
        time.sleep(0.6)
        call(None)
        assert versions[-1] == 2
    finally:
        assert running.stop() == 0


@pytest.mark.slow
def test_ten_new_versions_give_the_memory_of_the_old_ones_back(exported, tmp_path, png):
    shutil.copytree(exported / "tiny" / "1", tmp_path / "tiny" / "1")
    running = Server(tmp_path / "tiny", COLD)

    def used(version):
        """MiB, once a version has answered and the one before it has had time to go."""
        end = time.monotonic() + 120
        while running.rest("tiny")[1]["model_version_status"][0]["version"] != str(version):
            assert time.monotonic() < end
            time.sleep(0.2)
        for _ in range(3):
            running.predict(image_bytes=[png])
        time.sleep(1)
        return running.resident()

    try:
        first = used(1)
        for version in range(2, 12):
            # Not half copied.
            shutil.copytree(exported / "tiny" / "1", tmp_path / "copy")
            (tmp_path / "copy").rename(tmp_path / "tiny" / str(version))
            last = used(version)
            shutil.rmtree(tmp_path / "tiny" / str(version - 1))
        print(f"{first:.0f} MiB with the first version, {last:.0f} after ten more")
        assert last < 1.3 * first
    finally:
        running.stop()


def test_requests_in_flight_are_finished_at_the_end(exported, png):
    running = Server(exported / "tiny", COLD)
    running.predict(image_bytes=[png])
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        reply = pool.submit(running.predict, image_bytes=[png] * 100)
        time.sleep(0.2)
        assert running.stop() == 0
        assert len(reply.result()["code_bytes"]) == 100


def test_tls_encrypts_both(exported, tmp_path, png):
    cryptography = pytest.importorskip("cryptography")
    key, certificate = self_signed(tmp_path, cryptography)
    running = Server(
        exported / "tiny", f"--tls_key={key}", f"--tls_certificate={certificate}", COLD
    )
    try:
        credentials = grpc.ssl_channel_credentials(certificate.read_bytes())
        running.channel = grpc.secure_channel(f"localhost:{running.ports[0]}", credentials)
        assert running.predict(image_bytes=[png])["width"].tolist() == [160]
        import ssl

        context = ssl.create_default_context(cafile=str(certificate))
        address = f"https://localhost:{running.ports[1]}/v1/models/tiny"
        with urllib.request.urlopen(address, context=context) as reply:
            assert reply.status == 200
    finally:
        running.stop()
