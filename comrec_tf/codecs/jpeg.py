"""JPEG by libjpeg-turbo through Pillow, with the standard's quantisation tables."""

from typing import Any

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs import base, quantization
from comrec_tf.codecs.pillow import PillowCodec

__all__ = ["JpegCodec", "JpegFormat"]


class JpegFormat(PillowCodec):
    """What all encoders of JPEG have in common: the decoder, and libjpeg's limit of size."""

    suffix = vocabulary.CODEC_SUFFIXES["jpeg"]
    #: What libjpeg writes at most.
    max_size = 65500
    _FORMAT = "JPEG"


class JpegCodec(JpegFormat):
    """Baseline or progressive JPEG of libjpeg-turbo, with the standard quantisation tables.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; without meaning for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture (as
            `jpegtran -optimize`); the standard tables cost a third more bytes at quality 5. The
            tables of the paper (Jiang et al. 2017) count bytes with the standard ones.
        progressive: whether the scans are progressive; that implies tables made for each picture.

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
