"""The embedded server as a process."""

import json
import pathlib
import signal
import subprocess
import sys
import urllib.error
import urllib.request

import tensorflow as tf

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
