"""Compare a preset with plain JPEG at the same bytes, on real files.

    python -m comrec_tf.evaluate a.png b.png --preset=comrec-half --jpeg_qualities=5,10

For each picture (files, folders or globs) and each quality of plain JPEG, the preset takes the
largest quality whose whole file is not larger. PSNR is over all channels, SSIM over the luma.

Exit codes: 0 evaluated, 1 an error that the message describes, 2 a wrong command line.
"""

import csv
import io
import os
import sys
from collections.abc import Sequence

from absl import flags

from comrec_tf import batch, command, storage

__all__ = ["main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return command.run(argv, __doc__, _define, _evaluate)


def _define(values: flags.FlagValues) -> None:
    flags.DEFINE_string("preset", command.DEFAULT_PRESET, "Name or folder.", flag_values=values)
    flags.DEFINE_list(
        "jpeg_qualities",
        ["5", "10"],
        "Qualities of plain JPEG to compare with.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "standard_tables",
        False,
        "Standard Huffman tables on both sides, as the paper counts, in place of optimised ones.",
        flag_values=values,
    )
    flags.DEFINE_string("csv", "", "File for the rows.", flag_values=values)


def _evaluate(values: flags.FlagValues, positional: list[str]) -> int:
    if not positional:
        raise ValueError("expected pictures. Received: none")
    from comrec_tf.codecs.jpeg import JpegCodec
    from comrec_tf.compressor import Compressor
    from comrec_tf.data import sources
    from comrec_tf.evaluation import matched
    from comrec_tf.images import files

    jpeg = JpegCodec(optimize_huffman=not values.standard_tables)
    compressor = Compressor.from_preset(values.preset, codec=jpeg)
    qualities = [command.whole_number(text, "jpeg_qualities") for text in values.jpeg_qualities]
    paths = sources.find_pictures(positional)
    rows: list[matched.Row] = []
    for quality in qualities:
        found = []
        for path in batch.progress(paths, f"JPEG {quality}"):
            name = os.path.basename(path)
            row = matched.compare(compressor, name, files.read(path), jpeg, quality)
            if row is None:
                print(
                    f"{name}: no file of the preset is as small as JPEG {quality}", file=sys.stderr
                )
            else:
                found.append(row)
        rows += [*found, matched.mean_row(found)] if found else []
    batch.table(
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
    return command.SUCCESS


if __name__ == "__main__":
    sys.exit(main(sys.argv))
