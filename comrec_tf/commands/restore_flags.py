"""The flags of the restoring commands, and the restoration that they ask for."""

from typing import TYPE_CHECKING

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import flags as command_flags
from comrec_tf.commands import frame, help_text
from comrec_tf.compression.target import EFFORTS

if TYPE_CHECKING:
    from comrec_tf.compression.restoration import Restoration

__all__ = ["define", "read"]

#: Quality of restored pictures as JPEG or WebP.
_QUALITY = 90


def define(values: flags.FlagValues) -> None:
    """Define the flags that say how files are restored.

    Args:
        values: where to.
    """
    frame.define_engine_flags(values)
    command_flags.define_max_pixels(values)
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_string(
            "preset",
            "",
            "Name of the preset that made the files, or its folder, if the search does not find "
            "it; for ordinary JPEGs the preset to take. Default: the preset that each file names; "
            f"for ordinary JPEGs {vocabulary.DEFAULT_PRESET}.",
            flag_values=values,
        )
        flags.DEFINE_float(
            "strength",
            1.0,
            "How much of the restoration ordinary JPEGs get.",
            lower_bound=0.0,
            upper_bound=1.0,
            flag_values=values,
        )
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_enum(
            "format",
            "png",
            list(vocabulary.RESTORED_SUFFIXES),
            "Format of the restored pictures.",
            short_name="f",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "ignore_checksum",
            False,
            "Restore damaged files too, where their picture can still be decoded.",
            flag_values=values,
        )
    with help_text.group(values, help_text.TARGET):
        flags.DEFINE_enum(
            "effort",
            "1",
            [str(effort) for effort in EFFORTS],
            "2 and 3 restore four and eight mirrored and transposed views of a picture and take "
            "their mean, which is better by about a tenth of a dB, in so many times the time. "
            "Files at half size are restored once.",
            flag_values=values,
        )
        flags.DEFINE_integer(
            "quality",
            None,
            f"Quality of the files of --format=jpeg and webp. Default: {_QUALITY}.",
            lower_bound=1,
            upper_bound=100,
            short_name="q",
            flag_values=values,
        )
    flags.register_multi_flags_validator(
        ["format", "quality"],
        lambda given: given["quality"] is None or given["format"] != "png",
        "expected --format=jpeg or webp beside --quality: PNG loses nothing",
        flag_values=values,
    )


def read(values: flags.FlagValues) -> "Restoration":
    """Read the flags.

    Args:
        values: the flags of `define`, parsed.

    Returns:
        The restoration.
    """
    from comrec_tf.compression.restoration import Restoration

    return Restoration(
        preset=values.preset,
        strength=values.strength,
        effort=int(values.effort),
        form=values.format,
        quality=_QUALITY if values.quality is None else values.quality,
        ignore_checksum=values.ignore_checksum,
        engine=values.engine,
        precision=values.precision,
        max_pixels=values.max_pixels,
    )
