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


@pytest.fixture(scope="module")
def call(model):
    address, name, _ = model
    stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel(address))

    def made(signature, **inputs):
        request = predict_pb2.PredictRequest()
        request.model_spec.name = name
        request.model_spec.signature_name = signature
        for key, value in inputs.items():
            request.inputs[key].CopyFrom(tf.make_tensor_proto(value))
        reply = stub.Predict(request, timeout=300, wait_for_ready=True)
        return {key: tf.make_ndarray(value) for key, value in reply.outputs.items()}

    return made


@pytest.fixture(scope="module")
def compressor(model):
    """The same networks around the encoder of the graph."""
    made = Compressor.from_preset(model[2])
    return made.with_codec(made.codec.reference_encoder())


def file_of(picture, form="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.fromarray(picture).save(buffer, form, **options)
    return buffer.getvalue()


def pixels_of(content) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(content))).astype(int)


@pytest.mark.parametrize("scale", [None, 1, 2])
def test_it_encodes_and_decodes_as_compressor(call, compressor, photo, scale):
    """Without a scale with the default of the signature, which gRPC fills in."""
    given = {"quality": np.array([40], np.int32)}
    if scale is not None:
        given["scale"] = np.array([scale], np.int32)
    reply = call("encode_quality", image_bytes=[file_of(photo)], **given)
    (code,) = reply["code_bytes"]
    assert scale in (None, reply["scale"][0])
    own = compressor.encode(photo, 40, int(reply["scale"][0])).content
    # Pixels of the compact picture may be rounded otherwise on another machine.
    assert abs(len(code) - len(own)) < 20
    expected = compressor.decode(code)
    restored = pixels_of(call("decode", code_bytes=[code])["image_bytes"][0])
    assert np.abs(restored - expected).max() <= 2
    pixels = call("decode_pixels", code_bytes=[code])["pixels"][0]
    np.testing.assert_array_equal(pixels, restored)
    for name, more in (("decode_jpeg", {}), ("decode_jpeg_quality", {"quality": [95]})):
        more = {key: np.array(value, np.int32) for key, value in more.items()}
        jpeg = pixels_of(call(name, code_bytes=[code], **more)["image_bytes"][0])
        assert np.abs(jpeg - expected).mean() < 3


def test_it_encodes_by_its_defaults_within_bytes_and_from_pixels(call, compressor, photo):
    for name in ("", "encode", "encode_pixels"):
        given = {"pixels": photo[None]} if "pixels" in name else {"image_bytes": [file_of(photo)]}
        reply = call(name, **given)
        assert compressor.decode(reply["code_bytes"][0]).shape == photo.shape
        assert (reply["height"][0], reply["width"][0]) == photo.shape[:2]
    limit = np.array([1500], np.int32)
    reply = call("encode_max_bytes", image_bytes=[file_of(photo)], max_bytes=limit)
    assert reply["met"].tolist() == [True]
    assert len(reply["code_bytes"][0]) <= 1500


def test_it_restores_ordinary_jpegs_as_compressor(call, compressor, photo):
    files = [file_of(photo, "JPEG", quality=30), file_of(photo, "JPEG", quality=99)]
    for name, strength in (("restore", 1.0), ("restore_strength", 0.5)):
        given = {"strength": np.array([strength], np.float32)} if strength < 1 else {}
        reply = call(name, image_bytes=files, **given)
        expected = compressor.restore_jpeg(files[0], strength=strength)
        assert reply["restored"].tolist() == [True, False]
        assert reply["quality"][0] == expected.quality
        assert np.abs(pixels_of(reply["image_bytes"][0]) - expected.picture).max() <= 2
        assert reply["image_bytes"][1] == files[1]


def test_what_is_wrong_is_an_invalid_argument(call, photo):
    for name, bad in (
        ("encode", {"image_bytes": [b"junk"]}),
        ("encode", {"image_bytes": file_of(photo)}),
        ("encode", {}),
        ("encode_quality", {"image_bytes": [file_of(photo)], "quality": np.int32([101])}),
        ("decode", {"code_bytes": [file_of(photo, "JPEG")]}),
        ("restore", {"image_bytes": [file_of(photo)]}),
    ):
        with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
            call(name, **bad)
