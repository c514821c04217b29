"""JSON of what commands measured, which may be infinite."""

import json
import math
from collections.abc import Mapping
from typing import Any

__all__ = ["dumps"]


def dumps(value: Any, *, indent: int | None = None) -> str:
    """Write a value as JSON, which has no infinity.

    Args:
        value: of dictionaries, lists, tuples, texts, numbers, booleans and None.
        indent: as in `json.dumps`.

    Returns:
        The text; null stands for infinity and for what is not a number.
    """
    return json.dumps(_finite(value), indent=indent, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
