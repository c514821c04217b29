"""Put a server of exported presets under load and count what it answers.

Clients send `encode` and `decode` for a while, over gRPC and REST in turn, and try again if the
server says so. Every reply is compared with the first for the same input, so that only right
answers count. On demand it also does: kill -9 and a new start, new versions (copied in slowly, the
old one deleted), hostile clients (`tests/server/hostile.py`), clients that leave, deadlines that
pass.
"""

import argparse
import base64
import collections
import concurrent.futures
import contextlib
import http.client
import io
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import threading
import time

import grpc
import PIL.Image
import skimage.data
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

from tests.server import hostile

_RETRIED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
_RETRIED_HTTP = {429, 503}
_ATTEMPTS = 200
_MODEL = hostile.MODEL


def main() -> int:
    """Run and print; returns the exit code: 1 if a request was lost or answered wrong."""
    soak = Soak(parser().parse_args())
    try:
        return soak.run()
    finally:
        soak.close()


def parser() -> argparse.ArgumentParser:
    """Options of a run."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model_base_path", type=pathlib.Path, help="made by comrec_tf.export")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--verbs", default="encode,decode")
    parser.add_argument("--rest", action="store_true", help="every other request over REST")
    parser.add_argument("--height", type=int, default=256)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--bad_share", type=float, default=0.05, help="requests with bad bytes")
    parser.add_argument("--late_share", type=float, default=0.0, help="with 20 ms to live")
    parser.add_argument("--kills", type=int, default=0, help="times of kill -9 and a new start")
    parser.add_argument("--rolls", type=int, default=0, help="new versions, copied in slowly")
    parser.add_argument("--hostile", action="store_true", help="hostile clients all the time")
    parser.add_argument("--serve_flag", action="append", default=[], help="for comrec_tf.serve")
    parser.add_argument(
        "--checkout", default=".", help="of the server, say an older one, to take turns with"
    )
    parser.add_argument("--port", type=int, default=18500)
    return parser


class Soak:
    """A server with a copy of the model, and what is done to it."""

    def __init__(self, options: argparse.Namespace) -> None:
        self.options = options
        self.folder = options.model_base_path.parent / f".load-{options.port}"
        versions = [int(path.name) for path in options.model_base_path.glob("[0-9]*")]
        self.version = max(versions)
        self.source = options.model_base_path / str(self.version)
        # A run that was killed leaves its copy behind.
        shutil.rmtree(self.folder, ignore_errors=True)
        shutil.copytree(self.source, self.folder / str(self.version))
        self.counts: collections.Counter[str] = collections.Counter()
        self.seconds: dict[str, list[float]] = collections.defaultdict(list)
        #: Engines that answered, by verb, as the server says.
        self.engines: dict[str, set[str]] = collections.defaultdict(set)
        self.resident: list[float] = []
        self.server = self._start()
        self.channel = grpc.insecure_channel(
            f"127.0.0.1:{options.port}", [("grpc.max_reconnect_backoff_ms", 1000)]
        )
        self.stub = prediction_service_pb2_grpc.PredictionServiceStub(self.channel)

    def _start(self) -> subprocess.Popen:
        command = [sys.executable, "-m", "comrec_tf.serve", f"--port={self.options.port}"]
        command += [f"--rest_api_port={self.options.port + 1}"]
        command += [f"--model_base_path={_MODEL}={self.folder.resolve()}"]
        if self.options.hostile:
            command.append("--head_seconds=2")
        command += self.options.serve_flag
        root = pathlib.Path(self.options.checkout).resolve()
        with open(f"{self.folder}.log", "ab") as log:
            process = subprocess.Popen(  # noqa: S603
                command,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                cwd=root,
                env={**os.environ, "PYTHONPATH": str(root)},
            )
        assert process.stdout is not None
        for _ in range(2):
            if not process.stdout.readline():
                raise RuntimeError("the server did not start")
        return process

    def prepare(self) -> None:
        """Make the inputs, and take the first answers for right."""
        options = self.options
        photo = skimage.data.astronaut()[: options.height, : options.width]
        if options.width > photo.shape[1]:
            photo = skimage.data.coffee()
        size = (options.width, options.height)
        buffer = io.BytesIO()
        PIL.Image.fromarray(photo).resize(size).save(buffer, "PNG")
        code = self._call("encode", buffer.getvalue())
        self.expected = {"encode": code, "decode": self._call("decode", code)}
        self.inputs = {"encode": buffer.getvalue(), "decode": code}

    def run(self) -> int:
        """All of it; returns the exit code."""
        options = self.options
        self.prepare()
        begun = time.monotonic()
        self.end = begun + options.seconds
        self._note_memory()
        others = [threading.Thread(target=self._watch_memory)]
        if options.hostile:
            body = json.dumps(_body("encode", self.inputs["encode"])).encode()
            others.append(
                threading.Thread(
                    target=hostile.everything,
                    args=[options.port, options.port + 1, options.seconds, body],
                )
            )
        for name, count in (("_kill", options.kills), ("_roll", options.rolls)):
            if count:
                others.append(threading.Thread(target=self._at_times, args=[name, count]))
        for thread in others:
            thread.start()
        self.put_under_load()
        for thread in others:
            thread.join()
        return self._report(time.monotonic() - begun)

    def put_under_load(self) -> None:
        """Let all clients send until `end`."""
        with concurrent.futures.ThreadPoolExecutor(self.options.clients) as pool:
            for future in [pool.submit(self._client, n) for n in range(self.options.clients)]:
                future.result()

    def close(self) -> None:
        """End the server and remove its model."""
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.folder)

    def _client(self, number: int) -> None:
        options, turn = self.options, number * 7
        verbs = options.verbs.split(",")
        while time.monotonic() < self.end:
            turn += 1
            verb = verbs[turn % len(verbs)]
            rest = options.rest and turn // len(verbs) % 2 == 1
            if options.late_share and (turn + 7) % round(1 / options.late_share) == 0:
                with contextlib.suppress(grpc.RpcError):
                    self._call(verb, self.inputs[verb], timeout=0.02)
                self.counts["late, nobody waited"] += 1
                continue
            bad = options.bad_share and turn % round(1 / options.bad_share) == 0
            start = time.monotonic()
            try:
                reply = self._retried(verb, b"bad" if bad else self.inputs[verb], rest)
            except _RefusedError as error:
                self.counts["refused as asked for" if bad else "lost"] += 1
                if not bad:
                    print("lost:", error)
                continue
            if bad or reply != self.expected[verb]:
                self.counts["wrong"] += 1
            self.seconds[f"{verb} over {'REST' if rest else 'gRPC'}"].append(
                time.monotonic() - start
            )

    def _retried(self, verb: str, content: bytes, rest: bool) -> bytes:
        for attempt in range(_ATTEMPTS):
            with contextlib.suppress(_AgainError):
                return (self._call_rest if rest else self._call_again)(verb, content)
            self.counts["tried again"] += 1
            time.sleep(min(1.0, 0.05 * 2**attempt))
        raise _RefusedError(f"{_ATTEMPTS} attempts")

    def _call_again(self, verb: str, content: bytes) -> bytes:
        try:
            return self._call(verb, content)
        except grpc.RpcError as error:
            told = f"{error.code().name}: {error.details()}"
            raise _AgainError if error.code() in _RETRIED else _RefusedError(told) from error

    def _call(self, verb: str, content: bytes, timeout: float = 120.0) -> bytes:
        given, wanted = _NAMES[verb]
        request = predict_pb2.PredictRequest()
        request.model_spec.name = _MODEL
        request.model_spec.signature_name = verb
        shape = {"dim": [{"size": 1}]}
        request.inputs[given].CopyFrom(
            tensor_pb2.TensorProto(
                dtype=types_pb2.DT_STRING, tensor_shape=shape, string_val=[content]
            )
        )
        reply, told = self.stub.Predict.with_call(request, timeout=timeout)
        self.engines[verb] |= {v for k, v in told.trailing_metadata() if k == "comrec-engine"}
        return reply.outputs[wanted].string_val[0]

    def _call_rest(self, verb: str, content: bytes) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self.options.port + 1, timeout=120)
        with contextlib.closing(connection):
            try:
                path = f"/v1/models/{_MODEL}:predict"
                connection.request("POST", path, json.dumps(_body(verb, content)))
                response = connection.getresponse()
                reply = json.loads(response.read())
            except (OSError, http.client.HTTPException) as error:
                raise _AgainError from error
        if response.status in _RETRIED_HTTP:
            raise _AgainError
        if response.status != 200:
            raise _RefusedError(f"{response.status}: {reply['error']}")
        outputs = reply["outputs"]
        outputs = outputs[_NAMES[verb][1]] if isinstance(outputs, dict) else outputs
        return base64.b64decode(outputs[0]["b64"])

    def _at_times(self, name: str, count: int) -> None:
        pause = self.options.seconds / (count + 1)
        for _ in range(count):
            time.sleep(pause)
            getattr(self, name)()

    def _kill(self) -> None:
        self.server.kill()
        self.server.wait()
        # As an orchestrator does: the ports of the killed server may not be free at once.
        for pause in (0.5, 1.0, 2.0, 4.0, 8.0, 0.0):
            try:
                self.server = self._start()
                break
            except RuntimeError:
                if not pause:
                    raise
                time.sleep(pause)
        self.counts["killed and started again"] += 1

    def _roll(self) -> None:
        old, self.version = self.version, self.version + 1
        for path in sorted(self.source.rglob("*")):
            target = self.folder / str(self.version) / path.relative_to(self.source)
            if path.is_file():
                target.parent.mkdir(parents=True, exist_ok=True)
                content = path.read_bytes()
                for half in (content[: len(content) // 2], content):
                    target.write_bytes(half)
                    time.sleep(0.2)
        end = time.monotonic() + 120
        while time.monotonic() < end:
            with contextlib.suppress(OSError, http.client.HTTPException, ValueError):
                connection = http.client.HTTPConnection("127.0.0.1", self.options.port + 1)
                with contextlib.closing(connection):
                    connection.request("GET", f"/v1/models/{_MODEL}")
                    status = json.loads(connection.getresponse().read())
                    if status["model_version_status"][0]["version"] == str(self.version):
                        self.counts["versions rolled"] += 1
                        break
            time.sleep(0.3)
        else:
            print(f"version {self.version} was not taken up")
            self.counts["lost"] += 1
        shutil.rmtree(self.folder / str(old))
        self._note_memory()

    def _note_memory(self) -> None:
        with contextlib.suppress(OSError):
            statm = pathlib.Path(f"/proc/{self.server.pid}/statm").read_text()
            self.resident.append(int(statm.split()[1]) / 256)

    def _watch_memory(self) -> None:
        while time.monotonic() < self.end:
            self._note_memory()
            time.sleep(1)

    def _report(self, elapsed: float) -> int:
        for name, values in sorted(self.seconds.items()):
            marks = statistics.quantiles(values, n=100) if len(values) > 1 else values * 99
            print(
                f"{name}: {len(values)} answered, {len(values) / elapsed:.2f} a second, seconds "
                f"p50 {marks[49]:.3f}, p95 {marks[94]:.3f}, p99 {marks[98]:.3f}"
            )
        for verb, names in sorted(self.engines.items()):
            print(f"{verb} by {', '.join(sorted(names)) or 'an engine that is not told'}")
        for name in sorted({*self.counts, "wrong", "lost"}):
            print(f"{name}: {self.counts[name]}")
        memory = self.resident
        print(f"MiB: first {memory[0]:.0f}, last {memory[-1]:.0f}, most {max(memory):.0f}")
        log = pathlib.Path(f"{self.folder}.log")
        print(f"log: {log.stat().st_size} bytes")
        log.unlink()
        return 1 if self.counts["wrong"] or self.counts["lost"] else 0


class _AgainError(Exception):
    pass


class _RefusedError(Exception):
    pass


_NAMES = {"encode": ("image_bytes", "code_bytes"), "decode": ("code_bytes", "image_bytes")}


def _body(verb: str, content: bytes) -> dict:
    encoded = {"b64": base64.b64encode(content).decode()}
    return {"signature_name": verb, "inputs": {_NAMES[verb][0]: [encoded]}}


if __name__ == "__main__":
    sys.exit(main())
