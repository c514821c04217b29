"""How much of an ordinary JPEG is restored, so that no picture is worse than before.

RecCNN of a full-size pair has learnt the damage of libjpeg's standard tables; its input includes
their DC step of luma. Other tables are mapped to the nearest of these (`jpeg_tables`); if the
pixels show that the picture was compressed before, and more coarsely, RecCNN gets the step of that
compression (`jpeg_damage`).

Only a share of what RecCNN changes is applied, one share for luma and one for chroma. Each share
nearly minimises the squared error over pictures that were not trained on, and is small enough that
none of them got worse. The shares fall with the quality: at high qualities RecCNN adds more than
there is to restore.
"""

import base64
import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np

from comrec_tf.codecs import condition, quantization
from comrec_tf.compression import jpeg_damage
from comrec_tf.compression.jpeg_tables import TableFit, fit_quality
from comrec_tf.compression.ordinary_jpeg import SUBSAMPLINGS, OrdinaryJpeg
from comrec_tf.compression.picture_coder import PictureCoder
from comrec_tf.compression.target import check_effort
from comrec_tf.images import color
from comrec_tf.images.metadata import Metadata

__all__ = ["RestoredJpeg", "blend", "conditions", "drawn_share", "restore", "rule", "shares"]

#: Shares of luma and of chroma at qualities, by subsampling; straight lines between them. Above the
#: last a file is left as it is. Chroma that was halved is always worth restoring; where it was not,
#: a RecCNN that is not told so sharpens it too much.
_NOT_HALVED = ((30, 75, 80, 90, 95), (1.0, 1.0, 1.0, 0.85, 0.45), (1.0, 0.5, 0.4, 0.15, 0.0))
_SHARES = {
    "grey": ((80, 90, 95), (1.0, 0.85, 0.45), (0.0, 0.0, 0.0)),
    "4:4:4": _NOT_HALVED,
    "CMYK": ((50, 75, 90, 92), (1.0, 0.5, 0.4, 0.3), (0.5, 0.25, 0.0, 0.0)),
    "4:2:2": ((75, 80, 90, 95, 97), (1.0, 1.0, 0.85, 0.5, 0.3), (1.0, 0.9, 0.65, 0.5, 0.5)),
    "4:2:0": ((80, 90, 95, 98), (1.0, 0.85, 0.5, 0.2), (1.0, 1.0, 0.75, 0.6)),
    # Subsamplings that were not measured have the smallest shares.
    "other": _NOT_HALVED,
}
#: The same of a RecCNN that is told the tables, and whether chroma was halved.
_SHARES_TOLD = _SHARES | {
    "4:4:4": ((75, 85, 90, 95), (1.0, 0.9, 0.75, 0.45), (1.0, 0.75, 0.5, 0.3))
}
#: Which of the two, by whether RecCNN is told.
_BY_TOLD = {False: _SHARES, True: _SHARES_TOLD}
#: Factor on these shares for text and other drawings, by quality.
_DRAWN = ((10, 40, 60, 75, 90, 95), (1.0, 0.75, 0.5, 0.35, 0.2, 0.0))
#: Rows that are blended at a time.
_BAND_ROWS = 256


@dataclasses.dataclass(frozen=True)
class RestoredJpeg:
    """An ordinary JPEG, restored or left as it is.

    Attributes:
        picture: uint8 (H, W, 3) RGB or (H, W, 1) grey, upright.
        restored: whether RecCNN changed it.
        quality: libjpeg's quality that RecCNN was told: that of the table, or of an earlier
            compression if one was found in the pixels.
        fit: what the file's luma table was mapped to.
        subsampling: as in `OrdinaryJpeg`.
        reason: why it was left as it is, or how it was restored; may be empty.
        metadata: EXIF, XMP and colour profile.
        notes: what was not kept of the file.
    """

    picture: np.ndarray
    restored: bool
    quality: int
    fit: TableFit
    subsampling: str
    reason: str
    metadata: Metadata
    notes: tuple[str, ...]


def restore(
    jpeg: OrdinaryJpeg,
    coder: PictureCoder,
    strength: float = 1.0,
    effort: int = 1,
    progress: Callable[[float], None] | None = None,
) -> RestoredJpeg:
    """Restore an ordinary JPEG, or leave it as it is.

    Args:
        jpeg: the file.
        coder: a pair of scale 1.
        strength: how much of the restoration is applied, 0 to 1.
        effort: see `PictureCoder.restore`.
        progress: told which share of the picture is done, 0 to 1.

    Returns:
        The picture, and what was done.

    Raises:
        ValueError: there is no such effort, or a luma step of the file is below 1.
    """
    check_effort(effort)
    fit = fit_quality(jpeg.table)
    coefficients = jpeg_damage.luma_coefficients(jpeg.picture)
    earlier = jpeg_damage.earlier_quality(coefficients, jpeg.table, fit.quality)
    quality = earlier or fit.quality
    reason = f"compressed before at about quality {earlier}" if earlier else ""

    def result(picture: np.ndarray, restored: bool, reason: str) -> RestoredJpeg:
        return RestoredJpeg(
            picture=jpeg.upright(picture),
            restored=restored,
            quality=quality,
            fit=fit,
            subsampling=jpeg.subsampling,
            reason=reason,
            metadata=jpeg.metadata,
            notes=jpeg.notes,
        )

    if jpeg_damage.is_pattern(coefficients):
        return result(jpeg.picture, False, "networks would take its pattern for damage")
    if jpeg_damage.is_drawn(coefficients):
        strength *= drawn_share(quality)
        reason = "drawn"
    found = shares(quality, jpeg.subsampling, told_tables=coder.pair.is_told_tables)
    luma, chroma = (strength * share for share in found)
    if not max(luma, chroma):
        why = f"quality {quality} needs none" if strength or reason else "strength 0"
        return result(jpeg.picture, False, why)
    height, width = jpeg.picture.shape[:2]
    told = conditions(jpeg, quality, of_file=earlier is None)
    restored = coder.restore(jpeg.picture, told, (height, width), progress, effort=effort)
    return result(blend(jpeg.picture, restored, luma, chroma), True, reason)


def conditions(jpeg: OrdinaryJpeg, quality: int, *, of_file: bool) -> np.ndarray:
    """Tell what RecCNN is told of a JPEG.

    Args:
        jpeg: the file.
        quality: libjpeg's, whose DC step it is told.
        of_file: whether the tables are those of the file; else the standard's of that quality, for
            a picture that was compressed before with others than it has now.

    Returns:
        float32 (5,), see `codecs.condition`.
    """
    luma, chroma = quantization.standard_tables(quality).reshape(2, 64)
    step, is_full = float(luma[0]), jpeg.subsampling == "4:4:4"
    if of_file:
        return condition.of_tables(step, jpeg.table, jpeg.chroma_table, full=is_full)
    of_chroma = None if jpeg.chroma_table is None else chroma
    return condition.of_tables(step, luma, of_chroma, full=is_full)


def shares(quality: int, subsampling: str, *, told_tables: bool) -> tuple[float, float]:
    """Tell how much of what RecCNN changes is applied.

    Args:
        quality: 1 to 100, as the tables were fitted.
        subsampling: as in `OrdinaryJpeg`.
        told_tables: whether RecCNN is told the tables, and whether chroma was halved.

    Returns:
        The shares of luma and of chroma, 0 to 1.
    """
    by_subsampling = _BY_TOLD[told_tables]
    qualities, *planes = by_subsampling.get(subsampling, by_subsampling["other"])
    luma, chroma = (float(np.interp(quality, qualities, plane, right=0.0)) for plane in planes)
    return luma, chroma


def drawn_share(quality: int) -> float:
    """Tell by what factor `shares` are smaller for text and other drawings.

    Args:
        quality: 1 to 100, as the tables were fitted.

    Returns:
        A factor, 0 to 1.
    """
    return float(np.interp(quality, *_DRAWN))


def rule(*, told_tables: bool) -> dict[str, Any]:
    """List all numbers by which ordinary JPEGs are restored, for a twin in another language.

    Args:
        told_tables: as in `shares`.

    Returns:
        What JSON can hold: "tables", the standard's luma steps at qualities 1 to 100, 64 bytes
        each, base64; "conditions", the first four numbers of `codecs.condition` for the standard's
        tables of a colour picture at these qualities; "shares", by "grey", how many times more
        samples luma has than chroma, say "2x1", or "other": qualities, shares of luma, of chroma;
        "drawn": qualities, factors on the shares; and `jpeg_damage.thresholds`.
    """
    tables = quantization.standard_tables(np.arange(1, 101)).astype(np.uint8)
    told = [
        condition.of_tables(float(luma[0]), luma, chroma, full=False)[:-1]
        for luma, chroma in tables.reshape(100, 2, 64)
    ]
    names = {name: f"{across}x{down}" for (across, down), name in SUBSAMPLINGS.items()}
    by_subsampling = _BY_TOLD[told_tables]
    return {
        "tables": base64.b64encode(tables[:, 0].tobytes()).decode(),
        "conditions": np.array(told, float).round(6).tolist(),
        "shares": {
            names.get(name, name): each for name, each in by_subsampling.items() if name != "CMYK"
        },
        "drawn": _DRAWN,
        **jpeg_damage.thresholds(),
    }


def blend(decoded: np.ndarray, restored: np.ndarray, luma: float, chroma: float) -> np.ndarray:
    """Apply a share of what was restored.

    Args:
        decoded, restored: uint8 (H, W, 1 or 3), of one shape.
        luma, chroma: the shares, 0 to 1.

    Returns:
        uint8 of the same shape.
    """
    if luma == 1 and (chroma == 1 or decoded.shape[-1] == 1):
        return restored
    shares_of_planes = np.diag([luma, chroma, chroma])
    matrix = (color.YCBCR_TO_RGB @ shares_of_planes @ color.RGB_TO_YCBCR).astype(np.float32)
    if decoded.shape[-1] == 1:
        matrix = np.array([[luma]], np.float32)
    result = np.empty_like(decoded)
    for start in range(0, len(decoded), _BAND_ROWS):
        rows = slice(start, start + _BAND_ROWS)
        before = decoded[rows].astype(np.float32)
        change = (restored[rows] - before) @ matrix.T
        result[rows] = np.rint(np.clip(before + change, 0, 255)).astype(np.uint8)
    return result
