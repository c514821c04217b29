r"""Compare a preset with plain JPEG and other codecs, on real files.

    comrec evaluate photos -o report --codecs=jpeg,webp,avif

measures curves on pictures (files, folders or globs) and writes points.csv (every file), a plot for
each metric, bd_rate.csv (the bytes saved at equal quality), and index.html, one page with all of it
and pictures side by side at equal bytes. Needs the extra evaluation.

The preset's files are those of compress at the qualities of plain JPEG. SSIMULACRA2 says how good a
person would call a picture; PSNR is over all channels and over the luma; SSIM, MS-SSIM and
PSNR-HVS-M are of the luma.

Exit codes: 0 evaluated, 1 an error that the message describes, 2 a wrong command line,
130 interrupted.
"""

import pathlib
import sys

from absl import flags

from comrec_tf.commands import display, frame, help_text
from comrec_tf.compression.target import EFFORTS, METRICS

__all__ = ["COMMAND", "main"]

#: Stands for every codec whose package is installed.
_ALL = "all"


def _define(values: flags.FlagValues) -> None:
    frame.define_preset_flag(values)
    frame.define_engine_flags(values)
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_bool(
            "each_scale", False, "Measure the pair of each scale alone as well.", flag_values=values
        )
    with help_text.group(values, help_text.TARGET):
        flags.DEFINE_string(
            "codec",
            None,
            "Codec that the preset encodes with; jpeg-xl packs its own JPEG. Default: the one that "
            "it was trained with.",
            flag_values=values,
        )
        flags.DEFINE_enum(
            "metric",
            METRICS[0],
            list(METRICS),
            "What the preset's rate control judges by, as in compress.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "luma",
            False,
            "Judge colour pictures by their luma alone, coded as grey.",
            flag_values=values,
        )
        flags.DEFINE_list(
            "codecs",
            ["jpeg"],
            "Codecs next to the preset: jpeg, jpeg-flat, jpeg-trellis, mozjpeg, jpegli, webp, "
            "avif, jpeg2000, jpeg-xl (a JPEG packed without loss), jpegxl-lossy, or all for those "
            "that are installed. The first is the one that others are compared with.",
            flag_values=values,
        )
        flags.DEFINE_list(
            "rates",
            ["0.1-0.5"],
            "Ranges of bits per pixel in which bytes are compared, as 0.1-0.5,0.5-1.5.",
            flag_values=values,
        )
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_string(
            "output_dir", None, "Folder for the report.", short_name="o", flag_values=values
        )
        flags.DEFINE_bool(
            "overwrite",
            False,
            "Replace a report that exists, also one that was interrupted; pictures that are "
            "measured are never replaced.",
            flag_values=values,
        )
        flags.DEFINE_integer(
            "num_shown", 3, "Pictures to show in the page.", lower_bound=0, flag_values=values
        )
        flags.DEFINE_float(
            "shown_rate",
            0.3,
            "Bits per pixel of the files behind the pictures in the page, about.",
            lower_bound=0.01,
            flag_values=values,
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool(
            "every_quality",
            False,
            "Measure the preset at every quality of the curve of plain JPEG instead of every other "
            "one: twice the time.",
            flag_values=values,
        )
        flags.DEFINE_enum(
            "restore_effort",
            "1",
            [str(effort) for effort in EFFORTS],
            "The preset's files are restored as by `comrec restore --effort`.",
            flag_values=values,
        )
    flags.mark_flag_as_required("output_dir", values)
    flags.register_validator(
        "rates",
        lambda texts: bool(texts) and all(map(_range, texts)),
        "expects ranges of rising numbers, as 0.1-0.5,0.5-1.5",
        values,
    )
    flags.register_validator("codecs", bool, "expects at least one codec", values)


def _range(text: str) -> tuple[float, float] | None:
    """The two ends of a range; None where it is none."""
    try:
        low, high = map(float, text.split("-"))
    except ValueError:
        return None
    return (low, high) if 0 < low < high else None


def _evaluate(values: flags.FlagValues, positional: list[str]) -> int:
    if not positional:
        raise frame.UsageError("expected pictures: files, folders or globs. Received: nothing")
    output = pathlib.Path(values.output_dir)
    from comrec_tf.evaluation import comparison, pictures

    paths = pictures.find(positional, output)
    comparison.check_places(output, paths.values(), overwrite=values.overwrite)
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.evaluation import curves, report, systems

    comparison.check_extras()
    names = systems.installed_codecs() if values.codecs == [_ALL] else values.codecs
    anchor, *others = map(systems.of_codec, names)
    compressor = Compressor.from_preset(
        values.preset, engine=values.engine, codec=values.codec, precision=values.precision
    )
    preset = pathlib.PurePath(values.preset).name
    ranges = [found for found in map(_range, values.rates) if found is not None]
    points = comparison.compare(
        f"{preset} on {len(paths)} picture{'s' * (len(paths) > 1)}",
        anchor,
        others,
        systems.of_preset(
            preset,
            compressor,
            values.metric,
            each_scale=values.each_scale,
            every_quality=values.every_quality,
            restore_effort=int(values.restore_effort),
        ),
        paths,
        output,
        ranges=ranges,
        num_shown=values.num_shown,
        shown_rate=values.shown_rate,
        luma=values.luma,
        progress=display.progress,
    )
    for rates in ranges:
        display.table(
            [f"BD-rate to {anchor.name}, {report.name_of(rates)} bpp", *curves.METRICS],
            report.bd_cells(points, anchor.name, rates),
        )
    print(f"report: {output / comparison.PAGE}")
    return frame.SUCCESS


COMMAND = frame.Command("evaluate", __doc__, _define, _evaluate, arguments="PICTURE...")

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
