"""Encoders of standard JPEG that suit the networks: tables and levels of their own."""

import abc
from typing import Any

import mozjpeg_lossless_optimization
import numpy as np
import PIL.Image

from comrec_tf.codecs import base, joined_tables, quantization, trellis
from comrec_tf.codecs.jpeg import JpegCodec, PillowJpegCodec
from comrec_tf.codecs.requantize import Learn, requantize

__all__ = ["FlatJpegCodec", "TrellisJpegCodec"]

#: How much more an error in halved chroma counts to the trellis for a squared error of RGB. The
#: level itself, spread over four pixels, counts about 3 times as much as one of luma; that its
#: planes have few levels, and what networks make of them, asks for more.
_HALVED = 8.0
#: Where the eye takes errors half as badly, see `trellis.of_weight`. mozjpeg's number is nearly
#: three times as large; this one was chosen with `quantization.EYE`.
_BUSY = 512.0
#: The range of a trellis's weight.
_LEAST_WEIGHT, _MOST_WEIGHT = 1.0, 1000.0


class _TunedJpegCodec(PillowJpegCodec):
    """JPEG by Pillow with other tables, and if wanted levels, than libjpeg's.

    Decoders read the tables from the file, so there are qualities between libjpeg's whole ones,
    which are far apart where files are small: from 5 to 6 a file grows by a seventh.
    """

    qualities = tuple(eighths / 8 for eighths in range(8, 801))

    def __init__(self, chroma_subsampling: str, optimize_huffman: bool, progressive: bool) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        if progressive and not optimize_huffman:
            raise ValueError(
                "progressive needs Huffman tables made for each picture. "
                "Received: optimize_huffman=False"
            )
        self.chroma_subsampling = chroma_subsampling
        self.optimize_huffman = optimize_huffman
        self.progressive = progressive

    @abc.abstractmethod
    def tables(self, quality: np.ndarray | float) -> np.ndarray:
        """Compute the quantisation tables.

        Args:
            quality: any shape, 1 to 100.

        Returns:
            Steps of luma and chroma, float32, whole numbers from 1 to 255; the shape of `quality`,
            then (2, 8, 8).
        """

    @abc.abstractmethod
    def _learn(self) -> Learn | None:
        """Return what chooses levels, or None where libjpeg rounds."""

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`."""
        baseline = joined_tables.join(super().encode(picture, quality))
        if not self.progressive:
            return baseline
        return min(baseline, mozjpeg_lossless_optimization.optimize(baseline), key=len)

    def _prepared(self, picture: np.ndarray, quality: float) -> PIL.Image.Image:
        learn = self._learn()
        if learn is None:
            return super()._prepared(picture, quality)
        tables = self.tables(quality).reshape(2, -1)
        halved = self.chroma_subsampling == "4:2:0"
        planes = requantize(picture, tables, learn, halved=halved)
        return PIL.Image.fromarray(planes, "L" if picture.shape[-1] == 1 else "YCbCr")

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        tables = self.tables(quality).astype(int).reshape(2, -1).tolist()
        grey = picture.shape[-1] == 1
        return {
            "qtables": tables[:1] if grey else tables,
            "subsampling": "4:4:4" if grey else self.chroma_subsampling,
            "optimize": self.optimize_huffman,
        }

    def reference_encoder(self) -> JpegCodec:
        """Return JPEG with the standard's tables; see `Codec.reference_encoder`."""
        return JpegCodec(self.chroma_subsampling, self.optimize_huffman)

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "optimize_huffman": self.optimize_huffman,
            "progressive": self.progressive,
        }


class FlatJpegCodec(_TunedJpegCodec):
    """JPEG for a squared error, not for the eye.

    A network restores more from finer steps of the high frequencies and of chroma and coarser steps
    of the low ones: the shipped networks reach the same PSNR with more than a tenth fewer bytes.
    Above quality 50 the tables slowly become the standard's; see `quantization.flat_tables`.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; ignored for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture; see `JpegCodec`.
        progressive: whether the scans are progressive, in the order that mozjpeg finds best for
            the picture, where that is smaller than baseline JPEG: by 2 to 3 % from 0.25 bits per
            pixel on. Not without `optimize_huffman`.
        weight: bits that a squared error of one step of luma is worth to a trellis, 1 to 1000: the
            larger, the more small levels are kept; 0 for none, so that levels are the nearest.
            Decoders need not know it.
        scale: of the compact pictures: 1 for the tables of full size, 2 for those of half size; 0
            where `for_scale` will say, until then as 2.

    Raises:
        ValueError: an argument is none of these.
    """

    name = "jpeg-flat"

    def __init__(
        self,
        chroma_subsampling: str = "4:2:0",
        optimize_huffman: bool = True,
        progressive: bool = False,
        weight: float = 0.0,
        scale: int = 0,
    ) -> None:
        super().__init__(chroma_subsampling, optimize_huffman, progressive)
        if weight:
            _check_weight(weight, "0, or ")
        if scale not in (0, 1, 2):
            raise ValueError(f"scale must be 1 or 2, or 0 for any. Received: scale={scale}")
        self.weight = weight
        self.scale = scale

    def tables(self, quality: np.ndarray | float) -> np.ndarray:
        """Compute the flat tables of the scale; see `quantization.flat_tables`."""
        table = quantization.FLATTER if self.scale == 1 else quantization.FLAT
        return quantization.flat_tables(quality, table)

    def for_scale(self, scale: int) -> "FlatJpegCodec":
        """Return the encoder with the tables of a scale; see `Codec.for_scale`."""
        if self.scale or not scale:
            return self
        return FlatJpegCodec(**{**self.options(), "scale": scale})

    def _learn(self) -> Learn | None:
        return trellis.of_weight(self.weight, halved=_HALVED) if self.weight else None

    def step(self, quality: float) -> float:
        """Return the DC step of luma; see `quantization.flat_tables` and `Codec.step`."""
        self.check_quality(quality)
        return float(self.tables(quality)[0, 0, 0])

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {**super().options(), "weight": self.weight, "scale": self.scale}


class TrellisJpegCodec(_TunedJpegCodec):
    """JPEG for the eye: tables for what networks restore of it, and a trellis.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; ignored for grey pictures.
        progressive: as for `FlatJpegCodec`.
        weight: bits that a squared error of one step is worth to the trellis in a smooth block, 1
            to 1000: the larger, the more small levels are kept; see `trellis.of_weight`. Decoders
            need not know it.

    Raises:
        ValueError: an argument is none of these.
    """

    name = "jpeg-trellis"

    def __init__(
        self, chroma_subsampling: str = "4:2:0", progressive: bool = False, weight: float = 40.0
    ) -> None:
        super().__init__(chroma_subsampling, optimize_huffman=True, progressive=progressive)
        _check_weight(weight)
        self.weight = weight

    def tables(self, quality: np.ndarray | float) -> np.ndarray:
        """Compute the tables for the eye; see `quantization.eye_tables`."""
        return quantization.eye_tables(quality)

    def _learn(self) -> Learn:
        return trellis.of_weight(self.weight, busy=_BUSY)

    def step(self, quality: float) -> float:
        """Return what networks do best with; see `Codec.step`.

        It is 16 times the geometric mean of luma's steps over that of the standard's at quality 50:
        the DC step alone says less, as it is finer than the standard's next to the others.
        """
        self.check_quality(quality)
        return float(base.round_step(quantization.mean_step(self.tables(quality)[0])))

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "progressive": self.progressive,
            "weight": self.weight,
        }


def _check_weight(weight: float, instead: str = "") -> None:
    if not _LEAST_WEIGHT <= weight <= _MOST_WEIGHT:
        raise ValueError(
            f"weight must be {instead}from {_LEAST_WEIGHT:g} to {_MOST_WEIGHT:g}. "
            f"Received: weight={weight}"
        )
