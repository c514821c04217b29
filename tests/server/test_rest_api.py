"""The REST API as an application, without a socket."""

import asyncio
import json

import pytest

pytest.importorskip("starlette")
pytest.importorskip("tensorflow_serving.apis.predict_pb2")
from comrec_tf.server.admission import Admission
from comrec_tf.server.answers import Predictor
from comrec_tf.server.metrics import Metrics
from comrec_tf.server.rest_api import RestApi


@pytest.fixture
def metrics():
    return Metrics()


@pytest.fixture
def ask(echo_store, metrics):
    """Sends one request the way a server hands it over; returns status, headers and body."""

    def run(method, path, body=b"", headers=(), predictor=None, ready=True):
        async def main():
            admission = Admission()
            api = RestApi(
                echo_store,
                predictor or Predictor(echo_store),
                admission,
                metrics,
                max_body_bytes=1000,
            )
            api.ready = ready
            sent, waiting = [], asyncio.Event()

            async def receive():
                if not waiting.is_set():
                    waiting.set()
                    return {"type": "http.request", "body": body}
                return await asyncio.Event().wait()

            async def send(message):
                sent.append(message)

            scope = {
                "type": "http",
                "method": method,
                "path": path,
                "raw_path": path.encode(),
                "root_path": "",
                "query_string": b"",
                "headers": [(name.lower().encode(), value.encode()) for name, value in headers],
            }
            await api.app(scope, receive, send)
            admission.close()
            content = b"".join(message.get("body", b"") for message in sent[1:])
            return sent[0]["status"], dict(sent[0]["headers"]), content

        return asyncio.run(main())

    return run


def predict(body) -> tuple[str, str, bytes]:
    return "POST", "/v1/models/tiny:predict", json.dumps(body).encode()


def test_predict_answers_and_says_what_computed_it(ask):
    status, headers, content = ask(*predict({"instances": ["a", "b"]}))
    assert (status, headers[b"content-type"]) == (200, b"application/json")
    assert headers[b"comrec-engine"] == b"tensorflow"
    assert json.loads(content) == {"predictions": [{"b64": "YQ=="}, {"b64": "Yg=="}]}


def test_status_and_metadata_are_told(ask):
    for path in ("/v1/models/tiny", "/v1/models/tiny/versions/1"):
        status, _, content = ask("GET", path)
        (version,) = json.loads(content)["model_version_status"]
        assert (status, version["version"], version["state"]) == (200, "1", "AVAILABLE")
    status, _, content = ask("GET", "/v1/models/tiny/metadata")
    told = json.loads(content)
    assert (status, told["model_spec"]["name"]) == (200, "tiny")
    assert "encode" in told["metadata"]["signature_def"]["signature_def"]


@pytest.mark.parametrize(
    ("method", "path", "status", "message"),
    [
        ("GET", "/v1/models/other", 404, "other"),
        ("GET", "/v1/models/tiny/versions/9", 404, "version 9"),
        ("GET", "/v1/models/tiny/versions/x", 400, "a version number"),
        ("GET", "/v1/models/tiny/versions/" + "9" * 19, 400, "a version number"),
        ("GET", "/v1/models/tiny:predict", 400, "Malformed request"),
        ("POST", "/v1/models/tiny:classify", 400, "Malformed request"),
        ("POST", "/v1/models/tiny", 400, "Malformed request"),
        ("DELETE", "/v1/models/tiny", 404, "Malformed request"),
        ("GET", "/", 404, "Malformed request"),
        ("POST", "/v1/models/tiny:predict", 400, "JSON"),
    ],
)
def test_errors_say_what_was_wrong(ask, method, path, status, message):
    received, _, content = ask(method, path)
    assert received == status
    assert message in json.loads(content)["error"]


def test_a_body_over_the_limit_is_refused_whatever_its_head_says(ask):
    large = predict({"instances": ["x" * 2000]})
    for length in ("2020", "10", "many", "9" * 5000):
        status, _, content = ask(*large, headers=[("Content-Length", length)])
        assert status == 400
        assert "at most 1000 bytes" in json.loads(content)["error"]


def test_an_unexpected_error_is_an_internal_error(ask, echo_store, caplog):
    class Broken(Predictor):
        def rest(self, *arguments):
            raise ZeroDivisionError("a secret")

    status, _, content = ask(*predict({"instances": ["a"]}), predictor=Broken(echo_store))
    assert (status, json.loads(content)) == (500, {"error": "internal error"})
    assert "ZeroDivisionError" in caplog.text


def test_probes_say_that_it_lives_and_whether_it_takes_requests(ask):
    assert ask("GET", "/livez", ready=False)[0] == 200
    assert ask("GET", "/readyz")[0] == 200
    assert ask("GET", "/readyz", ready=False)[0] == 503


def test_requests_are_counted_with_their_status(ask, metrics):
    ask(*predict({"instances": ["a"]}))
    ask(*predict({"instances": []}))
    content = ask("GET", "/monitoring/prometheus/metrics")[2].decode()
    for status in ("OK", "INVALID_ARGUMENT"):
        line = f':tensorflow:serving:request_count{{model_name="tiny",status="{status}"}} 1.0'
        assert line in content
