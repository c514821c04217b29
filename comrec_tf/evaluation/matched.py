"""A preset beside plain JPEG at the bytes of plain JPEG, as the paper's tables compare."""

from typing import NamedTuple

import numpy as np

from comrec_tf.codecs import catalog
from comrec_tf.codecs.base import Codec
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target
from comrec_tf.images import metrics

__all__ = ["Row", "compare", "mean_row", "with_standard_tables"]


class Row(NamedTuple):
    """One picture at the bytes of plain JPEG of one quality.

    Attributes:
        picture: its name.
        jpeg_quality, jpeg_bytes, jpeg_psnr, jpeg_ssim: plain JPEG.
        quality, num_bytes, psnr, ssim: the preset, at the largest quality whose whole file is not
            larger. PSNR in dB over all channels, SSIM of the luma.
    """

    picture: str
    jpeg_quality: float
    jpeg_bytes: float
    jpeg_psnr: float
    jpeg_ssim: float
    quality: float
    num_bytes: float
    psnr: float
    ssim: float


def compare(
    compressor: Compressor,
    name: str,
    picture: np.ndarray,
    jpeg: Codec,
    jpeg_quality: int,
    scale: int | None = None,
) -> Row | None:
    """Compare on one picture.

    Args:
        compressor: the preset.
        name: name of the picture.
        picture: uint8 (H, W, 1 or 3).
        jpeg: plain JPEG.
        jpeg_quality: quality of plain JPEG, whose bytes are the limit.
        scale: which pair of the preset; the best of all and of plain JPEG, by PSNR, if None.

    Returns:
        The row, or None where the preset makes no file as small as plain JPEG's.
    """
    plain = jpeg.encode(picture, jpeg_quality)
    file = compressor.encode_to(
        picture,
        Target("max_bytes", len(plain), "psnr"),
        None if scale is None else [scale],
        plain=scale is None,
    )
    if not file.met:
        return None
    decoded, restored = jpeg.decode(plain, picture.shape[-1]), compressor.decode(file.content)
    return Row(
        name,
        jpeg_quality,
        len(plain),
        metrics.psnr(picture, decoded),
        metrics.ssim(picture, decoded),
        file.quality,
        len(file.content),
        metrics.psnr(picture, restored),
        metrics.ssim(picture, restored),
    )


def mean_row(rows: list[Row]) -> Row:
    """Mean over pictures.

    Args:
        rows: at least one.

    Returns:
        The means, named "mean".
    """
    return Row("mean", *np.mean([row[1:] for row in rows], axis=0).tolist())


def with_standard_tables(codec: Codec) -> Codec:
    """Use the standard Huffman tables instead of optimised ones, as the paper counts bytes.

    Only baseline JPEG can: progressive scans always have tables of their own.

    Args:
        codec: jpeg or jpeg-flat.

    Returns:
        The codec, otherwise the same.

    Raises:
        ValueError: it is another codec.
    """
    options = codec.options()
    if "optimize_huffman" not in options:
        raise ValueError(
            "standard Huffman tables are JPEG's: expected jpeg or jpeg-flat. "
            f"Received: codec={codec.name}"
        )
    return catalog.make_codec(
        codec.name, **{**options, "optimize_huffman": False, "progressive": False}
    )
