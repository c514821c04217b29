"""Other people's encoders of standard JPEG: mozjpeg and jpegli (extra ``codecs``)."""

import functools
import importlib
import io
from typing import Any, ClassVar

import numpy as np
import PIL.Image

from comrec_tf import vocabulary
from comrec_tf.codecs import base, joined_tables
from comrec_tf.codecs.jpeg import JpegCodec, JpegFormat
from comrec_tf.process import forking

__all__ = ["JpegliCodec", "MozjpegCodec"]

_LIBVIPS = forking.ThreadedLibrary("libvips")


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
