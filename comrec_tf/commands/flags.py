"""The flags of the compressing commands, and the request that they make."""

import re
from typing import Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text
from comrec_tf.compression import request
from comrec_tf.compression.target import CHROMA, EFFORTS, METRICS, TARGETS

__all__ = ["define", "define_max_pixels", "read"]

_UNITS = {"": 1, "k": 1_000, "m": 1_000_000}
_SIZE = re.compile(r"(\d+|\d*\.\d+)([km]?)b?", re.IGNORECASE)
#: Above this Pillow itself refuses a picture.
_PILLOW_PIXELS = 178_956_970


def define(values: flags.FlagValues) -> None:
    """Define the flags that say how pictures are compressed.

    Args:
        values: where to.
    """
    frame.define_preset_flag(values)
    frame.define_engine_flags(values)
    define_max_pixels(values)
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_enum(
            "scale",
            "auto",
            ["auto", "1", "2"],
            "How many times smaller the compact picture is, or auto for the best of all and of the "
            "codec without networks.",
            flag_values=values,
        )
    with help_text.group(values, help_text.TARGET):
        _define_target(values)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_bool(
            "metadata",
            True,
            "Keep EXIF, XMP and the colour profile in the file. Without them no file is kept as it "
            "is, and compact files are copied without them.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "allow_larger",
            False,
            "Compress a JPEG, WebP or AVIF even where the result is no smaller.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "first_frame",
            False,
            "Of animations, and of files of several pages, compress the first picture alone; they "
            "are refused otherwise.",
            flag_values=values,
        )
    flags.register_multi_flags_validator(TARGETS, _one_at_most, flag_values=values)


def _define_target(values: flags.FlagValues) -> None:
    flags.DEFINE_integer(
        "quality",
        None,
        "Quality to aim at: as good as plain JPEG of that quality; with --scale=1 or 2 the quality "
        "of the compact picture itself, which is the fastest. "
        "Default: the preset's, if no target is given.",
        lower_bound=1,
        upper_bound=100,
        short_name="q",
        flag_values=values,
    )
    flags.DEFINE_float(
        "ssimulacra2",
        None,
        "Score to reach: 30 is low, 50 medium, 70 high quality; at 90 nobody sees a difference. "
        "Default: no target.",
        lower_bound=-100,
        upper_bound=100,
        flag_values=values,
    )
    flags.DEFINE_float(
        "psnr",
        None,
        "PSNR to reach, in dB. Default: no target.",
        lower_bound=0,
        upper_bound=100,
        flag_values=values,
    )
    flags.DEFINE_enum(
        "codec",
        None,
        list(vocabulary.CODEC_SUFFIXES),
        "The codec inside; jpeg-xl packs the preset's JPEG without loss (extra codecs). "
        "Default: the one that the preset was trained with.",
        flag_values=values,
    )
    flags.DEFINE(
        _Size(),
        "max_bytes",
        None,
        "Bytes of a file at most: a number, or 20k or 1.5M for thousands and millions. A picture "
        "that cannot be made so small gets no file; see --best_effort. Default: no limit.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "bits_per_pixel",
        None,
        "Bits per pixel of the original at most; a limit like --max_bytes. Default: no limit.",
        lower_bound=0.0001,
        flag_values=values,
    )
    flags.DEFINE_bool(
        "best_effort",
        False,
        "Where a limit of bytes cannot be kept, write the smallest file there is.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "metric",
        METRICS[0],
        list(METRICS),
        "What says which restored picture is better, and what as good as plain JPEG means.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "effort",
        "2",
        [str(effort) for effort in EFFORTS],
        "1 chooses by what is known of the preset, 2 restores a part of each picture, 3 restores "
        "the whole picture, as often as necessary.",
        flag_values=values,
    )
    flags.DEFINE_enum(
        "chroma",
        CHROMA[0],
        list(CHROMA),
        "Colour at half the height and width (420) or in full (444), or auto for full in drawings "
        "and coloured text, which would lose their colours.",
        flag_values=values,
    )


def define_max_pixels(values: flags.FlagValues) -> None:
    """Define how large pictures may be.

    Args:
        values: where to.
    """
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_integer(
            "max_pixels",
            150_000_000,
            "Pixels of a picture at most; a larger one is refused before it is decoded.",
            lower_bound=1,
            upper_bound=_PILLOW_PIXELS,
            flag_values=values,
        )


def read(values: flags.FlagValues) -> request.Request:
    """Read the flags.

    Args:
        values: the flags of `define`, parsed.

    Returns:
        The request.
    """
    aim = next((name for name in TARGETS if values[name].value is not None), "quality")
    return request.Request(
        preset=values.preset,
        codec=values.codec,
        aim=aim,
        value=values[aim].value,
        scale=None if values.scale == "auto" else int(values.scale),
        metadata=values.metadata,
        engine=values.engine,
        metric=values.metric,
        effort=int(values.effort),
        chroma=values.chroma,
        precision=values.precision,
        best_effort=values.best_effort,
        allow_larger=values.allow_larger,
        first_frame=values.first_frame,
        max_pixels=values.max_pixels,
    )


def _one_at_most(given: dict[str, Any]) -> bool:
    names = [f"--{name}" for name in TARGETS if given[name] is not None]
    if len(names) > 1:
        raise flags.ValidationError(
            f"expected one of --{', --'.join(TARGETS)}. Received: {' and '.join(names)}"
        )
    return True


class _Size(flags.ArgumentParser):
    """A number of bytes, with k for thousands and M for millions."""

    syntactic_help = "a number of bytes"

    def parse(self, argument: Any) -> int:
        found = _SIZE.fullmatch(str(argument))
        size = round(float(found[1]) * _UNITS[found[2].lower()]) if found else 0
        if size < 1:
            raise ValueError(f"expected bytes, as 20000, 20k or 1.5M. Received: {argument}")
        return size

    def flag_type(self) -> str:
        return "size"
