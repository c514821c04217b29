"""The table of Jiang et al. 2017: a preset at no more than the bytes of plain JPEG.

Pictures are judged by their luma, coded as grey, with standard Huffman tables on both sides, as the
paper counts bytes.
"""

import argparse
import csv
import io
import sys

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.commands import display
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import matched, pictures
from comrec_tf.process import storage


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", help="files, folders or globs")
    parser.add_argument("--preset", default="comrec-psnr", help="name or folder")
    parser.add_argument("--scale", type=int, help="which pair alone; the best of all if not given")
    parser.add_argument("--jpeg_qualities", type=int, nargs="+", default=[5, 10])
    parser.add_argument("--csv", help="file for the rows")
    options = parser.parse_args()
    compressor = Compressor.from_preset(options.preset)
    compressor = compressor.with_codec(matched.with_standard_tables(compressor.codec))
    paths = pictures.find(options.pictures)
    rows = []
    for quality in options.jpeg_qualities:
        rows += _rows(compressor, paths, quality, options.scale)
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
    if options.csv:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([matched.Row._fields, *rows])
        storage.write_atomically(options.csv, buffer.getvalue().encode())
    return 0


def _rows(
    compressor: Compressor, paths: dict[str, str], quality: int, scale: int | None
) -> list[matched.Row]:
    """Rows of all pictures at one quality of plain JPEG, and their mean."""
    jpeg = matched.with_standard_tables(JpegCodec())
    found = []
    for name, path in display.progress(list(paths.items()), f"JPEG {quality}"):
        picture = pictures.read(path, luma=True)
        row = matched.compare(compressor, name, picture, jpeg, quality, scale)
        if row is None:
            print(f"{name}: no file of the preset is as small as JPEG {quality}", file=sys.stderr)
        else:
            found.append(row)
    return [*found, matched.mean_row(found)] if found else []


if __name__ == "__main__":
    sys.exit(main())
