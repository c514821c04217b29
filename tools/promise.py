"""Checks what `compress` promises on the files that it writes.

    tools/promise PICTURES... --json=promise.json

Three questions, each with a table:

quality   `compress --quality=Q`, run as a process on all pictures, and `restore`: are the restored
          pictures as good as plain JPEG of quality Q (libjpeg-turbo, optimised tables, 4:2:0) by
          SSIMULACRA2, in the mean and each, and by the SSIM of their luma; in how many bytes?
effort    how many bytes more do these files take than those of effort 3, at equal SSIMULACRA2?
          Bytes are interpolated over the files of effort 3.
rate      `compress --bits_per_pixel=B` and the same with `--metric=psnr`: how many points more?

Times are seconds of CPU, which a busy machine changes little.
"""

import argparse
import json
import math
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
from typing import NamedTuple

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.commands import display
from comrec_tf.compression import judges
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target
from comrec_tf.evaluation import pictures
from comrec_tf.images import files, metrics
from comrec_tf.process import storage

#: Points by which a picture may be below plain JPEG.
_ALLOWED = 1.0


class Seen(NamedTuple):
    """A restored picture beside its original: bytes of its file, SSIMULACRA2, structure, SSIM."""

    num_bytes: int
    score: float
    structure: float
    ssim: float


class Originals:
    """The pictures, each with its judge, and what plain JPEG makes of them."""

    def __init__(self, paths: dict[str, str]) -> None:
        self.paths = paths
        self.pixels = {name: files.read(path) for name, path in paths.items()}
        self._judges = {
            name: judges.judge("ssimulacra2", pixels) for name, pixels in self.pixels.items()
        }

    def see(self, name: str, restored: np.ndarray, num_bytes: int) -> Seen:
        """Judge what was restored of a picture."""
        judge = self._judges[name]
        errors = judge.errors(restored).sum((1, 2))
        structure = judge.structure_of(errors)
        assert structure is not None  # SSIMULACRA2 looks at it
        ssim = metrics.ssim(self.pixels[name], restored)
        return Seen(num_bytes, judge.score_of(errors), structure, ssim)

    def plain(self, name: str, quality: int) -> Seen:
        """Judge plain JPEG."""
        codec = JpegCodec()
        bitstream = codec.encode(self.pixels[name], quality)
        return self.see(name, codec.decode(bitstream), len(bitstream))


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("pictures", nargs="+", help="files, folders or globs")
    parser.add_argument("--preset", default=vocabulary.DEFAULT_PRESET, help="name or folder")
    parser.add_argument("--qualities", type=int, nargs="+", default=[20, 40, 60, 80])
    parser.add_argument("--rates", type=float, nargs="+", default=[0.25, 0.35, 0.5])
    parser.add_argument(
        "--parts",
        nargs="+",
        choices=["quality", "effort", "rate"],
        default=["quality", "effort", "rate"],
        help="what to measure; effort needs quality",
    )
    parser.add_argument("--every", type=int, default=1, help="take only every Nth picture")
    parser.add_argument("--json", help="file for all figures")
    options = parser.parse_args()
    if "effort" in options.parts and "quality" not in options.parts:
        parser.error("--parts=effort compares the files of --parts=quality")
    if "effort" in options.parts and len(options.qualities) < 2:
        parser.error("--parts=effort needs two qualities or more")
    originals = Originals(dict(list(pictures.find(options.pictures).items())[:: options.every]))
    figures: dict[str, object] = {"preset": options.preset, "pictures": list(originals.paths)}
    if "quality" in options.parts:
        plain = {
            quality: {name: originals.plain(name, quality) for name in originals.paths}
            for quality in options.qualities
        }
        found = {
            quality: _compressed(originals, options.preset, f"--quality={quality}")
            for quality in options.qualities
        }
        figures["quality"] = _quality(plain, found)
        if "effort" in options.parts:
            figures["effort"] = _effort(originals, options.preset, found)
    if "rate" in options.parts:
        figures["rate"] = _rate(originals, options.preset, options.rates)
    if options.json:
        storage.write_atomically(options.json, (json.dumps(figures, indent=1) + "\n").encode())
    return 0


def _compressed(originals: Originals, preset: str, *flags: str) -> dict[str, Seen]:
    """Compress and restore all pictures as a person does."""
    with tempfile.TemporaryDirectory() as folder:
        source = pathlib.Path(folder, "pictures")
        source.mkdir()
        for index, path in enumerate(originals.paths.values()):
            shutil.copy(path, source / f"{index}{pathlib.Path(path).suffix}")
        small, restored = f"{folder}/small", f"{folder}/restored"
        arguments = [str(source), f"--output_dir={small}", f"--preset={preset}", *flags]
        # Files are compared with plain JPEG, not with the original's file.
        _run("comrec_tf.compress", *arguments, "--allow_larger")
        _run("comrec_tf.restore", small, f"--output_dir={restored}", f"--preset={preset}")
        seen = {}
        for index, name in enumerate(originals.paths):
            (file,) = pathlib.Path(small).glob(f"{index}.*")
            picture = files.read(f"{restored}/{index}.png")
            seen[name] = originals.see(name, picture, file.stat().st_size)
        return seen


def _run(module: str, *arguments: str) -> None:
    before = _cpu_seconds()
    environment = {**os.environ, "PYTHONPATH": str(pathlib.Path(__file__).parents[1])}
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", module, *arguments], capture_output=True, env=environment
    )
    if done.returncode:
        raise RuntimeError(f"{module} {' '.join(arguments)}:\n{done.stderr.decode()}")
    seconds = _cpu_seconds() - before
    flags = " ".join(flag for flag in arguments[2:] if not flag.startswith("--output_dir"))
    print(f"{module} {flags}: {seconds:.1f} s of CPU", file=sys.stderr, flush=True)


def _cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _quality(
    plain: dict[int, dict[str, Seen]], found: dict[int, dict[str, Seen]]
) -> list[dict[str, object]]:
    rows = []
    for quality, seen in found.items():
        pairs = {name: (plain[quality][name], one) for name, one in seen.items()}
        points = {name: one.score - before.score for name, (before, one) in pairs.items()}
        worst = min(points, key=lambda name: points[name])
        rows.append(
            {
                "quality": quality,
                "jpeg": _mean(before.score for before, _ in pairs.values()),
                "restored": _mean(one.score for _, one in pairs.values()),
                "least": points[worst],
                "least_of": worst,
                "below": sum(point < -_ALLOWED for point in points.values()),
                "ssim": _mean(one.ssim - before.ssim for before, one in pairs.values()),
                "bytes": _ratio(
                    (one.num_bytes, before.num_bytes) for before, one in pairs.values()
                ),
                "files": {
                    name: {"jpeg": before._asdict(), "restored": one._asdict()}
                    for name, (before, one) in pairs.items()
                },
            }
        )
    display.table(
        [
            "as good as JPEG",
            "SSIMULACRA2",
            "restored",
            "least",
            f"below -{_ALLOWED:g}",
            "luma SSIM",
            "bytes",
        ],
        [
            [
                f"quality {row['quality']}",
                f"{row['jpeg']:.2f}",
                f"{row['restored']:.2f}",
                f"{row['least']:+.2f}",
                str(row["below"]),
                f"{row['ssim']:+.4f}",
                f"{row['bytes']:.3f}",
            ]
            for row in rows
        ],
    )
    return rows


def _effort(
    originals: Originals,
    preset: str,
    found: dict[int, dict[str, Seen]],
) -> dict[str, object]:
    compressor = Compressor.from_preset(preset)
    more: dict[str, list[float]] = {}
    for name in display.progress(list(originals.paths), "searching to the end"):
        search = compressor.search(originals.pixels[name], effort=3)
        curve = []
        for quality in found:
            content = search(Target("quality", quality)).content
            curve.append(originals.see(name, compressor.decode(content), len(content)))
        more[name] = _bytes_above(curve, [seen[name] for seen in found.values()])
    shares = np.array(list(more.values()))
    rows = [
        [
            f"quality {quality}",
            f"{_percent(shares[:, index].mean())}",
            _percent(shares[:, index].max()),
        ]
        for index, quality in enumerate(found)
    ]
    rows.append(["all", _percent(shares.mean()), _percent(shares.max())])
    print()
    display.table(["effort 2 over 3, at equal score", "bytes, mean", "most"], rows)
    return {
        "mean": float(np.expm1(shares.mean())),
        "most": float(np.expm1(shares.max())),
        "files": more,
    }


def _bytes_above(curve: list[Seen], seen: list[Seen]) -> list[float]:
    """Logarithms of the bytes of files over those of files of a curve that are as good."""
    above = []
    for index, (one, best) in enumerate(zip(seen, curve, strict=True)):
        better = one.score - best.score
        # The next better or worse file of the curve, whichever lies on this side.
        other = curve[min(max(index + (1 if better > 0 else -1), 0), len(curve) - 1)]
        if other is best:
            other = curve[index - 1] if index else curve[index + 1]
        slope = math.log(other.num_bytes / best.num_bytes) / (other.score - best.score)
        above.append(math.log(one.num_bytes / best.num_bytes) - slope * better)
    return above


def _rate(originals: Originals, preset: str, rates: list[float]) -> list[dict[str, object]]:
    rows = []
    for rate in rates:
        flag = f"--bits_per_pixel={rate}"
        eye = _compressed(originals, preset, flag, "--best_effort")
        psnr = _compressed(originals, preset, flag, "--best_effort", "--metric=psnr")
        rows.append(
            {
                "bits_per_pixel": rate,
                "psnr": _mean(one.score for one in psnr.values()),
                "ssimulacra2": _mean(one.score for one in eye.values()),
                "bytes": _ratio((eye[name].num_bytes, psnr[name].num_bytes) for name in eye),
                "files": {
                    name: {"psnr": psnr[name]._asdict(), "ssimulacra2": eye[name]._asdict()}
                    for name in eye
                },
            }
        )
    print()
    display.table(
        ["SSIMULACRA2 at", "judged by PSNR", "by SSIMULACRA2", "points more", "bytes"],
        [
            [
                f"{row['bits_per_pixel']} bits per pixel",
                f"{row['psnr']:.2f}",
                f"{row['ssimulacra2']:.2f}",
                f"{row['ssimulacra2'] - row['psnr']:+.2f}",
                f"{row['bytes']:.3f}",
            ]
            for row in rows
        ],
    )
    return rows


def _mean(values: object) -> float:
    return float(np.mean(list(values)))


def _ratio(pairs: object) -> float:
    """Geometric mean of ratios."""
    return float(np.exp(np.mean([np.log(a / b) for a, b in pairs])))


def _percent(log: float) -> str:
    return f"{100 * np.expm1(log):+.2f} %"


if __name__ == "__main__":
    sys.exit(main())
