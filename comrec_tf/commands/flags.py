"""The flags of the compressing commands, and the request that they make."""

from absl import flags

from comrec_tf.commands import frame
from comrec_tf.compression import request

__all__ = ["define", "read"]

_TARGETS = ("quality", "psnr", "max_bytes", "bits_per_pixel")


def define(values: flags.FlagValues) -> None:
    """Define the flags that say how pictures are compressed.

    Args:
        values: where to.
    """
    frame.define_precision_flag(values)
    flags.DEFINE_string(
        "preset", frame.DEFAULT_PRESET, "Name of a preset, or its folder.", flag_values=values
    )
    flags.DEFINE_enum(
        "codec",
        None,
        list(request.CODEC_SUFFIXES),
        "The codec inside; the one that the preset was trained with where not given.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "quality",
        None,
        "Quality to aim at; the preset's default where nothing is aimed at.",
        lower_bound=1,
        upper_bound=100,
        flag_values=values,
    )
    flags.DEFINE_float("psnr", None, "dB to reach.", lower_bound=0, flag_values=values)
    flags.DEFINE_integer(
        "max_bytes", None, "Bytes of a file at most.", lower_bound=1, flag_values=values
    )
    flags.DEFINE_float(
        "bits_per_pixel", None, "Bits per pixel at most.", lower_bound=0, flag_values=values
    )
    flags.DEFINE_enum(
        "scale",
        "auto",
        ["auto", "1", "2"],
        "How many times smaller the compact picture is, or auto for the best of all and of the "
        "codec without networks.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "metadata", True, "Keep EXIF and the colour profile in the file.", flag_values=values
    )


def read(values: flags.FlagValues) -> request.Request:
    """Read the flags.

    Args:
        values: the flags of `define`, parsed.

    Returns:
        The request.

    Raises:
        ValueError: more than one thing is aimed at.
    """
    aims = [name for name in _TARGETS if values[name].value is not None]
    if len(aims) > 1:
        raise ValueError(f"expected one of --{', --'.join(_TARGETS)}. Received: {len(aims)}")
    aim = aims[0] if aims else "quality"
    return request.Request(
        preset=values.preset,
        codec=values.codec,
        aim=aim,
        value=values[aim].value,
        scale=None if values.scale == "auto" else int(values.scale),
        metadata=values.metadata,
        precision=values.precision,
    )
