"""How many threads a network has, which people say for a whole process."""

import os
import re

__all__ = ["VARIABLE", "count"]

#: Environment variable with the number of threads of a network; without it, as many as there are
#: cores. For programs that run a process for each core.
VARIABLE = "COMREC_THREADS"

_NUMBER = re.compile("[1-9][0-9]{0,3}")


def count() -> int:
    """Tell how many threads a network has.

    Returns:
        The value of `VARIABLE`, or the number of cores that this process may use.

    Raises:
        ValueError: the value is no number from 1 to 9999.
    """
    value = os.environ.get(VARIABLE)
    if not value:
        return len(os.sched_getaffinity(0))
    if not _NUMBER.fullmatch(value):
        raise ValueError(
            f"expected a whole number from 1 to 9999 in the environment variable {VARIABLE}. "
            f"Received: {value}"
        )
    return int(value)
