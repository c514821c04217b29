"""What restoring ordinary JPEGs gains: PSNR and SSIMULACRA2 of the JPEG and of what is restored.

Each picture becomes a JPEG with libjpeg's standard tables: in colour (4:2:0) if it has colour, and
its luma as a grey one. `Compressor.restore_jpeg` restores it. "least" is the picture that gains
least, or loses most.
"""

import argparse
import csv
import io
import sys
from typing import NamedTuple

import numpy as np
import PIL.Image

from comrec_tf import vocabulary
from comrec_tf.commands import display
from comrec_tf.compression import judges
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import pictures
from comrec_tf.images import files, metrics
from comrec_tf.process import storage


class Row(NamedTuple):
    """One JPEG, and what is restored of it. PSNR in dB over all channels."""

    kind: str
    quality: int
    picture: str
    num_bytes: int
    psnr_before: float
    psnr_after: float
    ssimulacra2_before: float
    ssimulacra2_after: float


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", help="files, folders or globs")
    parser.add_argument("--preset", default=vocabulary.DEFAULT_PRESET, help="name or folder")
    parser.add_argument("--qualities", type=int, nargs="+", default=[10, 20, 30, 40, 90, 95])
    parser.add_argument("--effort", type=int, default=1, help="of restoring, 1 to 3")
    parser.add_argument("--csv", help="file for a row of every JPEG")
    options = parser.parse_args()
    compressor = Compressor.from_preset(options.preset)
    rows = []
    paths = list(pictures.find(options.pictures).items())
    for name, path in display.progress(paths, "restoring"):
        rows += _rows(name, path, options.qualities, compressor, options.effort)
    columns = ["JPEG", "PSNR", "restored", "gain", "least"]
    header = ["", *columns, *(name.replace("PSNR", "SSIMULACRA2") for name in columns[1:])]
    display.table(header, _cells(rows))
    if options.csv:
        buffer = io.StringIO()
        csv.writer(buffer, lineterminator="\n").writerows([Row._fields, *rows])
        storage.write_atomically(options.csv, buffer.getvalue().encode())
    return 0


def _rows(
    name: str, path: str, qualities: list[int], compressor: Compressor, effort: int
) -> list[Row]:
    rows = []
    for kind in ("luma", "color"):
        picture = pictures.read(path, luma=kind == "luma")
        if kind == "color" and picture.shape[-1] == 1:
            continue
        for quality in qualities:
            content = _jpeg(picture, quality)
            before = files.from_pil(PIL.Image.open(io.BytesIO(content)))
            after = compressor.restore_jpeg(content, effort=effort).picture
            judge = judges.judge("ssimulacra2", picture)
            rows.append(
                Row(
                    kind,
                    quality,
                    name,
                    len(content),
                    metrics.psnr(picture, before),
                    metrics.psnr(picture, after),
                    judge.score(before),
                    judge.score(after),
                )
            )
    return rows


def _jpeg(picture: np.ndarray, quality: int) -> bytes:
    buffer = io.BytesIO()
    files.to_pil(picture).save(buffer, "JPEG", quality=quality, subsampling="4:2:0")
    return buffer.getvalue()


def _cells(rows: list[Row]) -> list[list[str]]:
    """Means over pictures of each kind and quality."""
    cells = []
    for kind, quality in dict.fromkeys((row.kind, row.quality) for row in rows):
        values = np.array([row[4:] for row in rows if (row.kind, row.quality) == (kind, quality)])
        line = [kind, str(quality)]
        for before, after in (values[:, :2].T, values[:, 2:].T):
            gains = after - before
            line += [f"{value:.2f}" for value in (before.mean(), after.mean())]
            line += [f"{value:+.2f}" for value in (gains.mean(), gains.min())]
        cells.append(line)
    return cells


if __name__ == "__main__":
    sys.exit(main())
