"""Codecs by name, and the codec of a file by its first bytes."""

from typing import Any

from comrec_tf.codecs import base, jpeg, jpeg_encoders, other_formats
from comrec_tf.compact_file import carriers

__all__ = ["codec_of", "make_codec"]

_CODECS: dict[str, type[base.Codec]] = {
    codec.name: codec
    for codec in (
        jpeg.JpegCodec,
        jpeg_encoders.FlatJpegCodec,
        jpeg_encoders.MozjpegCodec,
        jpeg_encoders.JpegliCodec,
        other_formats.WebpCodec,
        other_formats.AvifCodec,
        other_formats.Jpeg2000Codec,
    )
}


def make_codec(name: str, **options: Any) -> base.Codec:
    """Make a codec.

    Args:
        name: one of `vocabulary.CODEC_SUFFIXES`.
        **options: arguments of the codec's class.

    Returns:
        The codec.

    Raises:
        ValueError: there is no such codec, it has no such option, or an option is out of range.
    """
    if name not in _CODECS:
        raise ValueError(f"codec must be one of {', '.join(_CODECS)}. Received: codec={name}")
    known = _CODECS[name]().options()
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
