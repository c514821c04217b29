"""Servable: one version of a model, run as TensorFlow Serving runs it."""

import os
import pathlib
import time
from collections.abc import Mapping, Sequence

import grpc
import numpy as np
import tensorflow as tf

from comrec_tf.server.errors import RequestError, from_tensorflow

__all__ = ["DEFAULT_SIGNATURE", "Servable"]

DEFAULT_SIGNATURE = "serving_default"
_WARM_UP = pathlib.Path("assets.extra") / "tf_serving_warmup_requests"


class Servable:
    """A SavedModel in a TF1 session: TensorFlow Serving's own way of loading and running.

    Args:
        path: folder of the SavedModel.
        version: its version.

    Raises:
        OSError, RuntimeError: it cannot be loaded.
    """

    def __init__(self, path: str | os.PathLike[str], version: int) -> None:
        self.version = version
        self._session = tf.compat.v1.Session(graph=tf.Graph())
        meta_graph = tf.compat.v1.saved_model.loader.load(
            self._session, [tf.saved_model.SERVING], os.fspath(path)
        )
        #: Signatures by name, SignatureDef each.
        self.signatures = dict(meta_graph.signature_def)
        self.signatures.pop("__saved_model_init_op", None)
        self._warm_up(pathlib.Path(path) / _WARM_UP)

    def _warm_up(self, path: pathlib.Path) -> None:
        if not path.exists():
            return
        from tensorflow_serving.apis import prediction_log_pb2

        for record in tf.compat.v1.io.tf_record_iterator(os.fspath(path)):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            inputs = {name: tf.make_ndarray(value) for name, value in request.inputs.items()}
            self.run(request.model_spec.signature_name, inputs)

    def run(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str] = (),
        deadline: float | None = None,
    ) -> dict[str, np.ndarray]:
        """Run a signature.

        Args:
            signature_name: which; empty for the default.
            inputs: arrays by name; those that are wanting take the signature's defaults.
            outputs: which outputs; all if empty.
            deadline: time (`time.monotonic`) after which nobody waits any more.

        Returns:
            Arrays by name.

        Raises:
            RequestError: there is no such signature, an input or output is wrong, or the run fails.
        """
        signature = self.signature(signature_name)
        given = set(inputs) | set(signature.defaults)
        if given != set(signature.inputs):
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the signature has the inputs {sorted(signature.inputs)}, of which those in "
                f"{sorted(signature.defaults)} may be left out. Received: {sorted(inputs)}",
            )
        unknown = set(outputs) - set(signature.outputs)
        if unknown:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"the signature has the outputs {sorted(signature.outputs)}. "
                f"Received: {sorted(unknown)}",
            )
        feed = {
            info.name: self._checked(name, info, inputs[name])
            if name in inputs
            else tf.make_ndarray(signature.defaults[name])
            for name, info in signature.inputs.items()
        }
        fetches = {
            name: info.name
            for name, info in signature.outputs.items()
            if name in (outputs or [name])
        }
        options = None
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RequestError(grpc.StatusCode.DEADLINE_EXCEEDED, "nobody waits any more")
            options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, round(1000 * left)))
        try:
            return self._session.run(fetches, feed, options=options)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except (ValueError, TypeError) as error:
            raise RequestError(grpc.StatusCode.INVALID_ARGUMENT, str(error)) from error

    def signature(self, name: str) -> "tf.compat.v1.SignatureDef":
        """Find a signature.

        Args:
            name: empty for the default.

        Returns:
            The SignatureDef.

        Raises:
            RequestError: there is none of that name.
        """
        name = name or DEFAULT_SIGNATURE
        if name not in self.signatures:
            raise RequestError(
                grpc.StatusCode.FAILED_PRECONDITION,
                f"the model has the signatures {sorted(self.signatures)}. Received: {name}",
            )
        return self.signatures[name]

    @staticmethod
    def _checked(name: str, info: object, array: np.ndarray) -> np.ndarray:
        expected = tf.dtypes.as_dtype(info.dtype)  # type: ignore[attr-defined]
        received = tf.dtypes.as_dtype(array.dtype)
        if expected != received:
            raise RequestError(
                grpc.StatusCode.INVALID_ARGUMENT,
                f"{name} must be {expected.name}. Received: {received.name}",
            )
        return array

    def close(self) -> None:
        """Give the memory back; nothing may be running."""
        self._session.close()
