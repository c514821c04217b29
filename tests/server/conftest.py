"""A model that is made in a second, and servers of it and of the tiny preset."""

import io

import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.compression.compressor import Compressor
from tests.server.running import Server


def save_echo(path) -> None:
    """A SavedModel that gives back what it gets, with a default that gRPC fills in."""
    default = tf.constant([7])

    def echo(image_bytes, times=default):
        height = tf.broadcast_to(times, tf.shape(image_bytes))
        return {"code_bytes": tf.identity(image_bytes), "height": height}

    def alone(image_bytes):
        with tf.control_dependencies(
            [tf.debugging.Assert(tf.reduce_all(image_bytes != b"junk"), ["expected no junk"])]
        ):
            return {"code_bytes": tf.identity(image_bytes)}

    files = tf.TensorSpec([None], tf.string, "image_bytes")
    both = tf.function(echo, input_signature=[files, tf.TensorSpec([None], tf.int32, "times")])
    one = tf.function(alone, input_signature=[files])
    signatures = {"serving_default": one, "encode": one, "times": both}
    tf.saved_model.save(tf.Module(), str(path), signatures=signatures)


@pytest.fixture(scope="session")
def echo_model(tmp_path_factory):
    """The folder of a model "tiny" with one version."""
    folder = tmp_path_factory.mktemp("echo") / "tiny"
    save_echo(folder / "1")
    return folder


@pytest.fixture(scope="module")
def echo_store(echo_model):
    """The same in this process."""
    from comrec_tf.server.store import ModelStore

    store = ModelStore({"tiny": echo_model})
    yield store
    store.close()


@pytest.fixture(scope="module")
def echo_server(echo_model):
    running = Server(echo_model)
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def server(exported):
    """A server of the tiny preset's model."""
    running = Server(exported / "tiny", "--engine=tensorflow")
    yield running
    assert running.stop() == 0


@pytest.fixture(scope="session")
def compressor(exported):
    """The same networks around the same encoder."""
    return Compressor.from_preset(exported / "preset")


@pytest.fixture(scope="session")
def png(photo):
    """The photo as a file."""
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "PNG")
    return buffer.getvalue()
