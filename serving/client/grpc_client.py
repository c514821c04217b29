#!/usr/bin/env python3
"""Encode, decode, restore files by TensorFlow Serving's gRPC API.

    pip install tensorflow-serving-api
    python grpc_client.py encode photos --output_dir=small --address=localhost:8500
    python grpc_client.py decode small --output_dir=restored
    python grpc_client.py restore old --output_dir=better

EXIF and colour profile are kept; an ordinary JPEG that restoring would do nothing for, or harm, is
copied as it is. A file that fails does not stop the others; exit code 1 if any
failed.
"""

import argparse
import functools
import os
import pathlib
import sys

# The messages of a TensorFlow that starts: none is about this client.
os.environ["TF_CPP_MIN_LOG_LEVEL"] = os.environ.get("TF_CPP_MIN_LOG_LEVEL", "3")
import files
import grpc
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

#: Statuses after which it is worth trying again.
RETRIED = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.RESOURCE_EXHAUSTED}
MAX_MESSAGE_BYTES = 256 * 1024**2


@functools.cache
def stub(address: str, ca: str | None) -> prediction_service_pb2_grpc.PredictionServiceStub:
    """The service; one channel for all files."""
    # gRPC's own limit of 4 MB is too low for pictures.
    options = [
        ("grpc.max_receive_message_length", MAX_MESSAGE_BYTES),
        ("grpc.max_send_message_length", MAX_MESSAGE_BYTES),
    ]
    if ca is None:
        channel = grpc.insecure_channel(address, options)
    else:
        credentials = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes())
        channel = grpc.secure_channel(address, credentials, options)
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def call(options: argparse.Namespace, content: bytes) -> bytes:
    """One file through the server, once."""
    given, wanted, _ = files.RESULT[options.verb]
    signature, numbers = files.signature(options)
    request = predict_pb2.PredictRequest()
    request.model_spec.name = options.model
    request.model_spec.signature_name = signature
    one = {"dim": [{"size": 1}]}
    request.inputs[given].CopyFrom(
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=one, string_val=[content])
    )
    for name, number in numbers.items():
        typed: dict = {"dtype": types_pb2.DT_INT32, "int_val": [number]}
        if isinstance(number, float):
            typed = {"dtype": types_pb2.DT_FLOAT, "float_val": [number]}
        request.inputs[name].CopyFrom(tensor_pb2.TensorProto(tensor_shape=one, **typed))
    try:
        reply = stub(options.address, options.ca).Predict(request, timeout=options.deadline)
    except grpc.RpcError as error:
        # After the first line, TensorFlow Serving says where in the graph the error arose.
        message = f"{error.code().name}: {(error.details() or '').split(chr(10))[0]}"
        if error.code() in RETRIED:
            raise files.TryAgainError(f"{options.address}: {message}") from error
        raise RuntimeError(message) from error
    return reply.outputs[wanted].string_val[0]


if __name__ == "__main__":
    sys.exit(files.run(files.parser(__doc__, "localhost:8500").parse_args(), call))
