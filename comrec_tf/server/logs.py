"""Logs that do not grow under attack: text or JSON, of each kind of line a few per minute."""

import json
import logging
import time

__all__ = ["Sparing", "configure"]

_PERIOD_SECONDS = 60.0
_LINES = 5
_MAX_KINDS = 256
#: Attributes of every record; all others come from `extra`.
_USUAL = set(vars(logging.makeLogRecord({})))


class Sparing(logging.Filter):
    """Lets a few lines of each kind through per minute, and says how many more there were.

    Lines of one logger with the same format string are of one kind.
    """

    def __init__(self) -> None:
        super().__init__()
        self._seen: dict[tuple[str, str], tuple[float, int]] = {}

    def filter(self, record: logging.LogRecord) -> bool:
        """Decide on a record.

        Args:
            record: what is to be logged; the number of lines left out before is added to it.

        Returns:
            Whether it is logged.
        """
        key = (record.name, str(record.msg))
        begun, count = self._seen.get(key, (0.0, 0))
        now = time.monotonic()
        if now - begun > _PERIOD_SECONDS:
            if count > _LINES:
                record.msg = f"{record.msg} (and {count - _LINES} like it before)"
            begun, count = now, 0
        if len(self._seen) >= _MAX_KINDS:
            self._seen.clear()
        self._seen[key] = (begun, count + 1)
        return count < _LINES


class _Json(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(record.created)),
            "severity": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
        }
        line.update({name: value for name, value in vars(record).items() if name not in _USUAL})
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(*, as_json: bool) -> None:
    """Set up the handlers of the process's log.

    Args:
        as_json: whether lines are JSON objects instead of text.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(Sparing())
        if as_json:
            handler.setFormatter(_Json())
