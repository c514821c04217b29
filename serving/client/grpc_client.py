#!/usr/bin/env python3
"""Encode and decode files by TensorFlow Serving's gRPC API.

    pip install tensorflow-serving-api
    python grpc_client.py encode photos --output_dir=small --address=localhost:8500
    python grpc_client.py decode small --output_dir=restored

A file that fails does not stop the others; exit code 1 if any failed.
"""

import argparse
import functools
import json
import pathlib
import sys

import grpc
import rest_client
from tensorflow.core.framework import tensor_pb2, types_pb2
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc

#: gRPC's own retries, with longer and longer waits.
RETRIES = {
    "methodConfig": [
        {
            "name": [{"service": "tensorflow.serving.PredictionService"}],
            "retryPolicy": {
                "maxAttempts": 5,
                "initialBackoff": "0.2s",
                "maxBackoff": "10s",
                "backoffMultiplier": 2,
                "retryableStatusCodes": ["UNAVAILABLE", "RESOURCE_EXHAUSTED"],
            },
        }
    ]
}


@functools.cache
def stub(address: str, ca: str | None) -> prediction_service_pb2_grpc.PredictionServiceStub:
    """The service; one channel for all files."""
    options = [
        ("grpc.max_receive_message_length", 256 * 1024**2),
        ("grpc.max_send_message_length", 256 * 1024**2),
        ("grpc.service_config", json.dumps(RETRIES)),
    ]
    if ca is None:
        channel = grpc.insecure_channel(address, options)
    else:
        credentials = grpc.ssl_channel_credentials(pathlib.Path(ca).read_bytes())
        channel = grpc.secure_channel(address, credentials, options)
    return prediction_service_pb2_grpc.PredictionServiceStub(channel)


def call(options: argparse.Namespace, content: bytes) -> bytes:
    """One file through the server."""
    given, wanted, _ = rest_client.RESULT[options.verb]
    request = predict_pb2.PredictRequest()
    request.model_spec.name = options.model
    request.model_spec.signature_name = options.verb
    one = {"dim": [{"size": 1}]}
    request.inputs[given].CopyFrom(
        tensor_pb2.TensorProto(dtype=types_pb2.DT_STRING, tensor_shape=one, string_val=[content])
    )
    if options.verb == "encode" and options.quality:
        request.inputs["quality"].CopyFrom(
            tensor_pb2.TensorProto(
                dtype=types_pb2.DT_INT32, tensor_shape=one, int_val=[options.quality]
            )
        )
    try:
        reply = stub(options.address, options.ca).Predict(
            request, timeout=options.deadline, wait_for_ready=True
        )
    except grpc.RpcError as error:
        raise RuntimeError(f"{error.code().name}: {error.details()}") from error
    return reply.outputs[wanted].string_val[0]


if __name__ == "__main__":
    rest_client.call = call
    sys.exit(
        rest_client.run(
            rest_client.parser(__doc__, "localhost:8500").parse_args(), rest_client.work
        )
    )
