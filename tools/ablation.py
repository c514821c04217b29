"""The paper's comparison table (Jiang et al. 2017, tables I and II) from short runs.

Each row is a run of the same number of steps on luma:

- ComCNN only: RecCNN stays at bicubic upsampling,
- RecCNN only: ComCNN hands the picture on in full size, JPEG codes that, RecCNN restores it,
- trained apart: first ComCNN as above, then RecCNN on what it makes, half of the steps each,
- alternated: both by the paper's alternation.

PSNR and SSIM are those at no more than the bytes of plain JPEG of the given qualities, standard
Huffman tables on both sides as the paper counts.
"""

import argparse
import dataclasses
import pathlib
import sys

from comrec_tf import display
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compressor import Compressor
from comrec_tf.data import sources
from comrec_tf.evaluation import matched
from comrec_tf.images import files
from comrec_tf.training.config import TrainingConfig
from comrec_tf.training.run import train


def main() -> int:
    """Train the rows and print the table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--train_data", nargs="+", required=True)
    parser.add_argument("--valid_data", nargs="+", required=True)
    parser.add_argument("--test_data", nargs="+", required=True, help="pictures of the table")
    parser.add_argument("--output_dir", required=True, help="folder of the runs; resumed if there")
    parser.add_argument("--epochs", type=int, default=4, help="epochs of each row, even")
    parser.add_argument("--steps_per_epoch", type=int, default=200)
    parser.add_argument("--resolution", choices=["full", "compact"], default="compact")
    parser.add_argument("--jpeg_qualities", type=int, nargs="+", default=[5, 10])
    options = parser.parse_args()
    if options.epochs < 2 or options.epochs % 2:
        parser.error(f"--epochs must be even and at least 2. Received: {options.epochs}")
    presets = _train_rows(options)
    pictures = [(path, files.read(path)) for path in sources.find_pictures(options.test_data)]
    header = ["", *(f"JPEG {q}: {name}" for q in options.jpeg_qualities for name in ("dB", "SSIM"))]
    display.table(header, _table(presets, pictures, options.jpeg_qualities))
    return 0


def _train_rows(options: argparse.Namespace) -> dict[str, pathlib.Path]:
    base = TrainingConfig(
        train_data=options.train_data,
        valid_data=options.valid_data,
        channels=1,
        resolution=options.resolution,
        epochs=options.epochs,
        steps_per_epoch=options.steps_per_epoch,
    )
    half = options.epochs // 2
    folder = pathlib.Path(options.output_dir)

    def run(name: str, **changes: object) -> pathlib.Path:
        output = folder / name
        train(
            dataclasses.replace(base, **changes),
            output,
            resume=(output / "config.json").exists(),
            verbose=2,
        )
        return output / "last"

    com_first = run("apart_com", rec_learning_rate=0.0, epochs=half)
    return {
        "ComCNN only": run("com_only", rec_learning_rate=0.0),
        "RecCNN only": run("rec_only", com_learning_rate=0.0, scale=1),
        "trained apart": run(
            "apart_rec", com_learning_rate=0.0, epochs=half, preset=str(com_first)
        ),
        "alternated": run("alternated"),
    }


def _table(
    presets: dict[str, pathlib.Path], pictures: list, jpeg_qualities: list[int]
) -> list[list[str]]:
    jpeg = JpegCodec(optimize_huffman=False)
    plain: dict[int, matched.Row] = {}
    cells: dict[str, list[str]] = {}
    for name, preset in presets.items():
        compressor = Compressor.from_preset(preset, codec=jpeg)
        cells[name] = [name]
        for quality in jpeg_qualities:
            compared = [
                matched.compare(compressor, path, picture, jpeg, quality)
                for path, picture in pictures
            ]
            found = [row for row in compared if row is not None]
            if len(found) < len(pictures):
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
