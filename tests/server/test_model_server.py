"""The same calls against TensorFlow Serving itself, where there is one.

Set COMREC_SERVING_ADDRESS to its gRPC address and COMREC_SERVING_MODEL to a model exported from the
preset that COMREC_SERVING_PRESET names; or have tensorflow_model_server on the PATH.
"""

import io
import os
import shutil
import socket
import subprocess

import grpc
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.compression.compressor import Compressor

predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tensorflow_serving.apis import prediction_service_pb2_grpc  # noqa: E402

pytestmark = pytest.mark.serving


@pytest.fixture(scope="module")
def model(request):
    """Address, model name and preset of a running TensorFlow Serving."""
    address = os.environ.get("COMREC_SERVING_ADDRESS")
    if address:
        name = os.environ.get("COMREC_SERVING_MODEL", "comrec")
        yield address, name, os.environ.get("COMREC_SERVING_PRESET", "comrec")
        return
    binary = shutil.which("tensorflow_model_server")
    if binary is None:
        pytest.skip("no tensorflow_model_server on the PATH and no COMREC_SERVING_ADDRESS")
    exported = request.getfixturevalue("exported")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [binary, f"--port={port}", "--model_name=tiny", f"--model_base_path={exported / 'tiny'}"]
    )
    yield f"127.0.0.1:{port}", "tiny", exported / "preset"
    process.kill()


def test_it_encodes_and_decodes_as_compressor(model, photo):
    address, name, preset = model
    compressor = Compressor.from_preset(preset)
    compressor = compressor.with_codec(compressor.codec.reference_encoder())
    stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))

    def call(signature, **inputs):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.model_spec.signature_name = signature
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        reply = stub.Predict(request, timeout=60, wait_for_ready=True)
        return {key: tf.make_ndarray(value) for key, value in reply.outputs.items()}

    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    quality = np.array([40], np.int32)
    # With the default scale, which gRPC fills in.
    reply = call("encode_quality", image_bytes=[buffer.getvalue()], quality=quality)
    (code,) = reply["code_bytes"]
    own = compressor.encode(photo, 40, int(reply["scale"][0])).content
    assert abs(len(code) - len(own)) < 20
    (content,) = call("decode", code_bytes=[code])["image_bytes"]
    restored = np.asarray(PIL.Image.open(io.BytesIO(content))).astype(int)
    assert np.abs(restored - compressor.decode(code)).max() <= 2
    for bad in ({"image_bytes": [b"junk"]}, {"image_bytes": buffer.getvalue()}):
        with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
            call("encode", **bad)
