"""Better encoders of standard JPEG: flatter tables, and mozjpeg and jpegli (extra ``codecs``)."""

import functools
import importlib
import io
from typing import Any, ClassVar

import mozjpeg_lossless_optimization
import numpy as np
import PIL.Image

from comrec_tf import vocabulary
from comrec_tf.codecs import base, dead_zone, joined_tables, quantization
from comrec_tf.codecs.jpeg import JpegCodec, JpegFormat, PillowJpegCodec
from comrec_tf.process import forking

__all__ = ["FlatJpegCodec", "JpegliCodec", "MozjpegCodec"]

_LIBVIPS = forking.ThreadedLibrary("libvips")


class FlatJpegCodec(PillowJpegCodec):
    """JPEG by Pillow with quantisation tables for a squared error, not for the eye.

    A network restores more from finer steps of the high frequencies and of chroma and coarser steps
    of the lowest: the shipped networks reach the same PSNR with a tenth fewer bytes. Above quality
    50 the tables slowly become the standard's; see `quantization.flat_tables`. Decoders read the
    tables from the file, so there are qualities between libjpeg's whole ones, which are far apart
    where files are small: from 5 to 6 a file grows by a seventh.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; ignored for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture; see `JpegCodec`.
        progressive: whether the scans are progressive, in the order that mozjpeg finds best for
            the picture, where that is smaller than baseline JPEG: by 2 to 3 % from 0.25 bits per
            pixel on. Not without `optimize_huffman`.
        dead_zone: how far above the middle between two levels the smaller one is still taken, in
            steps of luma, 0 to 0.5; see `dead_zone.requantize`. Decoders need not know it.

    Raises:
        ValueError: an argument is none of these.
    """

    name = "jpeg-flat"
    qualities = tuple(eighths / 8 for eighths in range(8, 801))

    def __init__(
        self,
        chroma_subsampling: str = "4:2:0",
        optimize_huffman: bool = True,
        progressive: bool = False,
        dead_zone: float = 0.0,
    ) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        if progressive and not optimize_huffman:
            raise ValueError(
                "progressive needs Huffman tables made for each picture. "
                "Received: optimize_huffman=False"
            )
        if not 0.0 <= dead_zone <= 0.5:
            raise ValueError(f"dead_zone must be from 0 to 0.5. Received: dead_zone={dead_zone}")
        self.chroma_subsampling = chroma_subsampling
        self.optimize_huffman = optimize_huffman
        self.progressive = progressive
        self.dead_zone = dead_zone

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`."""
        baseline = joined_tables.join(super().encode(picture, quality))
        if not self.progressive:
            return baseline
        return min(baseline, mozjpeg_lossless_optimization.optimize(baseline), key=len)

    def _prepared(self, picture: np.ndarray, quality: float) -> PIL.Image.Image:
        if not self.dead_zone:
            return super()._prepared(picture, quality)
        tables = quantization.flat_tables(quality).reshape(2, 64)
        halved = self.chroma_subsampling == "4:2:0"
        planes = dead_zone.requantize(picture, tables, self.dead_zone, halved=halved)
        return PIL.Image.fromarray(planes, "L" if picture.shape[-1] == 1 else "YCbCr")

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        tables = quantization.flat_tables(quality).astype(int).reshape(2, 64).tolist()
        grey = picture.shape[-1] == 1
        return {
            "qtables": tables[:1] if grey else tables,
            "subsampling": "4:4:4" if grey else self.chroma_subsampling,
            "optimize": self.optimize_huffman,
        }

    def step(self, quality: float) -> float:
        """Return the DC step of luma; see `quantization.flat_tables` and `Codec.step`."""
        self.check_quality(quality)
        return float(quantization.flat_tables(quality)[0, 0, 0])

    def reference_encoder(self) -> JpegCodec:
        """Return JPEG with the standard's tables; see `Codec.reference_encoder`."""
        return JpegCodec(self.chroma_subsampling, self.optimize_huffman)

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "optimize_huffman": self.optimize_huffman,
            "progressive": self.progressive,
            "dead_zone": self.dead_zone,
        }


class _ForeignEncoder(JpegFormat):
    """An encoder that scales its tables in its own way: its steps are read from real files."""

    def step(self, quality: float) -> float:
        """Return the DC step of luma that the encoder writes; see `Codec.step`."""
        self.check_quality(quality)
        return self._steps[quality]

    @functools.cached_property
    def _steps(self) -> dict[float, float]:
        picture = np.zeros((8, 8, 3), np.uint8)
        return {quality: _dc_step(self.encode(picture, quality)) for quality in self.qualities}


def _dc_step(bitstream: bytes) -> float:
    with PIL.Image.open(io.BytesIO(bitstream)) as picture:
        return float(picture.quantization[0][0])  # type: ignore[attr-defined]


class MozjpegCodec(_ForeignEncoder):
    """JPEG by mozjpeg through libvips: trellis quantisation, tables made for the picture.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; ignored for grey pictures.
        progressive: whether the scans are progressive; files of a few kilobytes are smaller as
            baseline JPEG.
        tables: which of mozjpeg's tables, 0 to 8: 0 the standard's, 1 flat, 2 tuned for MS-SSIM,
            3 N. Robidoux's, 4 tuned for PSNR-HVS-M, 5 to 8 from papers on the eye.

    Raises:
        ValueError: an argument is none of these.
    """

    name = "mozjpeg"
    #: How many times coarser tables are than their first step says, compared with the standard's,
    #: by the geometric mean of luma's steps. Networks do best if they are told that mean.
    _COARSER: ClassVar = {2: 4 / 3}

    def __init__(
        self, chroma_subsampling: str = "4:2:0", progressive: bool = False, tables: int = 3
    ) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        if tables not in range(9):
            raise ValueError(f"tables must be from 0 to 8. Received: tables={tables}")
        self.chroma_subsampling = chroma_subsampling
        self.progressive = progressive
        self.tables = tables

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`.

        Raises:
            ModuleNotFoundError: pyvips is not installed.
            RuntimeError: a process that had encoded was forked, and this is the child.
            ValueError: as `Codec.encode`.
        """
        self.check_quality(quality)
        pyvips = _module("pyvips", self.name)
        _LIBVIPS.enter()
        height, width, channels = picture.shape
        memory = np.ascontiguousarray(picture).tobytes()
        pixels = pyvips.Image.new_from_memory(memory, width, height, channels, "uchar")
        pixels = pixels.copy(interpretation="b-w" if channels == 1 else "srgb")
        try:
            content = pixels.jpegsave_buffer(
                Q=int(quality),
                optimize_coding=True,
                interlace=self.progressive,
                optimize_scans=self.progressive,
                trellis_quant=True,
                overshoot_deringing=True,
                quant_table=self.tables,
                subsample_mode="on" if self.chroma_subsampling == "4:2:0" else "off",
                keep="none",
            )
        except pyvips.Error as error:
            raise ValueError(f"libvips cannot write JPEG: {error}") from error
        return joined_tables.join(content)

    def step(self, quality: float) -> float:
        """Return the DC step of luma, times `_COARSER` of the tables; see `Codec.step`."""
        return float(base.round_step(self._COARSER.get(self.tables, 1.0) * super().step(quality)))

    def reference_encoder(self) -> JpegCodec:
        """Return libjpeg-turbo with the same options; see `Codec.reference_encoder`."""
        return JpegCodec(self.chroma_subsampling, progressive=self.progressive)

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "progressive": self.progressive,
            "tables": self.tables,
        }


class JpegliCodec(_ForeignEncoder):
    """JPEG by jpegli: adaptive quantisation. Grey pictures are written as colour."""

    name = "jpegli"

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`.

        Raises:
            ModuleNotFoundError: pyjpegli is not installed.
            ValueError: as `Codec.encode`.
        """
        self.check_quality(quality)
        height, width = picture.shape[:2]
        rgb = np.ascontiguousarray(np.broadcast_to(picture, (height, width, 3)))
        try:
            return _module("pyjpegli", self.name).encode(rgb.tobytes(), width, height, int(quality))
        except RuntimeError as error:
            raise ValueError(f"jpegli cannot write the picture: {error}") from error

    def reference_encoder(self) -> JpegCodec:
        """Return libjpeg-turbo; see `Codec.reference_encoder`."""
        return JpegCodec()


def _module(name: str, codec: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise vocabulary.missing_extra(f"the codec {codec} needs {name}", "codecs") from error
