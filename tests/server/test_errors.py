import pytest
import tensorflow as tf

pytest.importorskip("grpc")
import grpc

from comrec_tf.server import errors


def test_what_is_wrong_in_itself_is_an_invalid_argument():
    error = errors.invalid("expected two. Received: one")
    assert error.code is grpc.StatusCode.INVALID_ARGUMENT
    assert error.message == str(error) == "expected two. Received: one"
    assert errors.HTTP_STATUS[error.code] == 400


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        (tf.errors.InvalidArgumentError, "INVALID_ARGUMENT"),
        (tf.errors.ResourceExhaustedError, "RESOURCE_EXHAUSTED"),
        (tf.errors.DeadlineExceededError, "DEADLINE_EXCEEDED"),
        # What has no place in the table is nobody's fault but the server's.
        (tf.errors.DataLossError, "INTERNAL"),
    ],
)
def test_the_status_of_tensorflow_is_kept(kind, code):
    error = errors.from_tensorflow(kind(None, None, "out of something"))
    assert (error.code.name, error.message) == (code, "out of something")


def test_what_a_graph_says_is_told_without_its_nodes():
    said = "assertion failed: [expected a picture. Received: junk]\n\t [[{{node Assert/Assert}}]]"
    told = errors.from_tensorflow(tf.errors.InvalidArgumentError(None, None, said)).message
    assert "expected a picture. Received: junk" in told
    for hidden in ("node", "{{", "Detected", "assertion failed", "\n"):
        assert hidden not in told


@pytest.mark.parametrize("kind", ["session", "function"])
def test_of_a_graph_that_this_process_made_no_line_of_its_code_is_told(kind):
    """TensorFlow then says where each node was made, with paths, before what was wrong."""

    def checked(number):
        check = tf.debugging.Assert(number > 0, ["expected a positive number. Received:", number])
        with tf.control_dependencies([check]):
            return tf.identity(number)

    def in_a_session():
        with tf.Graph().as_default(), tf.compat.v1.Session() as session:
            number = tf.compat.v1.placeholder(tf.int32, [])
            session.run(checked(number), {number: -1})

    run = in_a_session if kind == "session" else lambda: tf.function(checked)(tf.constant(-1))
    with pytest.raises(tf.errors.InvalidArgumentError) as caught:
        run()
    assert __file__ in caught.value.message
    told = errors.from_tensorflow(caught.value).message
    assert told == "expected a positive number. Received: [-1]"


def test_an_error_that_says_nothing_is_named_by_its_status():
    assert errors.from_tensorflow(tf.errors.InternalError(None, None, "")).message == "INTERNAL"
