"""Codecs by name, and the codec of a file by its first bytes."""

from typing import Any

from comrec_tf.codecs import base, jpeg, jpeg_encoders, jpeg_xl, other_formats, tuned_jpeg
from comrec_tf.compact_file import carriers

__all__ = ["codec_of", "make_codec", "make_codec_for"]

_CODECS: dict[str, type[base.Codec]] = {
    codec.name: codec
    for codec in (
        jpeg.JpegCodec,
        tuned_jpeg.FlatJpegCodec,
        tuned_jpeg.TrellisJpegCodec,
        jpeg_encoders.MozjpegCodec,
        jpeg_encoders.JpegliCodec,
        other_formats.WebpCodec,
        other_formats.AvifCodec,
        other_formats.Jpeg2000Codec,
        jpeg_xl.JpegXlCodec,
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
    packer = name == jpeg_xl.JpegXlCodec.name  # it also takes the options of the codec inside
    inside = {"inside": options["inside"]} if packer and "inside" in options else {}
    known = _CODECS[name](**inside).options()
    for option in options:
        if option not in known:
            raise ValueError(
                f"{name} has the options {', '.join(known) or '(none)'}. Received: {option}"
            )
    return _CODECS[name](**options)


def make_codec_for(name: str, own: base.Codec) -> base.Codec:
    """Make the codec of a name, to be used instead of a preset's own codec.

    Args:
        name: one of `vocabulary.CODEC_SUFFIXES`.
        own: the preset's.

    Returns:
        The codec; JPEG XL is made around the preset's own codec if that is JPEG.

    Raises:
        ValueError: there is no such codec.
    """
    return jpeg_xl.JpegXlCodec.around(own) if name == jpeg_xl.JpegXlCodec.name else make_codec(name)


def codec_of(bitstream: bytes) -> base.Codec:
    """Find the codec that decodes a file.

    Args:
        bitstream: a file, or its beginning.

    Returns:
        A codec that decodes it; another encoder of the same format may have made the file.

    Raises:
        ValueError: the bytes are of no known format.
    """
    return _CODECS[carriers.file_format(bitstream)]()
