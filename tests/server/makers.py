"""Small things that tests of the server send."""

import io

import PIL.Image
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2


def info_of(dtype, shape):
    return meta_graph_pb2.TensorInfo(
        dtype=tf.as_dtype(dtype).as_datatype_enum,
        tensor_shape=tf.TensorShape(shape).as_proto(),
    )


def png(height, width) -> bytes:
    buffer = io.BytesIO()
    PIL.Image.new("L", (width, height)).save(buffer, "PNG")
    return buffer.getvalue()
