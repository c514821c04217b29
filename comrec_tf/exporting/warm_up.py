"""Requests that a server runs when it loads a model, in the file that TensorFlow Serving reads.

The file is a TFRecord of PredictionLog. TensorFlow does not have that message, so the necessary
parts of it are described here. A TensorProto in it is declared as bytes, which are encoded the
same.
"""

import functools
import os
import pathlib
from collections.abc import Callable, Mapping, Sequence

import numpy as np
import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from comrec_tf import vocabulary
from comrec_tf.exporting.encoding import ANY_SCALE

__all__ = ["requests", "write"]

_SIDE = 64
_QUALITY, _MAX_BYTES = 50, 800
_STRENGTH = 0.5

_PACKAGE = "comrec.serving"
#: Fields of each message: name, number and type; the numbers are those of tensorflow_serving/apis.
_MESSAGES = {
    "ModelSpec": [("name", 1, "string"), ("signature_name", 3, "string")],
    "Input": [("key", 1, "string"), ("value", 2, "bytes")],
    "PredictRequest": [("model_spec", 1, "ModelSpec"), ("inputs", 2, "Input")],
    "PredictLog": [("request", 1, "PredictRequest")],
    "PredictionLog": [("predict_log", 6, "PredictLog")],
}


def requests(
    signatures: Mapping[str, Callable[..., Mapping[str, tf.Tensor]]], scales: Sequence[int]
) -> list[tuple[str, dict[str, np.ndarray]]]:
    """Make requests that run each signature, and in it each pair, in grey and in colour.

    Args:
        signatures: of the SavedModel, by name.
        scales: of its pairs.

    Returns:
        What `write` takes.
    """
    made: list[tuple[str, dict[str, np.ndarray]]] = []
    quality = np.array([_QUALITY], np.int32)
    for channels in (1, 3):
        picture = tf.zeros([_SIDE, _SIDE, channels], tf.uint8)
        files = {"image_bytes": np.array([tf.io.encode_png(picture).numpy()], object)}
        made += [(name, files) for name in ("serving_default", "encode")]
        for scale in (ANY_SCALE, *scales):
            size = np.array([scale], np.int32)
            given = {**files, "quality": quality, "scale": size}
            limit = {**files, "max_bytes": np.array([_MAX_BYTES], np.int32), "scale": size}
            made += [("encode_quality", given), ("encode_max_bytes", limit)]
            reply = signatures["encode_quality"](**{k: tf.constant(v) for k, v in given.items()})
            codes = {"code_bytes": reply["code_bytes"].numpy()}
            made += [(name, codes) for name in ("decode", "decode_jpeg", "decode_pixels")]
            made.append(("decode_jpeg_quality", {**codes, "quality": quality}))
        ordinary = tf.io.encode_jpeg(picture, quality=_QUALITY).numpy()
        files = {"image_bytes": np.array([ordinary], object)}
        made.append(("restore", files))
        made.append(("restore_strength", {**files, "strength": np.array([_STRENGTH], np.float32)}))
    pixels = {"pixels": np.zeros([1, _SIDE, _SIDE, 3], np.uint8)}
    made.append(("encode_pixels", pixels))
    given = {**pixels, "quality": quality, "scale": np.array([ANY_SCALE], np.int32)}
    made.append(("encode_pixels_quality", given))
    return [(name, arrays) for name, arrays in made if name in signatures]


def write(
    folder: str | os.PathLike[str],
    requests: Sequence[tuple[str, Mapping[str, np.ndarray]]],
) -> None:
    """Write the requests of a SavedModel.

    Args:
        folder: of the SavedModel.
        requests: name of a signature, and arrays by the names of its inputs.

    Raises:
        tf.errors.OpError: the file cannot be written.
    """
    path = pathlib.Path(folder) / vocabulary.WARM_UP_IN_MODEL
    path.parent.mkdir(exist_ok=True)
    with tf.io.TFRecordWriter(os.fspath(path)) as writer:
        for signature, arrays in requests:
            log = _prediction_log()()
            request = log.predict_log.request
            request.model_spec.name = "warmup"
            request.model_spec.signature_name = signature
            for name, array in arrays.items():
                value = tf.make_tensor_proto(array).SerializeToString()
                request.inputs.add(key=name, value=value)
            writer.write(log.SerializeToString())


@functools.cache
def _prediction_log() -> type[message.Message]:
    file = descriptor_pb2.FileDescriptorProto(
        name="comrec/warm_up.proto", package=_PACKAGE, syntax="proto3"
    )
    kinds = descriptor_pb2.FieldDescriptorProto
    scalars = {"string": kinds.TYPE_STRING, "bytes": kinds.TYPE_BYTES}
    for name, fields in _MESSAGES.items():
        described = file.message_type.add(name=name)
        for field, number, kind in fields:
            described.field.add(
                name=field,
                number=number,
                label=kinds.LABEL_REPEATED if kind == "Input" else kinds.LABEL_OPTIONAL,
                type=scalars.get(kind, kinds.TYPE_MESSAGE),
                type_name=None if kind in scalars else f".{_PACKAGE}.{kind}",
            )
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PredictionLog"))
