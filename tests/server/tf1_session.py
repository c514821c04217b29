"""Runs one signature as TensorFlow Serving does: a TF1 session, without Keras and comrec_tf.

    python tf1_session.py SAVED_MODEL SIGNATURE [SCALAR...] < inputs.npz > outputs.npz

Inputs named as SCALAR are fed without their first axis, by the way that, like TensorFlow Serving's,
does not hold them to the shapes of the signature.

A failed call is written to standard error as its status and message, with exit code 3.
"""

import io
import sys

# TensorFlow imports Keras where it finds it; a model server has none.
sys.modules["keras"] = sys.modules["comrec_tf"] = None

import numpy as np  # noqa: E402
import tensorflow as tf  # noqa: E402
from tensorflow.core.protobuf import config_pb2  # noqa: E402

inputs = dict(np.load(io.BytesIO(sys.stdin.buffer.read()), allow_pickle=False))
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    meta_graph = tf.compat.v1.saved_model.loader.load(session, ["serve"], sys.argv[1])
    signature = meta_graph.signature_def[sys.argv[2]]
    feed = {
        info.name: tf.make_ndarray(signature.defaults[name])
        for name, info in signature.inputs.items()
        if name in signature.defaults
    }
    for name, value in inputs.items():
        if value.dtype.kind == "u" and value.dtype.itemsize == 1 and name.endswith("_bytes"):
            # One file as bytes; NumPy's own strings drop zero bytes at their end.
            value = np.array([value.tobytes()], object)
        feed[signature.inputs[name].name] = value[0] if name in sys.argv[3:] else value
    fetches = {name: info.name for name, info in signature.outputs.items()}
    try:
        options = config_pb2.CallableOptions(feed=list(feed), fetch=list(fetches.values()))
        run = session._make_callable_from_options(options)
        outputs = dict(zip(fetches, run(*map(np.asarray, feed.values())), strict=True))
    except tf.errors.OpError as error:
        print(type(error).__name__, error.message, file=sys.stderr)
        sys.exit(3)
flat = {
    name: np.frombuffer(value[0], np.uint8) if value.dtype == object else value
    for name, value in outputs.items()
}
buffer = io.BytesIO()
np.savez(buffer, **flat)
sys.stdout.buffer.write(buffer.getvalue())
