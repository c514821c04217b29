"""JPEG by libjpeg-turbo through Pillow, with the standard's quantisation tables."""

import threading
from typing import Any

import numpy as np
import PIL.ImageFile

from comrec_tf import vocabulary
from comrec_tf.codecs import base, quantization
from comrec_tf.codecs.pillow import PillowCodec, PillowFormat

__all__ = ["JpegCodec", "JpegFormat", "PillowJpegCodec"]

#: The most bytes that a sample and that the headers take.
_LARGEST_SAMPLE, _HEADERS = 4, 1 << 16
#: Pillow's buffer size is the same for all threads.
_LOCK = threading.Lock()


class JpegFormat(PillowFormat):
    """What all encoders of JPEG have in common: the decoder, and libjpeg's limit of size."""

    suffix = vocabulary.CODEC_SUFFIXES["jpeg"]
    #: libjpeg's own limit.
    max_size = 65500
    _FORMAT = "JPEG"


class PillowJpegCodec(JpegFormat, PillowCodec):
    """What encoders of JPEG by Pillow have in common: buffers that fit any picture."""

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`."""
        try:
            return super().encode(picture, quality)
        except ValueError:
            # To make Huffman tables libjpeg needs the whole file in one buffer. Pillow's buffer
            # fits ordinary photos; for noise and for full chroma it may be too small.
            self.check_quality(quality)
            with _LOCK:
                usual = PIL.ImageFile.MAXBLOCK
                PIL.ImageFile.MAXBLOCK = _HEADERS + _LARGEST_SAMPLE * picture.size
                try:
                    return super().encode(picture, quality)
                finally:
                    PIL.ImageFile.MAXBLOCK = usual


class JpegCodec(PillowJpegCodec):
    """Baseline or progressive JPEG of libjpeg-turbo, with the standard quantisation tables.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; ignored for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture (as
            `jpegtran -optimize`); the standard tables cost a third more bytes at quality 5. The
            tables of the paper (Jiang et al. 2017) count bytes with the standard ones.
        progressive: whether the scans are progressive; then tables are made for each picture too.

    Raises:
        ValueError: `chroma_subsampling` is neither of the two.
    """

    name = "jpeg"

    def __init__(
        self,
        chroma_subsampling: str = "4:2:0",
        optimize_huffman: bool = True,
        progressive: bool = False,
    ) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        self.chroma_subsampling = chroma_subsampling
        self.optimize_huffman = optimize_huffman
        self.progressive = progressive

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        return {
            "quality": int(quality),
            "subsampling": self.chroma_subsampling if picture.shape[-1] == 3 else "4:4:4",
            "optimize": self.optimize_huffman,
            "progressive": self.progressive,
        }

    def step(self, quality: float) -> float:
        """Return the DC step of luma; see `quantization.standard_tables` and `Codec.step`."""
        self.check_quality(quality)
        return float(quantization.standard_tables(quality)[0, 0, 0])

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "optimize_huffman": self.optimize_huffman,
            "progressive": self.progressive,
        }
