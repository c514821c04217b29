import io
import json
import logging

import pytest

from comrec_tf.server import logs


@pytest.fixture
def log(log_handlers_as_before, monkeypatch):
    stream = io.StringIO()
    monkeypatch.setattr(logging.getLogger(), "handlers", [logging.StreamHandler(stream)])
    return logging.getLogger("comrec_tf.test"), stream


def test_of_lines_of_one_kind_a_few_a_minute_are_written(log, monkeypatch):
    logger, stream = log
    now = [1000.0]
    monkeypatch.setattr(logs.time, "monotonic", lambda: now[0])
    logs.configure(as_json=False)
    for number in range(1000):
        logger.error("garbage from %d", number)
    logger.error("another kind")
    assert stream.getvalue().splitlines() == [
        *(f"garbage from {number}" for number in range(5)),
        "another kind",
    ]
    now[0] += 61
    logger.error("garbage from %d", 7)
    assert stream.getvalue().splitlines()[-1] == "garbage from 7 (and 995 like it before)"


def test_json_lines_bring_what_was_told_beside_the_message(log):
    logger, stream = log
    logs.configure(as_json=True)
    logger.warning("serving %s", "tiny", extra={"model": "tiny", "version": 2})
    line = json.loads(stream.getvalue())
    assert (line["message"], line["severity"]) == ("serving tiny", "WARNING")
    assert (line["model"], line["version"]) == ("tiny", 2)
