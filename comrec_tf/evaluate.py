r"""Judge a preset beside plain JPEG and other codecs, on real files.

    python -m comrec_tf.evaluate photos --preset=comrec --jpeg_qualities=5,10

prints a table at the bytes of plain JPEG: for each picture (files, folders or globs) and each
quality of plain JPEG, the preset makes the best file that is not larger.

    python -m comrec_tf.evaluate photos --preset=comrec --output_dir=report \
        --codecs=jpeg,webp,avif

measures curves, and writes points.csv (every file), a plot for each metric, bd_rate.csv, and
index.html, one page with the curves, a table, and pictures side by side at equal bytes.

PSNR is over all channels and over the luma; SSIM, MS-SSIM and PSNR-HVS-M are of the luma.

Exit codes: 0 evaluated, 1 an error that the message describes, 2 a wrong command line,
130 interrupted.
"""

import csv
import io
import os
import pathlib
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags

from comrec_tf import storage
from comrec_tf.commands import display, frame

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.codecs.base import Codec
    from comrec_tf.codecs.jpeg import JpegCodec
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.evaluation.curves import Point
    from comrec_tf.evaluation.systems import System

from comrec_tf import vocabulary

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return frame.run(argv, __doc__, _define, _evaluate)


def _define(values: flags.FlagValues) -> None:
    frame.define_engine_flags(values)
    flags.DEFINE_string("preset", vocabulary.DEFAULT_PRESET, "Name or folder.", flag_values=values)
    flags.DEFINE_list(
        "jpeg_qualities",
        ["5", "10"],
        "Qualities of plain JPEG to compare with in the table.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "scale", None, "Which pair of the preset the table is of.", flag_values=values
    )
    flags.DEFINE_bool(
        "standard_tables",
        False,
        "Standard Huffman tables on both sides, as the paper counts, in place of optimised ones.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "luma",
        False,
        "Judge colour pictures by their luma alone, coded as grey.",
        flag_values=values,
    )
    flags.DEFINE_string("csv", "", "File for the rows of the table.", flag_values=values)
    flags.DEFINE_string(
        "output_dir", "", "Folder for curves, plots and the page.", flag_values=values
    )
    flags.DEFINE_list(
        "codecs",
        ["jpeg"],
        "Codecs beside the preset in the curves: jpeg, jpeg-flat, mozjpeg, jpegli, webp, avif, "
        "jpeg2000, jpegxl. The first is what others are compared with.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "codec",
        None,
        "Codec that the preset encodes with, if not its own.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "rates",
        ["0.1", "0.5"],
        "Bits per pixel from and to which curves are compared.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "num_shown", 3, "Pictures to show in the page.", lower_bound=0, flag_values=values
    )
    flags.DEFINE_float(
        "shown_rate", 0.2, "Bits per pixel of the pictures in the page.", flag_values=values
    )
    flags.DEFINE_bool("overwrite", False, "Replace a report that exists.", flag_values=values)


def _evaluate(values: flags.FlagValues, positional: list[str]) -> int:
    if not positional:
        raise ValueError("expected pictures. Received: none")
    rates = _rates(values.rates)
    output = pathlib.Path(values.output_dir) if values.output_dir else None
    if output is not None and (output / "index.html").exists() and not values.overwrite:
        raise FileExistsError(f"{output}/index.html exists: pass --overwrite to replace it")
    from comrec_tf.codecs import catalog
    from comrec_tf.codecs.jpeg import JpegCodec
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.data import sources
    from comrec_tf.evaluation import systems

    jpeg = JpegCodec(optimize_huffman=not values.standard_tables)
    paths = sources.find_pictures(positional)
    pictures = {os.path.basename(path): path for path in paths}
    if len(pictures) < len(paths):
        pictures = {path: path for path in paths}
    compressor = Compressor.from_preset(
        values.preset, engine=values.engine, precision=values.precision
    )
    if values.codec is not None:
        compressor = compressor.with_codec(catalog.make_codec(values.codec))
    if values.standard_tables:
        compressor = compressor.with_codec(_with_standard_tables(compressor.codec))
    if output is None:
        return _print_table(values, compressor, pictures, jpeg)
    compared = [systems.of_codec(name, jpeg if name == "jpeg" else None) for name in values.codecs]
    compared += systems.of_preset(pathlib.PurePath(values.preset).name, compressor)
    _write_report(values, output, compared, pictures, rates)
    print(f"report: {output / 'index.html'}")
    return frame.SUCCESS


def _with_standard_tables(codec: "Codec") -> "Codec":
    options = codec.options()
    if "optimize_huffman" not in options:
        raise ValueError(
            "--standard_tables are JPEG's: expected a preset of jpeg or jpeg-flat. "
            f"Received: codec={codec.name}"
        )
    return type(codec)(**{**options, "optimize_huffman": False})


def _read(path: str, *, luma: bool) -> "np.ndarray":
    from comrec_tf.graph import pixels
    from comrec_tf.images import color, files

    picture = files.read(path)
    if not luma or picture.shape[-1] == 1:
        return picture
    return pixels.from_float(color.luma(picture)[..., None] / 255.0).numpy()


def _rates(texts: list[str]) -> tuple[float, float]:
    try:
        low, high = (float(text) for text in texts)
        if not 0 < low < high:
            raise ValueError
    except ValueError:
        raise ValueError(
            f"--rates expects two rising numbers, as 0.1,0.5. Received: {','.join(texts)}"
        ) from None
    return low, high


def _print_table(
    values: flags.FlagValues,
    compressor: "Compressor",
    pictures: dict[str, str],
    jpeg: "JpegCodec",
) -> int:
    from comrec_tf.evaluation import matched

    qualities = [frame.whole_number(text, "jpeg_qualities") for text in values.jpeg_qualities]
    rows: list[matched.Row] = []
    for quality in qualities:
        found = []
        for name, path in display.progress(list(pictures.items()), f"JPEG {quality}"):
            picture = _read(path, luma=values.luma)
            row = matched.compare(compressor, name, picture, jpeg, quality, values.scale)
            if row is None:
                print(
                    f"{name}: no file of the preset is as small as JPEG {quality}", file=sys.stderr
                )
            else:
                found.append(row)
        rows += [*found, matched.mean_row(found)] if found else []
    display.table(
        ["picture", "JPEG", "bytes", "PSNR", "SSIM", "preset at", "bytes", "PSNR", "SSIM", "gain"],
        [
            [
                row.picture,
                f"{row.jpeg_quality:.0f}",
                f"{row.jpeg_bytes:.0f}",
                f"{row.jpeg_psnr:.2f}",
                f"{row.jpeg_ssim:.4f}",
                f"{row.quality:.0f}",
                f"{row.num_bytes:.0f}",
                f"{row.psnr:.2f}",
                f"{row.ssim:.4f}",
                f"{row.psnr - row.jpeg_psnr:+.2f}",
            ]
            for row in rows
        ],
    )
    if values.csv:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([matched.Row._fields, *rows])
        storage.write_atomically(values.csv, buffer.getvalue().encode())
    return frame.SUCCESS


def _write_report(
    values: flags.FlagValues,
    output: pathlib.Path,
    compared: "list[System]",
    pictures: dict[str, str],
    rates: tuple[float, float],
) -> None:
    from comrec_tf.evaluation import curves, report

    output.mkdir(parents=True, exist_ok=True)
    points: list[Point] = []
    shown: list[report.Shown] = []
    for index, (name, path) in enumerate(display.progress(list(pictures.items()), "measuring")):
        picture = _read(path, luma=values.luma)
        for system in compared:
            points += curves.measure(system, name, picture)
        # At once, so that a long run that is interrupted leaves what it measured.
        storage.write_atomically(output / "points.csv", report.csv_bytes(points))
        if index < values.num_shown:
            shown.append(report.Shown(name, "original", "original", picture))
            chosen = report.same_bytes(points, name, values.shown_rate)
            for system in compared:
                if system.name in chosen:
                    shown.append(_restored(system, picture, chosen[system.name]))
    anchor = compared[0].name
    table = report.bd_table(points, anchor, rates)
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(["system", *curves.METRICS])
    for name, by_metric in table.items():
        writer.writerow([name, *(by_metric.get(metric, "") for metric in curves.METRICS)])
    title = f"{pathlib.PurePath(values.preset).name} on {len(pictures)} pictures"
    written = {
        "bd_rate.csv": buffer.getvalue().encode(),
        **{f"{metric}.png": report.plot_bytes(points, metric) for metric in curves.METRICS},
        "index.html": report.page_bytes(title, points, anchor, rates, shown),
    }
    for name, content in written.items():
        storage.write_atomically(output / name, content)
    display.table(
        [f"BD-rate to {anchor}", *curves.METRICS],
        [
            [name, *(f"{by_metric.get(metric, float('nan')):+.1f} %" for metric in curves.METRICS)]
            for name, by_metric in table.items()
        ],
    )


def _restored(system: "System", picture: "np.ndarray", point: "Point"):  # type: ignore[no-untyped-def]
    from comrec_tf.evaluation import report

    content = system.encode(picture, point.setting)
    assert content is not None  # it was made before
    caption = (
        f"{system.name}: {point.num_bytes:,} bytes, {point.bits_per_pixel:.3f} bits per pixel, "
        f"{point.psnr:.2f} dB, SSIM {point.ssim:.4f}"
    )
    pixels = system.decode(content, picture.shape)
    return report.Shown(point.picture, system.name, caption, pixels)


if __name__ == "__main__":
    sys.exit(main(sys.argv))
