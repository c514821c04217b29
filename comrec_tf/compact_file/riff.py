"""The chunks that WebP files consist of (WebP Container Specification, "RIFF File Format")."""

from collections.abc import Iterator

__all__ = ["START", "chunk", "chunks", "is_webp", "webp"]

#: Where the first chunk begins.
START = 12


def is_webp(content: bytes) -> bool:
    """Tell whether a file is WebP.

    Args:
        content: the file, or its first 12 bytes.

    Returns:
        True for a container of this kind.
    """
    return content[:4] == b"RIFF" and content[8:START] == b"WEBP"


def webp(content: bytes) -> bytes:
    """Make a file.

    Args:
        content: its chunks.

    Returns:
        The file.
    """
    return b"RIFF" + (4 + len(content)).to_bytes(4, "little") + b"WEBP" + content


def chunk(kind: bytes, content: bytes) -> bytes:
    """Make a chunk.

    Args:
        kind: four bytes.
        content: less than 4 GiB.

    Returns:
        The chunk, filled to an even number of bytes.
    """
    return kind + len(content).to_bytes(4, "little") + content + b"\0" * (len(content) % 2)


def chunks(content: bytes, kind: bytes) -> Iterator[bytes]:
    """Find the chunks of one kind.

    Args:
        content: a WebP file.
        kind: four bytes.

    Yields:
        The content of each. If the file is cut short, the last is shorter than its chunk says.
    """
    position = START
    while position + 8 <= len(content):
        size = int.from_bytes(content[position + 4 : position + 8], "little")
        if content[position : position + 4] == kind:
            yield content[position + 8 : position + 8 + size]
        position += 8 + size + size % 2
