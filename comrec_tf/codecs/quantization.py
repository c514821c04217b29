"""JPEG's quantisation tables: the standard's and our own, scaled by quality, and those of files."""

import numpy as np
import PIL.Image

__all__ = [
    "EYE",
    "FLAT",
    "FLATTER",
    "STANDARD",
    "eye_tables",
    "flat_tables",
    "mean_step",
    "quality_scale",
    "standard_tables",
    "tables_of",
]

# ITU-T T.81, table K.1: steps of the 8x8 luma coefficients, rows of vertical frequency.
_LUMA = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    np.float32,
)

# ITU-T T.81, table K.2: the same for chroma.
_CHROMA = np.array(
    [
        [17, 18, 24, 47, 99, 99, 99, 99],
        [18, 21, 26, 66, 99, 99, 99, 99],
        [24, 26, 56, 99, 99, 99, 99, 99],
        [47, 66, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
        [99, 99, 99, 99, 99, 99, 99, 99],
    ],
    np.float32,
)

#: The standard's steps of luma and chroma at quality 50, (2, 8, 8).
STANDARD = np.stack([_LUMA, _CHROMA])

# Steps by N. Robidoux, ImageMagick's suggestion and table 3 of mozjpeg, symmetric.
_ROBIDOUX = np.array(
    [
        [16, 16, 16, 18, 25, 37, 56, 85],
        [16, 17, 20, 27, 34, 40, 53, 75],
        [16, 20, 24, 31, 43, 62, 91, 135],
        [18, 27, 31, 40, 53, 74, 106, 156],
        [25, 34, 43, 53, 69, 94, 131, 189],
        [37, 40, 62, 74, 94, 124, 169, 238],
        [56, 53, 91, 106, 131, 169, 226, 311],
        [85, 75, 135, 156, 189, 238, 311, 418],
    ],
    np.float32,
)

# Steps tuned for MS-SSIM, table 2 of mozjpeg: luma and chroma.
_MS_SSIM = np.array(
    [
        [
            [12, 17, 20, 21, 30, 34, 56, 63],
            [18, 20, 20, 26, 28, 51, 61, 55],
            [19, 20, 21, 26, 33, 58, 69, 55],
            [26, 26, 26, 30, 46, 87, 86, 66],
            [31, 33, 36, 40, 46, 96, 100, 73],
            [40, 35, 46, 62, 81, 100, 111, 91],
            [46, 66, 76, 86, 102, 121, 120, 101],
            [68, 90, 90, 96, 113, 102, 105, 103],
        ],
        [
            [8, 12, 15, 15, 86, 96, 96, 98],
            [13, 13, 15, 26, 90, 96, 99, 98],
            [12, 15, 18, 96, 99, 99, 99, 99],
            [17, 16, 90, 96, 99, 99, 99, 99],
            [96, 96, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
            [99, 99, 99, 99, 99, 99, 99, 99],
        ],
    ],
    np.float32,
)


def _flatter(table: np.ndarray, exponent: float, middle: float, mean: float) -> np.ndarray:
    """Make the steps of a table more alike.

    Args:
        table: (8, 8).
        exponent: of the steps; the smaller, the flatter is the result.
        middle: the step of the lowest frequency across.
        mean: the step of a block's mean.

    Returns:
        float32 (8, 8), whole numbers.
    """
    flat = np.rint(middle * (table / table[0, 1]) ** np.float32(exponent))
    flat[0, 0] = mean
    return flat


#: Steps that suit a squared error after restoration, laid out as `STANDARD`: flatter ones, with
#: finer ones for chroma, where the standard's are too coarse for a squared error in RGB, and for
#: the mean of a block, whose error networks undo least. Chosen, as the next, on CID22 validation by
#: what the networks restored (saved_models/training_log.md).
FLAT = np.stack([_flatter(_ROBIDOUX, 0.38, 16.0, 13.0), _flatter(_ROBIDOUX, 0.55, 11.2, 8.0)])

#: The same where the compact picture has full size: luma is flatter yet. At half size, where every
#: frequency is a low one of the picture, that would cost 3 % of the bytes; here it saves 2.
FLATTER = np.stack([_flatter(_ROBIDOUX, 0.18, 17.6, 14.0), FLAT[1]])

#: Steps that suit the eye, by SSIMULACRA2, after restoration and behind a trellis.
EYE = np.stack([_flatter(_MS_SSIM[0], 0.85, 17.0, 10.0), _flatter(_MS_SSIM[1], 0.42, 17.3, 7.0)])

_MIDDLE, _BEST = np.float32(50.0), np.float32(100.0)


def quality_scale(quality: np.ndarray | float) -> np.ndarray:
    """Scale of the tables in per cent (jpeg_quality_scaling of libjpeg).

    Args:
        quality: any shape, 1 to 100; libjpeg takes whole numbers only.

    Returns:
        float32 of the same shape: 5000 at quality 1, 100 at 50, 0 at 100.
    """
    quality = np.asarray(quality, np.float32)
    return np.where(
        quality < 50.0, np.floor(5000.0 / np.maximum(quality, 1.0)), 200.0 - 2.0 * quality
    ).astype(np.float32)


def standard_tables(quality: np.ndarray | float) -> np.ndarray:
    """Tables that libjpeg writes by default (jpeg_set_quality, force_baseline).

    Args:
        quality: any shape, 1 to 100.

    Returns:
        float32, whole numbers from 1 to 255; the shape of `quality`, then (2, 8, 8) as `STANDARD`.
    """
    return _scaled(STANDARD, quality)


def flat_tables(quality: np.ndarray | float, table: np.ndarray = FLAT) -> np.ndarray:
    """Tables for a squared error: flat ones up to quality 50, above it gradually the standard's.

    Where little is left to restore, the standard's tables serve the eye and structural similarity
    better: with flat ones at all qualities, MS-SSIM is below plain JPEG's from one bit per pixel
    on.

    Args:
        quality: any shape, 1 to 100.
        table: `FLAT` or `FLATTER`.

    Returns:
        As for `standard_tables`.
    """
    share = (np.asarray(quality, np.float32) - _MIDDLE) / (_BEST - _MIDDLE)
    share = np.maximum(share, np.float32(0.0))[..., None, None, None]
    return _scaled(np.rint(table ** (1.0 - share) * STANDARD**share), quality)


def eye_tables(quality: np.ndarray | float) -> np.ndarray:
    """Tables for the eye: `EYE`, scaled as libjpeg scales the standard's.

    Args:
        quality: any shape, 1 to 100.

    Returns:
        As for `standard_tables`.
    """
    return _scaled(EYE, quality)


def mean_step(table: np.ndarray) -> float:
    """Say in one number how coarse a table of luma is.

    Args:
        table: (8, 8).

    Returns:
        16 times the geometric mean of its steps over that of `STANDARD`.
    """
    return float(_LUMA[0, 0] * np.exp(np.mean(np.log(table / _LUMA), dtype=np.float64)))


def _scaled(tables: np.ndarray, quality: np.ndarray | float) -> np.ndarray:
    """Scale tables at quality 50 (jpeg_add_quant_table)."""
    scale = quality_scale(quality)[..., None, None, None]
    return np.clip(np.floor((tables * scale + 50.0) / 100.0), 1.0, 255.0).astype(np.float32)


def tables_of(
    picture: PIL.Image.Image,
) -> tuple[np.ndarray, np.ndarray | None, list[tuple[int, int]]]:
    """Read what the header of an open JPEG says of its quantisation.

    Args:
        picture: the JPEG as Pillow opened it.

    Returns:
        The steps of luma and of chroma, float64 (64,), rows of vertical frequency, None for the
        chroma of a grey picture; and for each component its samples across and down. A table of
        chroma that comes only behind the first scan is taken as luma's.

    Raises:
        KeyError: there is no table for luma.
    """
    components = [component[1:] for component in picture.layer]  # type: ignore[attr-defined]
    tables = picture.quantization  # type: ignore[attr-defined]
    names = [name for *_, name in components[:2]]
    luma, *chroma = (np.asarray(tables.get(n, tables[names[0]]), np.float64) for n in names)
    return luma, chroma[0] if chroma else None, [tuple(factors) for *factors, _ in components]
