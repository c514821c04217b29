"""Chroma at half or full size: photos lose little by the half, drawings lose their colours."""

import numpy as np
import PIL.Image

from comrec_tf.codecs import base, catalog
from comrec_tf.compression import sample, ssimulacra2
from comrec_tf.compression.target import CHROMA
from comrec_tf.images import color

__all__ = ["needs_full", "sampled"]

_OPTION = "chroma_subsampling"
_NAMES = {"420": "4:2:0", "444": "4:4:4"}

#: A picture that scores less after nothing but halving its chroma counts as a drawing: photos have
#: 70 to 95, coloured text about 50.
_LEAST_SCORE = 65.0
#: Grey levels by which converting colours and back may be off.
_ROUNDING = 2
#: Differences of colour between neighbours that photos hardly have, in grey levels. If a smaller
#: share of pixels has them, the picture is no drawing.
_STEP, _SHARE = 64, 0.005


def sampled(codec: base.Codec, chroma: str, picture: np.ndarray) -> base.Codec:
    """Choose how a codec samples the chroma of a picture.

    Args:
        codec: what the picture will be encoded with.
        chroma: one of `target.CHROMA`; "auto" only changes the codec for pictures that need full
            chroma.
        picture: uint8 (H, W, 1 or 3).

    Returns:
        The codec, or the same with the other sampling.

    Raises:
        ValueError: there is no such sampling, or the codec has none to choose from.
    """
    if chroma not in CHROMA:
        raise ValueError(f"chroma must be one of {', '.join(CHROMA)}. Received: {chroma}")
    options = codec.options()
    if chroma == "auto":
        if _OPTION not in options or options[_OPTION] == _NAMES["444"] or not needs_full(picture):
            return codec
        chroma = "444"
    if _OPTION not in options:
        raise ValueError(f"{codec.name} samples chroma its own way. Received: chroma={chroma}")
    if options[_OPTION] == _NAMES[chroma]:
        return codec
    return catalog.make_codec(codec.name, **{**options, _OPTION: _NAMES[chroma]})


def needs_full(picture: np.ndarray) -> bool:
    """Tell whether halved chroma alone spoils a picture, as it does coloured text.

    Args:
        picture: uint8 (H, W, 1 or 3).

    Returns:
        True if its chroma should be coded at full size.
    """
    if picture.shape[-1] == 1 or min(picture.shape[:2]) < 2:
        return False
    picture = sample.representative(picture)
    if _steep_share(picture) < _SHARE:
        return False
    halved = _with_halved_chroma(picture)
    errors = ssimulacra2.Original(picture).errors(halved).sum((1, 2))
    # A mostly empty page is judged by what is on it.
    share = _changed_share(picture, halved)
    return share > 0 and ssimulacra2.score(errors / share) < _LEAST_SCORE


def _steep_share(picture: np.ndarray) -> float:
    """Share of pixels whose neighbour has quite another colour; every fourth is looked at."""
    left, right = (picture[::2, start::2].astype(np.int16) for start in (0, 1))
    steps = left[:, : right.shape[1]] - right
    red, blue = (np.abs(steps[..., c] - steps[..., 1]) for c in (0, 2))
    return float(np.mean(np.maximum(red, blue) > _STEP))


def _changed_share(picture: np.ndarray, other: np.ndarray) -> float:
    """Share of blocks in which two pictures differ by more than rounding."""
    differs = (np.abs(picture.astype(np.int16) - other) > _ROUNDING).any(-1)
    for axis in (0, 1):
        starts = range(0, differs.shape[axis], ssimulacra2.BLOCK)
        differs = np.logical_or.reduceat(differs, starts, axis=axis)
    return float(differs.mean())


def _with_halved_chroma(picture: np.ndarray) -> np.ndarray:
    planes = PIL.Image.fromarray(color.rounded_ycbcr(picture), "YCbCr").split()
    size = width, height = planes[0].size
    half = -(-width // 2), -(-height // 2)
    halved = [
        plane.resize(half, PIL.Image.Resampling.BOX).resize(size, PIL.Image.Resampling.BILINEAR)
        for plane in planes[1:]
    ]
    return np.asarray(PIL.Image.merge("YCbCr", [planes[0], *halved]).convert("RGB"))
