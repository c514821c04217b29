"""What networks are told of a file's coding: how coarse it is, and for JPEG in which frequencies.

The step alone says how coarse the lowest frequencies of luma are. Encoders differ in the rest: flat
tables, those for the eye, chroma at full or at half size. So a RecCNN that restores the files of
all of them is told these too.
"""

import io

import numpy as np
import PIL.Image

from comrec_tf.codecs import base, jpeg_xl, quantization
from comrec_tf.codecs.jpeg import JpegFormat
from comrec_tf.compact_file import carriers
from comrec_tf.images import damage

__all__ = ["COUNT", "IS_LOW", "of_codec", "of_file", "of_step", "of_tables"]

#: How many numbers there are.
COUNT = 5
#: Which coefficients of a block are low: at most three half waves, across and down together; rows
#: of vertical frequency.
IS_LOW = np.add.outer(np.arange(8), np.arange(8)).ravel() <= 3


def of_step(step: float) -> np.ndarray:
    """Say what is known of a file that has no tables.

    Args:
        step: the codec's quantiser step, grey levels.

    Returns:
        float32 (5,): `base.log_of_step` of the step, and zeros.
    """
    return np.array([base.log_of_step(step), 0, 0, 0, 0], np.float32)


def of_tables(step: float, luma: np.ndarray, chroma: np.ndarray | None, full: bool) -> np.ndarray:
    """Say what is known of a JPEG.

    Args:
        step: as in `of_step`; the DC step of luma where nothing else is known.
        luma, chroma: (64,) steps, rows of vertical frequency; None for a grey picture. A step of 0,
            which only damaged files have, counts as 1.
        full: whether chroma has as many samples as luma.

    Returns:
        float32 (5,): `base.log_of_step` of the step, and its mean over the steps of luma's low
        frequencies (the ten with at most three half waves, across and down together), of its other
        frequencies, and of chroma (of luma for a grey picture); 1 where chroma is full, else 0.
    """
    logs, of_chroma = (
        np.log(np.maximum(np.asarray(table, np.float64), 1) / base.MIDDLE_STEP)
        for table in (luma, luma if chroma is None else chroma)
    )
    means = logs[IS_LOW].mean(), logs[~IS_LOW].mean(), of_chroma.mean()
    is_full = float(full and chroma is not None)
    return np.array([base.log_of_step(step), *means, is_full], np.float32)


def of_codec(codec: base.Codec, quality: float, *, grey: bool) -> np.ndarray:
    """Say what will be known of a codec's files.

    Args:
        codec: the codec.
        quality: one of its qualities.
        grey: whether the files are of grey pictures.

    Returns:
        float32 (5,), see `of_tables`.
    """
    if not isinstance(codec, JpegFormat | jpeg_xl.JpegXlCodec):
        return of_step(codec.step(quality))
    picture = np.zeros((8, 8, 1 if grey else 3), np.uint8)
    return of_file(codec.encode(picture, quality), codec.step(quality))


def of_file(content: bytes, step: float) -> np.ndarray:
    """Say what is known of a file.

    Args:
        content: of any codec, one that has been decoded.
        step: the quantiser step that the codec or the compact file names, grey levels.

    Returns:
        float32 (5,): `of_tables` of a JPEG, also of one inside a JPEG XL file; else `of_step`.

    Raises:
        ValueError: the bytes are of no known format, or damaged.
    """
    kind = carriers.file_format(content)
    if kind == jpeg_xl.JpegXlCodec.name:
        return _of_jpeg(jpeg_xl.unpack(content), step)
    return _of_jpeg(content, step) if kind == "jpeg" else of_step(step)


def _of_jpeg(content: bytes, step: float) -> np.ndarray:
    with (
        damage.pillow_errors("damaged JPEG"),
        PIL.Image.open(io.BytesIO(content), formats=["JPEG"]) as picture,
    ):
        luma, chroma, factors = quantization.tables_of(picture)
    full = len(factors) == 3 and factors[0] == factors[1]
    return of_tables(step, luma, chroma, full)
