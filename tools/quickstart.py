"""The quickstart's main job: one photo through compress and restore, beside plain JPEG.

Runs the two commands a user would run, on a photo that scikit-image ships, and then looks for the
plain JPEG of the same size to compare with.
"""

import argparse
import pathlib
import sys

import numpy as np
import PIL.Image
import PIL.ImageDraw
import skimage.data

from comrec_tf import compress, restore
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compression import judges
from comrec_tf.images import files, metrics
from comrec_tf.process import storage


def main() -> int:
    """Do the job; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output_dir", default="quickstart", help="folder of the results")
    parser.add_argument("--preset", default="comrec", help="name or folder of a preset")
    parser.add_argument("--quality", type=int, default=40, help="JPEG quality inside, 1 to 100")
    options = parser.parse_args()
    output = pathlib.Path(options.output_dir)
    output.mkdir(parents=True, exist_ok=True)
    picture = skimage.data.astronaut()
    storage.write_atomically(output / "photo.png", files.encode(picture))

    common = ["--overwrite", f"--preset={options.preset}"]
    jobs = [
        (
            compress,
            [
                output / "photo.png",
                f"--output_dir={output}/compact",
                f"--quality={options.quality}",
                "--scale=2",
            ],
        ),
        (restore, [output / "compact" / "photo.jpg", f"--output_dir={output}/restored"]),
    ]
    for verb, arguments in jobs:
        name = verb.__name__.rsplit(".", 1)[-1]
        command = [*map(str, arguments), *common]
        print(f"$ comrec {name} {' '.join(command)}", flush=True)
        if verb.main([name, *command]):
            return 1
    _compare(picture, output)
    return 0


def _compare(picture: np.ndarray, output: pathlib.Path) -> None:
    ours_bytes = (output / "compact" / "photo.jpg").stat().st_size
    restored = files.read(output / "restored" / "photo.png")
    plain = JpegCodec()
    # The first plain JPEG that is not smaller, so that the comparison favours it.
    quality, content = next(
        (quality, content)
        for quality in plain.qualities
        if len(content := plain.encode(picture, quality)) >= ours_bytes
    )
    storage.write_atomically(output / "plain.jpg", content)
    decoded = plain.decode(content)
    rows = [
        (f"plain JPEG, quality {quality}", len(content), decoded),
        ("comrec_tf", ours_bytes, restored),
    ]
    print(f"\n{'':24}{'bytes':>8}{'bits/pixel':>12}{'SSIMULACRA2':>13}{'PSNR':>10}{'SSIM':>8}")
    for name, num_bytes, pixels in rows:
        rate = metrics.bits_per_pixel(num_bytes, *picture.shape[:2])
        print(
            f"{name:24}{num_bytes:8,}{rate:12.3f}{_score(picture, pixels):13.1f}"
            f"{metrics.psnr(picture, pixels):7.2f} dB"
            f"{metrics.ssim(picture, pixels):8.4f}"
        )
    _side_by_side(picture, rows, output / "side_by_side.png")
    print(f"\npictures: {output}/restored/photo.png, {output}/side_by_side.png")


def _score(picture: np.ndarray, pixels: np.ndarray) -> float:
    return judges.judge("ssimulacra2", picture).score(pixels)


def _side_by_side(picture: np.ndarray, rows: list, path: pathlib.Path) -> None:
    """The original and both results next to each other, with captions."""
    panels = [("original", picture)] + [
        (
            f"{name}: {num_bytes:,} bytes, score {_score(picture, pixels):.1f}",
            pixels,
        )
        for name, num_bytes, pixels in rows
    ]
    crop = (slice(0, 320), slice(80, 400))
    caption = 24
    height, width = picture[crop].shape[:2]
    sheet = PIL.Image.new("RGB", (len(panels) * (width + 8) - 8, height + caption), "white")
    draw = PIL.ImageDraw.Draw(sheet)
    for index, (text, pixels) in enumerate(panels):
        left = index * (width + 8)
        sheet.paste(PIL.Image.fromarray(pixels[crop]), (left, caption))
        draw.text((left + 4, 4), text, fill="black", font_size=14)
    storage.write_atomically(path, files.encode(np.asarray(sheet)))


if __name__ == "__main__":
    sys.exit(main())
