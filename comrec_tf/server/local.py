"""What the embedded server computes itself, without the SavedModel's graph.

Beside a SavedModel lies the preset that it was made of. `Compressor` can do with it what operations
of a graph cannot: reach a target by judging restored pictures, read and write other formats, keep
metadata. It computes on an engine of its own.
"""

import concurrent.futures
import io
import os
import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from comrec_tf.codecs import catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import carriers
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target
from comrec_tf.images import files
from comrec_tf.server.errors import RequestError, invalid

__all__ = ["LocalSignatures"]

_JPEG_QUALITY = 95
_SAMPLE_SIDE = 192
#: Pictures of a request that are worked on at the same time.
_PARALLEL = 2
#: Dtypes by name; each is a list.
_INPUTS = {
    "image_bytes": tf.string,
    "target": tf.string,
    "value": tf.float32,
    "scale": tf.int32,
    "codec": tf.string,
}
_OUTPUTS = {
    "code_bytes": tf.string,
    "height": tf.int32,
    "width": tf.int32,
    "scale": tf.int32,
    "quality": tf.float32,
    "score": tf.float32,
    "met": tf.bool,
}
#: What a gRPC request may leave out. Then all scales and the codec alone are tried, with the
#: preset's own codec.
_DEFAULTS = {"scale": np.array([0], np.int32), "codec": np.array([b""], object)}


class LocalSignatures:
    """`compress`, and the signatures that restore, on an engine that reads .tflite files.

    Args:
        preset: folder of the preset.
        engine: "litert" or "openvino".

    Raises:
        FileNotFoundError, ValueError: there is none, or it is damaged.
        ModuleNotFoundError: the engine is not installed.
    """

    def __init__(self, preset: str | os.PathLike[str], engine: str = "litert") -> None:
        #: What computes.
        self.engine = engine
        self._compressor = Compressor.from_preset(preset, engine=engine)
        self._pool = concurrent.futures.ThreadPoolExecutor(_PARALLEL, "picture")
        self._functions: dict[str, Callable[..., dict[str, np.ndarray]]] = {
            "compress": self._compress,
            "decode": self._decode,
            "decode_jpeg": self._decode_jpeg,
            "decode_jpeg_quality": self._decode_jpeg,
        }
        if 1 in self._compressor.scales:
            self._functions |= {"restore": self._restore, "restore_strength": self._restore}

    @property
    def names(self) -> set[str]:
        """The signatures."""
        return set(self._functions)

    @staticmethod
    def described() -> dict[str, Any]:
        """Describe the signature that no SavedModel has.

        Returns:
            SignatureDef by name.
        """
        signature = tf.compat.v1.saved_model.signature_def_utils.build_signature_def(
            {name: _info(name, dtype) for name, dtype in _INPUTS.items()},
            {name: _info(name, dtype) for name, dtype in _OUTPUTS.items()},
            method_name=tf.saved_model.PREDICT_METHOD_NAME,
        )
        for name, value in _DEFAULTS.items():
            signature.defaults[name].CopyFrom(tf.make_tensor_proto(value))
        return {"compress": signature}

    def samples(self) -> list[bytes]:
        """Make a compact file of each pair, to measure how fast they are restored.

        Returns:
            JPEGs, whatever the preset's codec is: the graph can restore no other files.
        """
        compressor = self._compressor.with_codec(JpegCodec())
        picture = np.zeros((_SAMPLE_SIDE, _SAMPLE_SIDE, 3), np.uint8)
        return [compressor.encode(picture, scale=scale).content for scale in compressor.scales]

    def run(
        self, name: str, inputs: Mapping[str, np.ndarray], deadline: float | None
    ) -> dict[str, np.ndarray]:
        """Run a signature.

        Args:
            name: one of `names`.
            inputs: arrays by name, all of them, of the signature's dtypes and ranks.
            deadline: time (`time.monotonic`) when the client stops waiting; None for never.

        Returns:
            Arrays by name.

        Raises:
            RequestError: an input is wrong, or the deadline has passed.
        """

        def still_waiting(_: float = 0.0) -> None:
            if deadline is not None and time.monotonic() > deadline:
                raise RequestError(grpc.StatusCode.DEADLINE_EXCEEDED, "the deadline has passed")

        return self._functions[name](still_waiting, **inputs)

    def _each(self, one: Callable[..., Any], *columns: np.ndarray) -> list[Any]:
        """Work on several pictures at a time; errors become those that a graph would give."""

        def checked(*items: Any) -> Any:
            try:
                return one(*items)
            except (ValueError, OSError, ModuleNotFoundError) as error:
                # A codec may need an extra that this server does without.
                raise invalid(str(error)) from error

        return list(self._pool.map(checked, *columns))

    def _decode(
        self, still_waiting: Callable[[float], None], code_bytes: np.ndarray
    ) -> dict[str, np.ndarray]:
        def one(code: bytes) -> bytes:
            picture = self._compressor.decode(code, progress=still_waiting)
            return files.encode(picture, carriers.extract_metadata(code))

        return {"image_bytes": _column(self._each(one, code_bytes))}

    def _decode_jpeg(
        self,
        still_waiting: Callable[[float], None],
        code_bytes: np.ndarray,
        quality: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        codec = JpegCodec(chroma_subsampling="4:4:4")

        def one(code: bytes, quality: int) -> bytes:
            codec.check_quality(quality)
            made = codec.encode(self._compressor.decode(code, progress=still_waiting), quality)
            return carriers.embed_metadata(made, carriers.extract_metadata(code))

        given = np.array([_JPEG_QUALITY]) if quality is None else quality
        qualities = _for_each(given, code_bytes, "quality")
        return {"image_bytes": _column(self._each(one, code_bytes, qualities))}

    def _restore(
        self,
        still_waiting: Callable[[float], None],
        image_bytes: np.ndarray,
        strength: np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        def one(content: bytes, strength: float) -> tuple[bytes, bool, int]:
            done = self._compressor.restore_jpeg(
                content, strength=float(strength), progress=still_waiting
            )
            if done.restored:
                content = files.encode(done.picture, done.metadata)
            return content, done.restored, done.quality

        given = np.array([1.0]) if strength is None else strength
        strengths = _for_each(given, image_bytes, "strength")
        made = self._each(one, image_bytes, strengths)
        return {
            "image_bytes": _column([content for content, _, _ in made]),
            "restored": np.array([restored for _, restored, _ in made], bool),
            "quality": np.array([quality for _, _, quality in made], np.int32),
        }

    def _compress(
        self,
        still_waiting: Callable[[], None],
        image_bytes: np.ndarray,
        target: np.ndarray,
        value: np.ndarray,
        scale: np.ndarray,
        codec: np.ndarray,
    ) -> dict[str, np.ndarray]:
        def one(content: bytes, kind: bytes, value: float, scale: int, codec: bytes) -> Any:
            still_waiting()
            compressor = self._compressor
            source = files.load(io.BytesIO(content), max_pixels=compressor.max_pixels)
            if codec:
                name = _word(codec, "codec")
                compressor = compressor.with_codec(catalog.make_codec_for(name, compressor.codec))
            return compressor.encode_to(
                source.picture,
                Target(_word(kind, "target"), float(value)),
                [int(scale)] if scale else None,
                plain=not scale,
                metadata=source.metadata,
            )

        columns = {"target": target, "value": value, "scale": scale, "codec": codec}
        made = self._each(
            one, image_bytes, *(_for_each(c, image_bytes, name) for name, c in columns.items())
        )
        return {
            "code_bytes": _column([file.content for file in made]),
            "height": np.array([file.header.height for file in made], np.int32),
            "width": np.array([file.header.width for file in made], np.int32),
            "scale": np.array([file.scale for file in made], np.int32),
            "quality": np.array([file.quality for file in made], np.float32),
            "score": np.array(
                [np.nan if file.score is None else file.score for file in made], np.float32
            ),
            "met": np.array([file.met for file in made], bool),
        }

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()


def _info(name: str, dtype: tf.DType) -> Any:
    return meta_graph_pb2.TensorInfo(
        name=f"{name}:0",
        dtype=dtype.as_datatype_enum,
        tensor_shape=tf.TensorShape([None]).as_proto(),
    )


def _for_each(values: np.ndarray, inputs: np.ndarray, name: str) -> np.ndarray:
    if values.size not in (1, inputs.size):
        raise invalid(f"expected one {name}, or one for each input. Received: {values.size}")
    return np.broadcast_to(values, inputs.shape)


def _column(values: list[bytes]) -> np.ndarray:
    column = np.empty(len(values), object)
    column[:] = values
    return column


def _word(value: bytes, name: str) -> str:
    try:
        return value.decode("ascii")
    except UnicodeDecodeError:
        raise ValueError(f"{name} must be a word. Received: {value[:40]!r}") from None
