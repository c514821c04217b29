"""The compact file: a standard picture file that carries how to restore the original.

What it carries is 17 bytes, numbers most significant byte first::

    offset  bytes  meaning
    0       4      magic "ComR"
    4       1      version, 3
    5       4      preset id: which pair of networks made the picture; 0 for none
    9       1      layout: 1 or 2, how many times smaller the compact picture is, plus 4 if grey,
                   plus 8 if the original is one pixel less high than so many compact ones, plus 16
                   if one less wide
    10      1      quality the codec was given, 1 to 100, rounded
    11      2      quantiser step that the networks were told, in 1/64 grey levels
    13      4      CRC-32 of what the pixels are made of (`carriers.checksum`)

The size of the original follows from the size of the picture inside. Version 1 had no checksum;
from offset 13 on it had the original's height and width, three bytes each. It can still be read.

`carriers` says where each format keeps these bytes. In a JPEG they are the content of an APP9
segment in place of the JFIF header, 21 bytes with its marker and length. Any viewer skips it and
shows the compact picture. `graph.compact_file` reads and writes the same in TensorFlow operations.
"""

import dataclasses
import struct

from comrec_tf.compact_file import carriers

__all__ = [
    "CUT_SHORT",
    "DAMAGED",
    "GREY",
    "LAYOUT_BYTES",
    "LESS_HIGH",
    "LESS_WIDE",
    "NOT_CARRIED",
    "OTHER_VERSION",
    "PLAIN",
    "STEP_UNITS",
    "VERSION",
    "DamagedError",
    "Header",
    "read",
    "verify",
    "write",
]

VERSION = 3
#: Preset id of a file that holds the picture itself: there is nothing to restore.
PLAIN = 0
#: How many units of the step make a grey level.
STEP_UNITS = 64
_LAYOUT = struct.Struct(">4sBIBBHI")
_LAYOUT_1 = struct.Struct(">4sBIBBHBHBH")
#: How many bytes a compact file carries.
LAYOUT_BYTES = _LAYOUT.size
_SCALE, GREY, LESS_HIGH, LESS_WIDE = 3, 4, 8, 16
_MAX_SIZE = 2**24 - 1

NOT_CARRIED = (
    "this file carries no ComRec data: it was not made by comrec_tf.compress, "
    "or a program that rewrote it dropped them"
)
CUT_SHORT = f"the ComRec data must be {LAYOUT_BYTES} bytes long"
OTHER_VERSION = (
    f"the ComRec data must be of version 1 or {VERSION}; a newer comrec_tf may read this file"
)
DAMAGED = "the file is damaged: the checksum of its picture is not the one that it carries"


class DamagedError(ValueError):
    """The picture of a file was changed after the file was made; callers may overlook that."""


@dataclasses.dataclass(frozen=True)
class Header:
    """What a compact file says about itself.

    Attributes:
        preset_id: which pair of networks made the picture, 0 to 2**32 - 1; `PLAIN` for none.
        scale: how many times smaller the compact picture is, 1 or 2.
        quality: quality of the codec, 1 to 100, rounded to a whole one.
        step: quantiser step that the networks were told, in grey levels, a multiple of 1/64 from
            1/64 to 1023.
        height, width: size of the original picture in pixels, 1 to 2**24 - 1.
        grey: whether the picture is grey, which not every format can say.
        checksum: `carriers.checksum` of the file; None if the file carries none.

    Raises:
        ValueError: an attribute is outside the range above.
    """

    preset_id: int
    scale: int
    quality: int
    step: float
    height: int
    width: int
    grey: bool
    checksum: int | None = None

    def __post_init__(self) -> None:
        limits = {
            "preset_id": (0, 2**32 - 1),
            "scale": (1, 2),
            "quality": (1, 100),
            "step": (1 / STEP_UNITS, 1023),
            "height": (1, _MAX_SIZE),
            "width": (1, _MAX_SIZE),
        }
        for name, (low, high) in limits.items():
            if not low <= getattr(self, name) <= high:
                raise ValueError(
                    f"{name} of a compact file must be from {low} to {high}. "
                    f"Received: {name}={getattr(self, name)}"
                )
        if self.step * STEP_UNITS % 1:
            raise ValueError(
                f"step of a compact file must be a multiple of 1/{STEP_UNITS}. "
                f"Received: step={self.step}"
            )


def write(bitstream: bytes, header: Header) -> bytes:
    """Make a compact file from a codec's bitstream.

    Args:
        bitstream: a JPEG, JPEG XL, WebP, AVIF or JPEG 2000 file of ceil(size / scale) pixels.
        header: what it is to carry; the checksum is made here.

    Returns:
        The compact file.

    Raises:
        ValueError: `bitstream` is of another format.
    """
    payload = _LAYOUT.pack(
        carriers.MAGIC,
        VERSION,
        header.preset_id,
        header.scale
        + GREY * header.grey
        + LESS_HIGH * (-header.height % header.scale)
        + LESS_WIDE * (-header.width % header.scale),
        header.quality,
        int(header.step * STEP_UNITS),
        carriers.checksum(bitstream),
    )
    return carriers.embed(bitstream, payload)


def read(compact_file: bytes) -> Header:
    """Read what a compact file says about itself.

    Args:
        compact_file: a file made by `write`; other programs may have added parts to it since.

    Returns:
        What it carries.

    Raises:
        TypeError: these are no bytes, say a file's name.
        ValueError: the format is unknown, the file is not compact, or its ComRec data are damaged
            or of a newer version.
    """
    if not isinstance(compact_file, bytes | bytearray):
        kind = type(compact_file).__name__
        raise TypeError(f"expected the bytes of a compact file. Received: {kind}")
    payload = carriers.extract(compact_file)
    if payload is None:
        raise ValueError(NOT_CARRIED)
    if len(payload) < LAYOUT_BYTES:
        raise ValueError(f"{CUT_SHORT}. Received: {len(payload)}")
    if payload[4] == 1:
        return _read_version_1(payload)
    if payload[4] != VERSION:
        raise ValueError(f"{OTHER_VERSION}. Received: version={payload[4]}")
    _, _, preset_id, layout, quality, step, checksum = _LAYOUT.unpack_from(payload)
    scale = layout & _SCALE
    height, width = carriers.picture_size(compact_file)
    return Header(
        preset_id=preset_id,
        scale=scale,
        quality=quality,
        step=step / STEP_UNITS,
        height=height * scale - bool(layout & LESS_HIGH),
        width=width * scale - bool(layout & LESS_WIDE),
        grey=bool(layout & GREY),
        checksum=checksum,
    )


def verify(compact_file: bytes, header: Header) -> None:
    """Raise `DamagedError` if the picture of a file was changed after the file was made.

    Args:
        compact_file: the file.
        header: what `read` returned; a file without a checksum passes.
    """
    if header.checksum not in (None, carriers.checksum(compact_file)):
        raise DamagedError(DAMAGED)


def _read_version_1(payload: bytes) -> Header:
    if len(payload) < _LAYOUT_1.size:
        raise ValueError(f"{CUT_SHORT}. Received: {len(payload)}")
    (_, _, preset_id, layout, quality, step, *sizes) = _LAYOUT_1.unpack_from(payload)
    high, low, wide, narrow = sizes
    return Header(
        preset_id=preset_id,
        scale=layout & ~GREY,
        quality=quality,
        step=step / STEP_UNITS,
        height=(high << 16) + low,
        width=(wide << 16) + narrow,
        grey=bool(layout & GREY),
    )
