"""What the embedded server does beside the graph."""

import base64
import io
import sys
import time

import grpc
import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.codecs import catalog
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.rate_control import Target

predict_pb2 = pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from tensorflow_serving.apis import prediction_service_pb2_grpc  # noqa: E402

from comrec_tf.compression.compressor import Compressor  # noqa: E402
from comrec_tf.presets import weights  # noqa: E402
from comrec_tf.server.errors import RequestError  # noqa: E402
from comrec_tf.server.local import LocalSignatures  # noqa: E402
from tests.makers import make_model  # noqa: E402
from tests.server.running import COLD, Server  # noqa: E402

pytestmark = pytest.mark.slow


def pixels_of(content) -> np.ndarray:
    return np.asarray(PIL.Image.open(io.BytesIO(content))).astype(int)


def test_compress_does_what_the_command_does(server, compressor, photo):
    """Targets, metadata, formats that TensorFlow does not read."""
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    buffer = io.BytesIO()
    picture = PIL.Image.fromarray(photo)
    picture.save(buffer, "WEBP", lossless=True, exif=exif.tobytes())
    upright = np.asarray(picture.transpose(PIL.Image.Transpose.ROTATE_270))
    for kind, value in (("max_bytes", 2000), ("quality", 40), ("psnr", 25), ("bits_per_pixel", 1)):
        reply = server.predict(
            "compress",
            image_bytes=[buffer.getvalue()],
            target=[kind.encode()],
            value=np.array([value], np.float32),
        )
        (code,) = reply["code_bytes"]
        header = container.read(code)
        assert (header.height, header.width) == upright.shape[:2]
        assert carriers.extract_metadata(code).exif
        assert reply["met"].tolist() == [True]
        expected = compressor.encode_to(
            upright, Target(kind, value), metadata=carriers.extract_metadata(code)
        )
        assert code == expected.content
        restored = server.predict("decode", code_bytes=[code])["image_bytes"][0]
        difference = pixels_of(restored) - compressor.decode(code)
        assert np.abs(difference).max() <= 1
    given = {
        "image_bytes": [{"b64": base64.b64encode(buffer.getvalue()).decode()}],
        "target": ["bits_per_pixel"],
        "value": [1.5],
        "scale": [2],
        "codec": ["webp"],
    }
    code, reply = server.rest("tiny:predict", {"signature_name": "compress", "inputs": given})
    assert code == 200, reply
    content = base64.b64decode(reply["outputs"]["code_bytes"][0]["b64"])
    assert content[8:12] == b"WEBP"
    # What the graph cannot restore, the engine beside it does, with metadata.
    restored = server.predict("decode", code_bytes=[content])["image_bytes"][0]
    np.testing.assert_array_equal(pixels_of(restored), compressor.decode(content))
    assert PIL.Image.open(io.BytesIO(restored)).getexif()[0x010E] == "a description"
    assert reply["outputs"]["scale"] == [2]
    for name, value, message in (
        ("target", ["beauty"], "a target is one of"),
        ("value", [-1], "must be positive"),
        ("codec", ["gif"], "gif"),
        ("scale", [3], "a scale of (1, 2). Received: scale=3"),
        ("image_bytes", ["junk"], "not a picture"),
    ):
        body = {"signature_name": "compress", "inputs": {**given, name: value}}
        code, reply = server.rest("tiny:predict", body)
        assert (code, message in reply["error"]) == (400, True), reply


@pytest.fixture(scope="module")
def beside(tmp_path_factory):
    """The signatures of a preset without a model, and its compressor."""
    folder = tmp_path_factory.mktemp("local")
    pairs = [make_model(scale=scale, codec=FlatJpegCodec()) for scale in (1, 2)]
    weights.save_preset(pairs, folder)
    signatures = LocalSignatures(folder)
    yield signatures, Compressor.from_preset(folder)
    signatures.close()


def test_ordinary_jpegs_are_restored_with_what_goes_with_them(beside, photo, grey_photo):
    signatures, compressor = beside
    exif = PIL.Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "a description"
    contents = []
    for picture, quality in ((photo, 30), (grey_photo[..., 0], 50), (photo, 99)):
        buffer = io.BytesIO()
        PIL.Image.fromarray(picture).save(buffer, "JPEG", quality=quality, exif=exif.tobytes())
        contents.append(buffer.getvalue())
    given = {"image_bytes": np.array(contents, object)}
    for name, strength in (("restore", 1.0), ("restore_strength", 0.25)):
        more = {"strength": np.array([strength], np.float32)} if strength < 1 else {}
        reply = signatures.run(name, {**given, **more}, None)
        assert reply["restored"].tolist() == [True, True, False]
        expected = [compressor.restore_jpeg(one, strength=strength) for one in contents]
        assert reply["quality"].tolist() == [one.quality for one in expected]
        for content, one in zip(reply["image_bytes"][:2], expected, strict=False):
            np.testing.assert_array_equal(pixels_of(content), np.squeeze(one.picture))
            assert PIL.Image.open(io.BytesIO(content)).getexif()[0x010E] == "a description"
        assert reply["image_bytes"][2] == contents[2]
    wrong = np.array([2.0], np.float32)
    for inputs, message in (
        ({"image_bytes": np.array([b"junk"], object)}, "JPEG|not a picture"),
        ({**given, "strength": wrong}, "strength must be from 0 to 1"),
        ({**given, "strength": np.ones(2, np.float32)}, "expected one strength"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            signatures.run("restore_strength", {"strength": np.ones(1, np.float32), **inputs}, None)
        assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT
    with pytest.raises(RequestError, match="deadline has passed"):
        signatures.run("restore", given, time.monotonic() - 1)


@pytest.mark.parametrize("codec", ["avif", "jpeg-xl"])
def test_every_format_can_be_asked_for_by_a_quality(beside, png, photo, codec):
    """Numbers come as float32, and JPEG XL packs what the preset's own encoder makes."""
    signatures, compressor = beside
    reply = signatures.run("compress", asked(png, codec), None)
    own = catalog.make_codec_for(codec, compressor.codec)
    expected = compressor.with_codec(own).encode_to(photo, Target("quality", 50), [2], plain=False)
    assert reply["code_bytes"].tolist() == [expected.content]


def test_a_format_of_an_extra_that_is_not_installed_is_said_to_be_one(beside, png, monkeypatch):
    monkeypatch.setitem(sys.modules, "imagecodecs", None)
    signatures, _ = beside
    with pytest.raises(RequestError, match=r"jpeg-xl needs imagecodecs: .*\[codecs\]") as caught:
        signatures.run("compress", asked(png, "jpeg-xl"), None)
    assert caught.value.code is grpc.StatusCode.INVALID_ARGUMENT


def asked(content, codec) -> dict:
    return {
        "image_bytes": np.array([content], object),
        "target": np.array([b"quality"], object),
        "value": np.array([50], np.float32),
        "scale": np.array([2], np.int32),
        "codec": np.array([codec.encode()], object),
    }


def test_samples_are_files_that_both_engines_restore(beside):
    signatures, compressor = beside
    samples = signatures.samples()
    assert [container.read(one).scale for one in samples] == [1, 2]
    assert all(compressor.decode(one).shape == (192, 192, 3) for one in samples)


def test_the_engine_that_restores_is_told_and_can_be_chosen(server, exported, compressor, photo):
    code = compressor.encode(photo, 40).content
    expected = compressor.decode(code).astype(int)
    other = Server(exported / "tiny", "--engine=litert", COLD)
    try:
        for running, engine in ((server, "tensorflow"), (other, "litert")):
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "tiny"
            request.model_spec.signature_name = "decode"
            request.inputs["code_bytes"].CopyFrom(tf.make_tensor_proto([code]))
            stub = prediction_service_pb2_grpc.PredictionServiceStub(running.channel)
            reply, call = stub.Predict.with_call(request, timeout=60)
            assert dict(call.trailing_metadata())["comrec-engine"] == engine
            content = reply.outputs["image_bytes"].string_val[0]
            restored = np.asarray(PIL.Image.open(io.BytesIO(content))).astype(int)
            assert np.abs(restored - expected).max() <= 1
            for name in ("decode_jpeg", "decode_jpeg_quality"):
                given = {"quality": np.array([95], np.int32)} if "quality" in name else {}
                jpeg = running.predict(name, code_bytes=[code], **given)["image_bytes"][0]
                restored = np.asarray(PIL.Image.open(io.BytesIO(jpeg))).astype(int)
                assert np.abs(restored - expected).mean() < 3
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo).save(buffer, "JPEG", quality=30)
        ordinary = compressor.restore_jpeg(buffer.getvalue())
        for running in (server, other):
            for name, strength in (("restore", 1.0), ("restore_strength", 0.0)):
                files = [buffer.getvalue()] * 2
                given = {"strength": np.array([strength], np.float32)} if strength < 1 else {}
                reply = running.predict(name, image_bytes=files, **given)
                assert reply["restored"].tolist() == 2 * [strength > 0]
                assert reply["quality"].tolist() == [30, 30]
                if strength:
                    difference = pixels_of(reply["image_bytes"][1]) - ordinary.picture
                    assert np.abs(difference).max() <= 1
                else:
                    assert reply["image_bytes"].tolist() == files
            for bad, message in ((b"junk", "JPEG"), (buffer.getvalue()[:900], "JPEG")):
                with pytest.raises(grpc.RpcError, match=message) as caught:
                    running.predict("restore", image_bytes=[bad])
                assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
        assert "compress" in str(server.rest("tiny/metadata")[1]["metadata"]["signature_def"])
    finally:
        assert other.stop() == 0
