"""Failures of a request with the status that TensorFlow Serving gives them."""

import re
from collections.abc import Iterator

import grpc
import tensorflow as tf

__all__ = ["HTTP_STATUS", "RequestError", "from_tensorflow", "invalid"]

#: HTTP status by gRPC status, as TensorFlow Serving's REST API has them.
HTTP_STATUS = {
    grpc.StatusCode.INVALID_ARGUMENT: 400,
    grpc.StatusCode.NOT_FOUND: 404,
    grpc.StatusCode.FAILED_PRECONDITION: 412,
    grpc.StatusCode.RESOURCE_EXHAUSTED: 429,
    grpc.StatusCode.INTERNAL: 500,
    grpc.StatusCode.UNAVAILABLE: 503,
    grpc.StatusCode.DEADLINE_EXCEEDED: 504,
}
#: What TensorFlow adds to a message to name the node where the error arose.
_PLACES = re.compile(r"\s*\[?\[?\{\{(function_)?node [^}]*\}\}\]?\]?\s*")
_NOT_TOLD = ("Node:", "[[", "Graph execution", "<stack")
#: What precedes a stack trace, whose lines are indented; TensorFlow adds one for graphs that this
#: process made.
_TRACES = ("Detected at", "Original stack trace")


class RequestError(Exception):
    """A request that cannot be answered.

    Args:
        code: the status.
        message: what was wrong.
    """

    def __init__(self, code: grpc.StatusCode, message: str) -> None:
        super().__init__(message)
        self.code = code
        self.message = message


def invalid(message: str) -> RequestError:
    """Make the error of a request that is wrong in itself.

    Args:
        message: what was wrong.

    Returns:
        INVALID_ARGUMENT with that message.
    """
    return RequestError(grpc.StatusCode.INVALID_ARGUMENT, message)


def from_tensorflow(error: tf.errors.OpError) -> RequestError:
    """Turn TensorFlow's error of a run into a request's.

    Args:
        error: what `Session.run` raised.

    Returns:
        The same status, or INTERNAL for one that is not in `HTTP_STATUS`, with the part of the
        message that says what was wrong, without names of the graph's nodes.
    """
    codes = {code.value[0]: code for code in HTTP_STATUS}
    code = codes.get(error.error_code, grpc.StatusCode.INTERNAL)
    # The first lines are about the graph, the last about the node.
    lines = [_PLACES.sub(" ", line).strip() for line in _without_traces(error.message or "")]
    told = [
        line
        for line in lines
        if line and not line.startswith(_NOT_TOLD) and "root error(s) found" not in line
    ]
    message = re.sub(r"^(\(\d+\) )?([A-Z_]+: )?", "", told[0]) if told else code.name
    message = message.strip().removeprefix("assertion failed: ")
    # An assertion puts its text into brackets, and its values after it.
    return RequestError(code, re.sub(r"^\[([^][]*)\]", r"\1", message))


def _without_traces(message: str) -> Iterator[str]:
    """The lines of a message without the stack trace of the code that made the node."""
    in_trace = False
    for line in message.splitlines():
        if line.startswith(_TRACES):
            in_trace = True
        elif not in_trace or (line and not line[0].isspace()):
            in_trace = False
            yield line
