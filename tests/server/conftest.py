"""A model that is made in a second, and the embedded server as a process."""

import io
import json
import pathlib
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.compression.compressor import Compressor

#: Starts sooner; the first calls are slow.
COLD = "--noenable_model_warmup"

ROOT = pathlib.Path(__file__).parents[2]


class Server:
    """A running server with its ports."""

    def __init__(self, base_path, *flags, descriptors=None) -> None:
        import grpc  # of the extra `serving`

        command = [sys.executable, "-m", "comrec_tf.serve", f"--model_base_path={base_path}"]
        command += ["--port=0", "--rest_api_port=0", "--poll_seconds=0.2", *flags]
        if descriptors:
            command = ["bash", "-c", f'ulimit -n {descriptors}; exec "$@"', "-", *command]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.ports = []
        while len(self.ports) < 2:
            line = self.process.stdout.readline()
            assert line, self.process.stderr.read()
            self.ports.append(int(line.rsplit(":", 1)[1]))
        self.channel = grpc.insecure_channel(f"127.0.0.1:{self.ports[0]}")

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(60)

    def predict(self, signature="", timeout=60, model="tiny", version=None, **inputs):
        from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

        request = predict_pb2.PredictRequest()
        request.model_spec.name = model
        request.model_spec.signature_name = signature
        if version is not None:
            request.model_spec.version.value = version
        for name, value in inputs.items():
            request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
        stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)
        reply = stub.Predict(request, timeout=timeout)
        return {name: tf.make_ndarray(value) for name, value in reply.outputs.items()}

    def rest(self, path, body=None):
        data = None if body is None else json.dumps(body).encode()
        return self.get(f"/v1/models/{path}", data)

    def get(self, path, data=None):
        address = f"http://127.0.0.1:{self.ports[1]}{path}"
        try:
            with urllib.request.urlopen(urllib.request.Request(address, data), timeout=60) as reply:
                return reply.status, json.load(reply)
        except urllib.error.HTTPError as error:
            return error.code, json.load(error)

    def resident(self) -> float:
        """MiB."""
        return int(pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()[1]) / 256


def save_echo(path) -> None:
    """A SavedModel that gives back what it gets, with a default that gRPC fills in."""
    default = tf.constant([7])

    def echo(image_bytes, times=default):
        height = tf.broadcast_to(times, tf.shape(image_bytes))
        return {"code_bytes": tf.identity(image_bytes), "height": height}

    def alone(image_bytes):
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(image_bytes != b"junk"), ["expected no junk"])]
        ):
            return {"code_bytes": tf.identity(image_bytes)}

    files = tf.TensorSpec([None], tf.string, "image_bytes")
    both = tf.function(echo, input_signature=[files, tf.TensorSpec([None], tf.int32, "times")])
    one = tf.function(alone, input_signature=[files])
    signatures = {"serving_default": one, "encode": one, "times": both}
    tf.saved_model.save(tf.Module(), str(path), signatures=signatures)


@pytest.fixture(scope="session")
def echo_model(tmp_path_factory):
    """The folder of a model "tiny" with one version."""
    folder = tmp_path_factory.mktemp("echo") / "tiny"
    save_echo(folder / "1")
    return folder


@pytest.fixture(scope="module")
def echo_store(echo_model):
    """The same in this process."""
    from comrec_tf.server.store import ModelStore

    store = ModelStore({"tiny": echo_model})
    yield store
    store.close()


@pytest.fixture(scope="module")
def echo_server(echo_model):
    running = Server(echo_model)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def server(exported):
    """A server of the tiny preset's model."""
    running = Server(exported / "tiny", "--engine=tensorflow")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def compressor(exported):
    """The same networks around the same encoder."""
    return Compressor.from_preset(exported / "preset")


@pytest.fixture(scope="session")
def png(photo):
    """The photo as a file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    return buffer.getvalue()
