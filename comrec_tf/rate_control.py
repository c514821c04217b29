"""From a target to a quality, by search over real encodes."""

from collections.abc import Callable, Sequence

__all__ = ["largest_quality"]


def largest_quality(
    encode: Callable[[int], bytes], qualities: Sequence[int], max_bytes: int
) -> tuple[int, bytes] | None:
    """Find the largest quality whose file is small enough.

    Args:
        encode: quality -> file; files grow with quality, but for small dips.
        qualities: the candidates, rising.
        max_bytes: size of the file at most.

    Returns:
        The quality and its file, or None where even the first quality's file is larger.
    """
    low, high = 0, len(qualities) - 1
    best = None
    while low <= high:
        middle = (low + high) // 2
        content = encode(qualities[middle])
        if len(content) <= max_bytes:
            best = (qualities[middle], content)
            low = middle + 1
        else:
            high = middle - 1
    return best
