"""What the first bits of a JPEG XL file say about its picture (ISO/IEC 18181-1 and -2)."""

from collections.abc import Iterator

from comrec_tf.compact_file.boxes import boxes

__all__ = ["SIGNATURE", "is_jpeg_xl", "parts", "recipe", "shape"]

#: The first box of a file made of boxes.
SIGNATURE = b"\0\0\0\x0cJXL \r\n\x87\n"
#: First bytes of a codestream, which may also be a file, without boxes.
_CODESTREAM = b"\xff\x0a"
#: The first bytes of a codestream hold all that is read here: so many.
_START = 40
#: Width over height, by its code.
_RATIOS = {1: (1, 1), 2: (12, 10), 3: (4, 3), 4: (3, 2), 5: (16, 9), 6: (5, 4), 7: (2, 1)}
_DAMAGED = "the JPEG XL header is damaged"


def is_jpeg_xl(content: bytes) -> bool:
    """Tell whether a file is JPEG XL.

    Args:
        content: the file, or its first 12 bytes.

    Returns:
        True for a codestream and for a file made of boxes.
    """
    return content.startswith((SIGNATURE, _CODESTREAM))


def parts(content: bytes) -> Iterator[bytes]:
    """List the parts that the picture depends on.

    Args:
        content: a JPEG XL file.

    Yields:
        The codestream, whole or in parts, and the recipe; in the order of the file.
    """
    if content.startswith(_CODESTREAM):
        yield content
        return
    for kind, part in boxes(content):
        if kind in (b"jxlc", b"jxlp", b"jbrd"):
            yield part


def recipe(content: bytes) -> bytes | None:
    """Find the recipe for rebuilding the JPEG from a JPEG XL file.

    Args:
        content: a JPEG XL file.

    Returns:
        The recipe, or None if the picture was no JPEG.
    """
    if content.startswith(_CODESTREAM):
        return None
    return next((part for kind, part in boxes(content) if kind == b"jbrd"), None)


def shape(content: bytes) -> tuple[int, int, int]:
    """Read height, width and channels.

    Args:
        content: a JPEG XL file.

    Returns:
        The size in pixels, and 1 for grey pictures, otherwise 3. Pictures that were no JPEGs may
        count as 3 even if they are grey.

    Raises:
        ValueError: the bytes are not a JPEG XL file, or are damaged.
    """
    if not is_jpeg_xl(content):
        raise ValueError("the bytes are not a JPEG XL file")
    start = _codestream_start(content)
    if not start.startswith(_CODESTREAM):
        raise ValueError(f"{_DAMAGED}: it has no codestream")
    bits = _Bits(start[len(_CODESTREAM) :])
    by_eights = bits.take(1)
    height = _side(bits, by_eights)
    ratio = bits.take(3)
    if ratio:
        across, down = _RATIOS[ratio]
        width = height * across // down
    else:
        width = _side(bits, by_eights)
    return height, width, 1 if _is_grey(bits) else 3


def _codestream_start(content: bytes) -> bytes:
    if content.startswith(_CODESTREAM):
        return content[:_START]
    start = b""
    for kind, part in boxes(content):
        if kind == b"jxlc":
            return part[:_START]
        if kind == b"jxlp":
            start += part[4:][:_START]  # its number comes first
        if len(start) >= _START:
            break
    return start


def _side(bits: "_Bits", by_eights: int) -> int:
    if by_eights:
        return 8 * (bits.take(5) + 1)
    return bits.take((9, 13, 18, 30)[bits.take(2)]) + 1


def _is_grey(bits: "_Bits") -> bool:
    """Read on in ImageMetadata; anything that no JPEG becomes counts as colour."""
    all_default, extra_fields = bits.take(1), bits.take(1)
    if all_default or extra_fields or bits.take(1) or bits.take(2):
        return False  # extra fields, or samples that are floats or have more than 8 bits
    bits.take(1)  # whether 16 bits are enough to decode it
    extra_channels, _, default_colour = bits.take(2), bits.take(1), bits.take(1)
    if extra_channels or default_colour:
        return False
    bits.take(1)  # whether there is a colour profile
    return bits.take(2) == 1


class _Bits:
    """Bits of bytes, the lowest of each byte first."""

    def __init__(self, content: bytes) -> None:
        self._left = int.from_bytes(content, "little")
        self._count = 8 * len(content)

    def take(self, count: int) -> int:
        if count > self._count:
            raise ValueError(f"{_DAMAGED}: it is cut short")
        value = self._left & ((1 << count) - 1)
        self._left >>= count
        self._count -= count
        return value
