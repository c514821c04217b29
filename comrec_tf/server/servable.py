"""Servable: one version of a model, run as TensorFlow Serving runs it."""

import contextlib
import ctypes
import functools
import gc
import importlib.util
import logging
import os
import pathlib
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import grpc
import numpy as np
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.images import jpeg_markers
from comrec_tf.server import speed, tensors
from comrec_tf.server.errors import RequestError, from_tensorflow, invalid
from comrec_tf.server.local import LocalSignatures

__all__ = ["DEFAULT_SIGNATURE", "FASTER", "Servable"]

_log = logging.getLogger(__name__)

DEFAULT_SIGNATURE = "serving_default"
#: Stands for the engine that is faster on this machine.
FASTER = "auto"
#: The engine that runs the model itself.
_GRAPH = "tensorflow"
#: Engines that run the preset beside it: one that is always installed, and others.
_USUAL = "litert"
_OTHERS = [name for name in vocabulary.ENGINES if name not in (_GRAPH, _USUAL)]
#: Signatures that the model cannot run, only `LocalSignatures`.
_ONLY_LOCAL = frozenset({"compress"})


class Servable:
    """A SavedModel in a TF1 session, as TensorFlow Serving loads and runs it.

    If it contains its preset, `LocalSignatures` do what the graph cannot.

    Args:
        path: folder of the SavedModel.
        version: its version.
        engine: what restores JPEGs, one of `vocabulary.ENGINES`, or `FASTER` for the one of those
            installed that is the fastest here, which depends on the CPU and on the precision of the
            model; without the preset, or without a warm-up, that is "tensorflow".
        warm_up: whether to run the requests that lie beside it.
        at_once: how many requests will run at the same time. Each operation of the model has that
            share of the cores. The first `Servable` of a process decides for all.

    Raises:
        OSError, RuntimeError, ValueError: it cannot be loaded.
        RequestError: a request of the warm-up fails.
        ModuleNotFoundError: the engine is not installed.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        version: int,
        engine: str = FASTER,
        *,
        warm_up: bool = True,
        at_once: int = 1,
    ) -> None:
        self.version = version
        self._at_once = at_once
        self._engine = _GRAPH
        self._local: LocalSignatures | None = None
        self._session = tf.compat.v1.Session(graph=tf.Graph(), config=_threads(at_once))
        try:
            meta_graph = tf.compat.v1.saved_model.loader.load(
                self._session, [tf.saved_model.SERVING], os.fspath(path)
            )
            #: Signatures by name, SignatureDef each.
            self.signatures = dict(meta_graph.signature_def)
            self.signatures.pop("__saved_model_init_op", None)
            preset = pathlib.Path(path) / vocabulary.PRESET_IN_MODEL
            if preset.exists():
                beside = engine if engine not in (FASTER, _GRAPH) else _USUAL
                self._local = LocalSignatures(preset, beside)
                self.signatures.update(self._local.described())
            if warm_up:
                self._warm_up(pathlib.Path(path) / vocabulary.WARM_UP_IN_MODEL)
            if engine != FASTER:
                self._engine = engine
            elif warm_up and self._local is not None and "decode" in self.signatures:
                self._take_fastest(self._local, preset)
        except tf.errors.OpError as error:
            self.close()
            raise OSError(from_tensorflow(error).message) from error
        except BaseException:
            self.close()
            raise

    def _warm_up(self, path: pathlib.Path) -> None:
        if not path.exists():
            return
        from tensorflow_serving.apis import prediction_log_pb2

        for record in tf.compat.v1.io.tf_record_iterator(os.fspath(path)):
            request = prediction_log_pb2.PredictionLog.FromString(record).predict_log.request
            name = request.model_spec.signature_name
            self.run(name, self.inputs(name, request.inputs))

    def _take_fastest(self, usual: LocalSignatures, preset: pathlib.Path) -> None:
        """Look which engine restores a request's pictures the soonest, and keep that."""
        beside = {usual.engine: usual}
        beside |= {name: LocalSignatures(preset, name) for name in _OTHERS if _installed(name)}
        inputs = {"code_bytes": np.array(usual.samples(), object)}
        ways: dict[str, Callable[[], object]] = {
            name: functools.partial(one.run, "decode", inputs, None) for name, one in beside.items()
        }
        ways[_GRAPH] = lambda: self._run_graph("decode", inputs, (), None)
        try:
            seconds = speed.seconds_of(ways, self._at_once)
        except RequestError as error:
            # A model may have been exported for smaller pictures than the look takes.
            _log.info("version %d restores by %s: no look (%s)", self.version, _GRAPH, error)
            kept = usual
        else:
            self._engine = min(seconds, key=lambda name: seconds[name])
            told = ", ".join(f"{name} {1000 * each:.0f} ms" for name, each in seconds.items())
            line = "version %d restores by %s: a look took %s"
            _log.info(line, self.version, self._engine, told)
            kept = beside[min(beside, key=lambda name: seconds[name])]
        self._local = kept
        for one in beside.values():
            if one is not kept:
                one.close()

    def inputs(self, signature_name: str, given: Mapping[str, Any]) -> dict[str, np.ndarray]:
        """Make a signature's inputs from a gRPC request.

        Args:
            signature_name: which; empty for the default.
            given: TensorProto by name; missing ones take the signature's defaults.

        Returns:
            Arrays by name.

        Raises:
            RequestError: there is no such signature, or an input is wrong.
        """
        signature = self.signature(signature_name)
        self._check_names(signature, set(given) | set(signature.defaults), given)
        return {
            name: tensors.to_array(
                name, given[name] if name in given else signature.defaults[name], info
            )
            for name, info in signature.inputs.items()
        }

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
            inputs: arrays by name, all of them.
            outputs: which outputs; all if empty.
            deadline: time (`time.monotonic`) when the client stops waiting; None for never.

        Returns:
            Arrays by name.

        Raises:
            RequestError: there is no such signature, an input or output is wrong, or the run fails.
        """
        signature = self.signature(signature_name)
        self._check_names(signature, set(inputs), inputs)
        unknown = set(outputs) - set(signature.outputs)
        if unknown:
            raise invalid(
                f"the signature has the outputs {sorted(signature.outputs)}. "
                f"Received: {sorted(unknown)}"
            )
        if self._local is not None and self.engine(signature_name, inputs) != _GRAPH:
            made = self._local.run(signature_name, inputs, deadline)
            return {name: made[name] for name in outputs or made}
        return self._run_graph(signature_name, inputs, outputs, deadline)

    def _run_graph(
        self,
        signature_name: str,
        inputs: Mapping[str, np.ndarray],
        outputs: Sequence[str],
        deadline: float | None,
    ) -> dict[str, np.ndarray]:
        signature = self.signature(signature_name)
        feed = {info.name: inputs[name] for name, info in signature.inputs.items()}
        fetches = {
            name: info.name
            for name, info in signature.outputs.items()
            if name in (outputs or [name])
        }
        options = None
        if deadline is not None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise RequestError(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed")
            options = tf.compat.v1.RunOptions(timeout_in_ms=max(1, round(1000 * left)))
        try:
            return self._session.run(fetches, feed, options=options)
        except tf.errors.OpError as error:
            raise from_tensorflow(error) from error
        except (ValueError, TypeError) as error:
            raise invalid(str(error)) from error

    def engine(self, signature_name: str, inputs: Mapping[str, np.ndarray]) -> str:
        """Tell what computes a request.

        Args:
            signature_name: which signature.
            inputs: arrays by name.

        Returns:
            One of `vocabulary.ENGINES`.
        """
        if self._local is None or signature_name not in self._local.names:
            return _GRAPH
        if signature_name in _ONLY_LOCAL:
            return self._local.engine
        # Of compact files the graph reads JPEG alone.
        codes = inputs.get("code_bytes", np.empty(0, object)).flat
        are_jpeg = all(code.startswith(jpeg_markers.FILE_START) for code in codes)
        return self._engine if are_jpeg else self._local.engine

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
                f'Serving signature name: "{name}" not found in signature def: the model has '
                f"{', '.join(sorted(self.signatures))}",
            )
        return self.signatures[name]

    @staticmethod
    def _check_names(signature: Any, known: set[str], given: Mapping[str, Any]) -> None:
        if known != set(signature.inputs) or not set(given) <= set(signature.inputs):
            optional = sorted(signature.defaults)
            told = f", of which gRPC may leave out {optional}" if optional else ""
            raise invalid(
                f"the signature has the inputs {sorted(signature.inputs)}{told}. "
                f"Received: {sorted(given)[:8]}"
            )

    def close(self) -> None:
        """Release the memory; nothing may be running."""
        if self._local is not None:
            self._local.close()
        self._local = None
        self._session.close()
        del self._session
        self.signatures = {}
        # A graph is full of reference cycles, and the allocator keeps freed memory until asked.
        gc.collect()
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL("libc.so.6").malloc_trim(0)


def _threads(at_once: int) -> "tf.compat.v1.ConfigProto":
    """Share the cores between requests: operations that split their work wait for each other."""
    cores = len(os.sched_getaffinity(0))
    return tf.compat.v1.ConfigProto(
        intra_op_parallelism_threads=max(1, cores // at_once),
        inter_op_parallelism_threads=cores,
    )


def _installed(engine: str) -> bool:
    return importlib.util.find_spec(engine) is not None
