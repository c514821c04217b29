"""The gRPC API over a Unix socket of this process."""

import asyncio

import numpy as np
import pytest
import tensorflow as tf

pytest.importorskip("tensorflow_serving.apis.predict_pb2")
pytest.importorskip("grpc_health")
import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc
from tensorflow_serving.apis import (
    get_model_metadata_pb2,
    get_model_status_pb2,
    model_service_pb2_grpc,
    predict_pb2,
    prediction_service_pb2_grpc,
)

from comrec_tf.server.admission import Admission
from comrec_tf.server.answers import Predictor
from comrec_tf.server.grpc_api import GrpcApi
from comrec_tf.server.metrics import Metrics


@pytest.fixture
def call(echo_store, tmp_path):
    """Runs a coroutine that gets a channel to a started API, and the API."""

    def run(client, store=echo_store, predictor=None):
        async def main():
            admission = Admission()
            api = GrpcApi(
                store,
                predictor or Predictor(store),
                admission,
                Metrics(),
                max_message_bytes=100_000,
            )
            await api.start(str(tmp_path / "socket"))
            async with grpc.aio.insecure_channel(f"unix:{tmp_path / 'socket'}") as channel:
                result = await client(channel, api)
            await api.stop(1.0)
            admission.close()
            return result

        return asyncio.run(main())

    return run


def request_of(**inputs):
    request = predict_pb2.PredictRequest()
    request.model_spec.name = "tiny"
    for name, value in inputs.items():
        request.inputs[name].CopyFrom(tf.make_tensor_proto(value))
    return request


async def refused(call) -> tuple[str, str]:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await call
    return caught.value.code().name, caught.value.details()


def test_predict_answers_and_says_what_computed_it(call):
    async def client(channel, _):
        made = prediction_service_pb2_grpc.PredictionServiceStub(channel).Predict(
            request_of(image_bytes=[b"a", b"b"])
        )
        return await made, dict(await made.trailing_metadata())

    reply, trailing = call(client)
    assert tf.make_ndarray(reply.outputs["code_bytes"]).tolist() == [b"a", b"b"]
    assert trailing["comrec-engine"] == "tensorflow"


def test_status_and_metadata_are_told(call):
    async def client(channel, _):
        status = get_model_status_pb2.GetModelStatusRequest()
        status.model_spec.name = "tiny"
        metadata = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["signature_def"])
        metadata.model_spec.name = "tiny"
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        wrong = get_model_metadata_pb2.GetModelMetadataRequest(metadata_field=["other"])
        return (
            await model_service_pb2_grpc.ModelServiceStub(channel).GetModelStatus(status),
            await stub.GetModelMetadata(metadata),
            await refused(stub.GetModelMetadata(wrong)),
        )

    status, metadata, wrong = call(client)
    assert [(one.version, one.state) for one in status.model_version_status] == [(1, 30)]
    signatures = get_model_metadata_pb2.SignatureDefMap()
    metadata.metadata["signature_def"].Unpack(signatures)
    assert "times" in signatures.signature_def
    assert wrong == ("INVALID_ARGUMENT", "expected the metadata field signature_def and no other")


def test_errors_are_statuses_and_unexpected_ones_are_internal(call, echo_store, caplog):
    class Broken(Predictor):
        def grpc(self, *arguments):
            raise ZeroDivisionError("a secret")

    async def client(channel, _):
        stub = prediction_service_pb2_grpc.PredictionServiceStub(channel)
        return await refused(stub.Predict(request_of(image_bytes=np.zeros(3, np.int32))))

    assert call(client)[0] == "INVALID_ARGUMENT"
    assert call(client, predictor=Broken(echo_store)) == ("INTERNAL", "internal error")
    assert "ZeroDivisionError" in caplog.text


def test_health_says_when_no_more_requests_are_wanted(call):
    async def client(channel, api):
        stub = health_pb2_grpc.HealthStub(channel)
        seen = []
        for name in ("", "tensorflow.serving.PredictionService"):
            request = health_pb2.HealthCheckRequest(service=name)
            seen.append((await stub.Check(request)).status)
        await api.drain()
        for name in ("", "tensorflow.serving.PredictionService"):
            request = health_pb2.HealthCheckRequest(service=name)
            seen.append((await stub.Check(request)).status)
        return seen

    status = health_pb2.HealthCheckResponse
    assert call(client) == [status.SERVING] * 3 + [status.NOT_SERVING]


def test_a_certificate_that_is_none_is_an_error(echo_store, tmp_path):
    (tmp_path / "key.pem").write_text("no key")

    async def main():
        admission = Admission()
        api = GrpcApi(
            echo_store, Predictor(echo_store), admission, Metrics(), max_message_bytes=1000
        )
        try:
            files = (str(tmp_path / "key.pem"), str(tmp_path / "key.pem"))
            with pytest.raises(OSError, match="cannot serve gRPC"):
                await api.start(str(tmp_path / "socket"), files)
        finally:
            await api.stop(0)
            admission.close()

    asyncio.run(main())
