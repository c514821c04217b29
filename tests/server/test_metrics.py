import pytest

pytest.importorskip("prometheus_client")
from prometheus_client import parser

from comrec_tf.server.metrics import Metrics


def samples(metrics) -> dict:
    families = parser.text_string_to_metric_families(metrics.text().decode())
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }


def test_requests_are_counted_by_model_and_status_under_the_names_of_tensorflow_serving():
    metrics = Metrics()
    for status in ("OK", "OK", "NOT_FOUND"):
        request = metrics.request("GRPC")
        request.model = "tiny" if status == "OK" else ""
        request.bytes_in, request.bytes_out, request.pixels = 10, 4, 6
        request.end(status)
    found = samples(metrics)
    name = ":tensorflow:serving:request_count"
    assert found[name, ("model_name", "tiny"), ("status", "OK")] == 2
    assert found[name, ("model_name", ""), ("status", "NOT_FOUND")] == 1
    assert found["comrec_request_bytes_total", ("model_name", "tiny")] == 20
    assert found["comrec_response_bytes_total", ("model_name", "tiny")] == 8
    assert found["comrec_pixels_total", ("model_name", "tiny")] == 12
    latency = [key for key in found if key[0] == ":tensorflow:serving:request_latency_count"]
    assert sorted(found[key] for key in latency) == [1, 2]


def test_the_time_in_the_model_is_told_by_what_computed_it():
    metrics = Metrics()
    request = metrics.request("REST")
    request.model, request.run_seconds, request.engine = "tiny", 0.25, "litert"
    request.end("OK")
    labels = (("API", "Predict"), ("model_name", "tiny"), ("runtime", "litert"))
    assert samples(metrics)[(":tensorflow:serving:runtime_latency_sum", *labels)] == 250_000


def test_gauges_are_asked_when_the_metrics_are():
    metrics, values = Metrics(), [3]
    metrics.gauge("comrec_held_bytes", "Bytes.", lambda: values[0])
    assert samples(metrics)[("comrec_held_bytes",)] == 3
    values[0] = 8
    metrics.waited(0.01)
    found = samples(metrics)
    assert (found[("comrec_held_bytes",)], found[("comrec_queue_seconds_count",)]) == (8, 1)


def test_servers_in_one_process_do_not_share_their_counts():
    one, two = Metrics(), Metrics()
    one.request("REST").end("OK")
    assert ":tensorflow:serving:request_count{" not in two.text().decode()
