"""Metrics for Prometheus: TensorFlow Serving's, and some more."""

import time
from collections.abc import Callable, Iterator

import prometheus_client
from prometheus_client import core

__all__ = ["Metrics", "Request"]

#: TensorFlow Serving's: microseconds, 10 * 1.8 ** n.
_MICROSECONDS = [10 * 1.8**power for power in range(33)]
_SECONDS = [0.001, 0.005, 0.02, 0.1, 0.5, 2.0, 10.0, 60.0]


class Metrics:
    """The metrics of a server."""

    def __init__(self) -> None:
        # The start times of series are not needed, and would double the number of lines.
        prometheus_client.disable_created_metrics()
        self._registry = prometheus_client.CollectorRegistry()
        self._counts: dict[tuple[str, str], int] = {}
        self._registry.register(self)

        def histogram(name: str, text: str, labels: list[str]) -> prometheus_client.Histogram:
            return prometheus_client.Histogram(
                name, text, labels, registry=self._registry, buckets=_MICROSECONDS
            )

        def counter(name: str, text: str) -> prometheus_client.Counter:
            return prometheus_client.Counter(name, text, ["model_name"], registry=self._registry)

        self._latency = histogram(
            ":tensorflow:serving:request_latency",
            "Distribution of wall time (in microseconds) for Tensorflow Serving request.",
            ["model_name", "API", "entrypoint"],
        )
        self._runtime = histogram(
            ":tensorflow:serving:runtime_latency",
            "Distribution of wall time (in microseconds) for Tensorflow runtime.",
            ["model_name", "API", "runtime"],
        )
        self._bytes_in = counter("comrec_request_bytes", "Bytes of requests.")
        self._bytes_out = counter("comrec_response_bytes", "Bytes of answers.")
        self._pixels = counter("comrec_pixels", "Pixels of originals, encoded or restored.")
        self._queue = prometheus_client.Histogram(
            "comrec_queue_seconds",
            "Seconds that requests waited for their turn.",
            registry=self._registry,
            buckets=_SECONDS,
        )

    def gauge(self, name: str, text: str, value: Callable[[], float]) -> None:
        """Add a metric whose value is read whenever the metrics are.

        Args:
            name: of the metric.
            text: what it says.
            value: returns it.
        """
        prometheus_client.Gauge(name, text, registry=self._registry).set_function(value)

    def waited(self, seconds: float) -> None:
        """Count a request's wait for its turn.

        Args:
            seconds: how long.
        """
        self._queue.observe(seconds)

    def request(self, entrypoint: str) -> "Request":
        """Begin to count a request.

        Args:
            entrypoint: "GRPC" or "REST".

        Returns:
            The request; set its figures, then call `end`.
        """
        return Request(self, entrypoint)

    def count(self, request: "Request", status: str) -> None:
        """Count a request that has ended.

        Args:
            request: its figures.
            status: name of its gRPC status.
        """
        key = (request.model, status)
        self._counts[key] = self._counts.get(key, 0) + 1
        elapsed = 1e6 * (time.monotonic() - request.begun)
        self._latency.labels(request.model, "Predict", request.entrypoint).observe(elapsed)
        if request.run_seconds:
            labels = (request.model, "Predict", request.engine)
            self._runtime.labels(*labels).observe(1e6 * request.run_seconds)
        self._bytes_in.labels(request.model).inc(request.bytes_in)
        self._bytes_out.labels(request.model).inc(request.bytes_out)
        self._pixels.labels(request.model).inc(request.pixels)

    def collect(self) -> Iterator[core.Metric]:
        """Give TensorFlow Serving's counter, whose name lacks the usual ending of counters.

        Returns:
            The metric.
        """
        name = ":tensorflow:serving:request_count"
        metric = core.Metric(name, "The total number of requests.", "unknown")
        for (model, status), value in list(self._counts.items()):
            metric.add_sample(name, {"model_name": model, "status": status}, value)
        yield metric

    def text(self) -> bytes:
        """Give all metrics in Prometheus's text format."""
        return prometheus_client.generate_latest(self._registry)


class Request:
    """One request's figures.

    Attributes:
        model: its name, empty where there is no such model.
        bytes_in, bytes_out: of the request and its answer.
        pixels: of the originals in it.
        run_seconds: in the model.
        engine: the engine that has computed it; see `Servable.engine`.
    """

    def __init__(self, metrics: Metrics, entrypoint: str) -> None:
        self.entrypoint = entrypoint
        self.begun = time.monotonic()
        self.model = ""
        self.bytes_in = 0
        self.bytes_out = 0
        self.pixels = 0
        self.run_seconds = 0.0
        self.engine = ""
        self._metrics = metrics

    def end(self, status: str) -> None:
        """Count it.

        Args:
            status: name of its gRPC status.
        """
        self._metrics.count(self, status)
