"""What each part is worth, from short runs of equal length on luma.

--table=paper, the paper's comparison (Jiang et al. 2017, tables I and II):

- ComCNN only: RecCNN stays at bicubic upsampling,
- RecCNN only: JPEG codes the picture itself at full size, RecCNN restores it,
- trained apart: first ComCNN as above, then RecCNN on what it makes, half of the steps each,
- alternated: both by the paper's alternation.

--table=design, what the shipped presets are built on:

- alternated: as above, one pair for all qualities,
- joint: both networks at once on distortion plus rate through the differentiable JPEG,
- bicubic instead of ComCNN: RecCNN alone learns,
- a pair for each quality: without conditioning, each trained for one quality alone,
- alternated, running mean of the weights: as the first, the mean is kept (momentum 0.99),
- alternated, flat tables: quantisation tables for a squared error (jpeg-flat),
- alternated, mozjpeg inside: the first pair's files by a better JPEG encoder.

PSNR and SSIM are those at no more than the bytes of plain JPEG of the given qualities, standard
Huffman tables on both sides as the paper counts (mozjpeg always optimises its own).
"""

import argparse
import bisect
import dataclasses
import pathlib
import sys
from typing import NamedTuple

import numpy as np
import PIL.Image

from comrec_tf.codecs import base, catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.commands import display
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import matched, pictures
from comrec_tf.training.config import TrainingConfig
from comrec_tf.training.run import train

_STANDARD = JpegCodec(optimize_huffman=False)


def main() -> int:
    """Train the rows and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--table", choices=["paper", "design"], default="paper")
    parser.add_argument("--train_data", nargs="+", required=True)
    parser.add_argument("--valid_data", nargs="+", required=True)
    parser.add_argument("--test_data", nargs="+", required=True, help="pictures of the table")
    parser.add_argument("--output_dir", required=True, help="folder of the runs; resumed if there")
    parser.add_argument("--epochs", type=int, default=4, help="epochs of each row, even")
    parser.add_argument("--steps_per_epoch", type=int, default=200)
    parser.add_argument("--resolution", choices=["full", "compact"], default="compact")
    parser.add_argument(
        "--precision", choices=["float32", "mixed_bfloat16", "mixed_float16"], default="float32"
    )
    parser.add_argument("--jpeg_qualities", type=int, nargs="+", default=[5, 10])
    options = parser.parse_args()
    if options.epochs < 2 or options.epochs % 2:
        parser.error(f"--epochs must be even and at least 2. Received: {options.epochs}")
    rows = _train_rows(options)
    tested = [
        (name, pictures.read(path)) for name, path in pictures.find(options.test_data).items()
    ]
    header = ["", *(f"JPEG {q}: {name}" for q in options.jpeg_qualities for name in ("dB", "SSIM"))]
    display.table(header, _table(rows, tested, options.jpeg_qualities))
    return 0


class _System(NamedTuple):
    """The preset and the codec that a cell of the table is about."""

    preset: pathlib.Path
    codec: base.Codec


def _train_rows(options: argparse.Namespace) -> dict[str, list[_System]]:
    """Train what the rows need; a system for each row and each of the qualities."""
    config = TrainingConfig(
        train_data=options.train_data,
        valid_data=options.valid_data,
        channels=1,
        resolution=options.resolution,
        precision=options.precision,
        epochs=options.epochs,
        steps_per_epoch=options.steps_per_epoch,
    )
    half = options.epochs // 2
    folder = pathlib.Path(options.output_dir)

    def run(name: str, **changes: object) -> pathlib.Path:
        output = folder / name
        train(
            dataclasses.replace(config, **changes),
            output,
            resume=(output / "config.json").exists(),
            verbose=2,
        )
        return output / "last"

    def for_all(preset: pathlib.Path, codec: base.Codec = _STANDARD) -> list[_System]:
        return [_System(preset, codec)] * len(options.jpeg_qualities)

    if options.table == "design":
        alternated = run("alternated")
        return {
            "alternated": for_all(alternated),
            "joint": for_all(run("joint", objective="joint", com_skip=True)),
            "bicubic instead of ComCNN": for_all(
                run("bicubic", com_learning_rate=0.0, com_skip=True)
            ),
            "a pair for each quality": [
                _System(
                    run(f"quality{quality}", conditioned=False, quality_min=own, quality_max=own),
                    _STANDARD,
                )
                for quality, own in _own_qualities(options).items()
            ],
            "alternated, running mean of the weights": for_all(run("mean", ema_momentum=0.99)),
            "alternated, flat tables": for_all(
                run("flat", codec="jpeg-flat"), FlatJpegCodec(optimize_huffman=False)
            ),
            "alternated, mozjpeg inside": for_all(alternated, catalog.make_codec("mozjpeg")),
        }
    com_first = run("apart_com", rec_learning_rate=0.0, epochs=half)
    apart = run("apart_rec", com_learning_rate=0.0, epochs=half, preset=str(com_first))
    return {
        "ComCNN only": for_all(run("com_only", rec_learning_rate=0.0)),
        "RecCNN only": for_all(run("rec_only", com_learning_rate=0.0, scale=1)),
        "trained apart": for_all(apart),
        "alternated": for_all(run("alternated")),
    }


def _own_qualities(options: argparse.Namespace) -> dict[int, int]:
    """The quality at which pictures halved by bicubic interpolation have plain JPEG's bytes."""
    found: dict[int, list[int]] = {quality: [] for quality in options.jpeg_qualities}
    for path in pictures.find(options.valid_data).values():
        luma = pictures.read(path, luma=True)
        halved = PIL.Image.fromarray(luma[..., 0])
        halved = halved.resize(
            [-(-side // 2) for side in halved.size], PIL.Image.Resampling.BICUBIC
        )
        compact = np.asarray(halved)[..., None]

        sizes = [len(_STANDARD.encode(compact, quality)) for quality in _STANDARD.qualities]
        for quality, own in found.items():
            index = bisect.bisect_right(sizes, len(_STANDARD.encode(luma, quality)))
            own.append(_STANDARD.qualities[max(0, index - 1)])
    return {quality: round(float(np.median(own))) for quality, own in found.items()}


def _table(
    rows: dict[str, list[_System]], tested: list, jpeg_qualities: list[int]
) -> list[list[str]]:
    plain: dict[int, matched.Row] = {}
    cells: dict[str, list[str]] = {}
    for name, systems in rows.items():
        cells[name] = [name]
        for quality, system in zip(jpeg_qualities, systems, strict=True):
            compressor = Compressor.from_preset(system.preset, codec=system.codec)
            compared = [
                matched.compare(
                    compressor, path, picture, _STANDARD, quality, compressor.scales[-1]
                )
                for path, picture in tested
            ]
            found = [row for row in compared if row is not None]
            if len(found) < len(tested):
                cells[name] += ["too large", ""]
                continue
            mean = plain[quality] = matched.mean_row(found)
            cells[name] += [f"{mean.psnr:.2f}", f"{mean.ssim:.4f}"]
    first = ["plain JPEG"]
    for quality in jpeg_qualities:
        row = plain.get(quality)
        first += [f"{row.jpeg_psnr:.2f}", f"{row.jpeg_ssim:.4f}"] if row else ["", ""]
    return [first, *cells.values()]


if __name__ == "__main__":
    sys.exit(main())
