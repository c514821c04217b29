"""Codecs by name, and the codec of a file by its first bytes."""

from typing import Any

from comrec_tf.codecs import base, jpeg, jpeg_encoders, pillow
from comrec_tf.compact_file import carriers

__all__ = ["NAMES", "codec_of", "make_codec"]

_CODECS: dict[str, type[base.Codec]] = {
    codec.name: codec
    for codec in (
        jpeg.JpegCodec,
        jpeg_encoders.FlatJpegCodec,
        jpeg_encoders.MozjpegCodec,
        jpeg_encoders.JpegliCodec,
        pillow.WebpCodec,
        pillow.AvifCodec,
        pillow.Jpeg2000Codec,
    )
}

#: All codecs.
NAMES = tuple(_CODECS)


def make_codec(name: str, **options: Any) -> base.Codec:
    """Make a codec.

    Args:
        name: one of `NAMES`.
        **options: arguments of the codec's class.

    Returns:
        The codec.

    Raises:
        ValueError: there is no such codec, it has no such option, or an option is out of range.
    """
    if name not in _CODECS:
        raise ValueError(f"codec must be one of {', '.join(NAMES)}. Received: codec={name}")
    known = _CODECS[name]().get_config()
    for option in options:
        if option not in known:
            raise ValueError(
                f"{name} has the options {', '.join(known) or '(none)'}. Received: {option}"
            )
    return _CODECS[name](**options)


def codec_of(bitstream: bytes) -> base.Codec:
    """Find the codec that decodes a file.

    Args:
        bitstream: a file, or its beginning.

    Returns:
        The codec, with the options it is decoded with; not always the one that encoded the file.

    Raises:
        ValueError: the bytes are of no known format.
    """
    return _CODECS[carriers.file_format(bitstream)]()
