"""A Predict request from its bytes to the bytes of its answer, run in a thread by both APIs."""

import contextlib
import time
from collections.abc import Iterator, Sequence

import grpc
import numpy as np
from google.protobuf import message
from tensorflow_serving.apis import predict_pb2

from comrec_tf.server import json_tensors, pixels, tensors, wire
from comrec_tf.server.errors import RequestError, invalid
from comrec_tf.server.metrics import Request
from comrec_tf.server.servable import DEFAULT_SIGNATURE, Servable
from comrec_tf.server.store import ModelStore

__all__ = ["Predictor"]


class Predictor:
    """Answers Predict.

    Args:
        store: the models.
        max_pixels: pixels of all pictures of a request at most.
        max_reply_bytes: of an answer at most.
    """

    def __init__(
        self, store: ModelStore, *, max_pixels: int = 100_000_000, max_reply_bytes: int = 2**31 - 1
    ) -> None:
        self._store = store
        self._max_pixels = max_pixels
        self._max_reply_bytes = max_reply_bytes

    def grpc(self, content: bytes, deadline: float | None, figures: Request) -> bytes:
        """Answer a gRPC request.

        Args:
            content: a serialized PredictRequest.
            deadline: time (`time.monotonic`) when the client stops waiting; None for never.
            figures: gets what is to be counted.

        Returns:
            A serialized PredictResponse.

        Raises:
            RequestError: it cannot be answered.
        """
        wire.check_request(content)
        try:
            request = predict_pb2.PredictRequest.FromString(content)
        except message.DecodeError:
            raise invalid("the bytes are not a PredictRequest") from None
        spec = request.model_spec
        version = spec.version.value if spec.HasField("version") else None
        with self._model(figures, spec.name, version, spec.version_label) as servable:
            inputs = servable.inputs(spec.signature_name, request.inputs)
            outputs = self._run(
                servable,
                spec.signature_name,
                inputs,
                list(request.output_filter),
                deadline,
                figures,
            )
            reply = predict_pb2.PredictResponse()
            reply.model_spec.name = spec.name
            reply.model_spec.version.value = servable.version
            reply.model_spec.signature_name = spec.signature_name or DEFAULT_SIGNATURE
        for name, value in outputs.items():
            reply.outputs[name].CopyFrom(tensors.from_array(value))
        return self._reply(reply.SerializeToString(), figures)

    def rest(self, name: str, version: int | None, content: bytes, figures: Request) -> bytes:
        """Answer a REST request.

        Args:
            name: of the model.
            version: which; the newest if None.
            content: the body.
            figures: gets what is to be counted.

        Returns:
            JSON.

        Raises:
            RequestError: it cannot be answered.
        """
        with self._model(figures, name, version) as servable:
            body = json_tensors.parse(content)
            try:
                signature = servable.signature(body.signature_name)
            except RequestError as error:
                # Over REST this is TensorFlow Serving's status.
                raise invalid(error.message) from None
            inputs = json_tensors.arrays(body, signature.inputs)
            outputs = self._run(servable, body.signature_name, inputs, (), None, figures)
        return self._reply(json_tensors.reply(outputs, by_rows=body.by_rows), figures)

    @contextlib.contextmanager
    def _model(
        self, figures: Request, name: str, version: int | None, label: str = ""
    ) -> Iterator[Servable]:
        with self._store.borrow(name, version, label) as servable:
            # Only now, so that unknown names do not become labels of the metrics.
            figures.model = name
            yield servable

    def _run(
        self,
        servable: Servable,
        signature_name: str,
        inputs: dict[str, np.ndarray],
        wanted: Sequence[str],
        deadline: float | None,
        figures: Request,
    ) -> dict[str, np.ndarray]:
        figures.pixels = pixels.count(inputs)
        if figures.pixels > self._max_pixels:
            figures.pixels = 0
            raise invalid(
                f"the pictures of a request must have at most {self._max_pixels} pixels in all"
            )
        begun = time.monotonic()
        outputs = servable.run(signature_name, inputs, wanted, deadline)
        figures.run_seconds = time.monotonic() - begun
        figures.engine = servable.engine(signature_name, inputs)
        return outputs

    def _reply(self, content: bytes, figures: Request) -> bytes:
        figures.bytes_out = len(content)
        if len(content) > self._max_reply_bytes:
            raise RequestError(
                grpc.StatusCode.RESOURCE_EXHAUSTED,
                f"the answer has {len(content)} bytes, more than {self._max_reply_bytes}: "
                "send fewer pictures in a request",
            )
        return content
