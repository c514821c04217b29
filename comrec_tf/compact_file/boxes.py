"""The boxes that AVIF and JPEG XL files consist of (ISO/IEC 14496-12, 4.2)."""

from collections.abc import Iterator

__all__ = ["box", "boxes"]


def box(kind: bytes, content: bytes) -> bytes:
    """Make a box.

    Args:
        kind: four bytes.
        content: less than 4 GiB.

    Returns:
        The box.
    """
    return (8 + len(content)).to_bytes(4, "big") + kind + content


def boxes(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """List the outermost boxes of a file.

    Args:
        content: the file, or any bytes.

    Yields:
        Kind and content of each. If the file is cut short, the last content is shorter than its box
        says.
    """
    position = 0
    while position + 8 <= len(content):
        size = int.from_bytes(content[position : position + 4], "big")
        start = position + 8
        if size == 1:
            size = int.from_bytes(content[position + 8 : position + 16], "big")
            start += 8
        end = position + size if size else len(content)
        if end < start:
            return
        yield content[position + 4 : position + 8], content[start:end]
        position = end
