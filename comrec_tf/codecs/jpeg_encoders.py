"""Better encoders of standard JPEG: flatter tables, and mozjpeg and jpegli (extra ``codecs``)."""

import functools
import importlib
import io
from typing import Any

import keras
import numpy as np
import PIL.Image
import tensorflow as tf

from comrec_tf.codecs import base, quantization
from comrec_tf.codecs.eager import EagerCodec
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.graph.differentiable_jpeg import DifferentiableJpeg

__all__ = ["FlatJpegCodec", "JpegliCodec", "MozjpegCodec"]


class _JpegEncoder(EagerCodec):
    """Another encoder, the usual decoder."""

    suffix = JpegCodec.suffix
    max_size = JpegCodec.max_size

    def decode_array(self, bitstream: bytes) -> np.ndarray:
        """Decode one bitstream; see `EagerCodec.decode_array`."""
        return JpegCodec().decode_picture(tf.constant(bitstream)).numpy()

    def read_shape(self, bitstream: bytes) -> tuple[int, int, int]:
        """Read the shape; see `EagerCodec.read_shape`."""
        height, width, channels = JpegCodec().picture_shape(tf.constant(bitstream)).numpy()
        return int(height), int(width), int(channels)

    def usual(self) -> JpegCodec:
        """Return libjpeg-turbo's encoder with the same options; see `Codec.usual`."""
        return JpegCodec(**self.get_config())

    def step(self, quality: tf.Tensor) -> tf.Tensor:
        """Return the DC step of luma that the encoder writes; see `Codec.step`."""
        low, second = self.qualities[:2]
        index = (tf.cast(quality, tf.float32) - low) / (second - low)
        return tf.gather(self._steps, tf.cast(index, tf.int32))

    @functools.cached_property
    def _steps(self) -> np.ndarray:
        """Read from real files, one for each quality: encoders scale their tables their own way."""
        picture = np.zeros((8, 8, 3), np.uint8)
        files = [self.encode_array(picture, quality) for quality in self.qualities]
        tables = [PIL.Image.open(io.BytesIO(file)).quantization[0] for file in files]  # type: ignore[attr-defined]
        return np.array([table[0] for table in tables], np.float32)


@keras.saving.register_keras_serializable(package="comrec_tf")
class FlatJpegCodec(_JpegEncoder):
    """Baseline JPEG by Pillow with quantisation tables for a squared error in place of the eye's.

    What a network restores is better told by finer steps of the high frequencies and of chroma and
    coarser ones of the lowest: the shipped networks reach the same PSNR with a tenth of the bytes
    less. Above quality 50 the tables slowly become the standard's; see `quantization.flat_tables`.
    Decoders take them from the file, so qualities may lie between libjpeg's whole ones, which are
    far apart where files are small: from 5 to 6 a file grows by a seventh.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; without meaning for grey pictures.
        optimize_huffman: whether the Huffman tables are made for each picture; see `JpegCodec`.

    Raises:
        ValueError: `chroma_subsampling` is neither of the two.
    """

    name = "jpeg-flat"
    qualities = tuple(eighths / 8 for eighths in range(8, 801))

    def __init__(self, chroma_subsampling: str = "4:2:0", optimize_huffman: bool = True) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        self.chroma_subsampling = chroma_subsampling
        self.optimize_huffman = optimize_huffman

    def encode_array(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode one picture; see `EagerCodec.encode_array`."""
        grey = picture.shape[-1] == 1
        tables = [list(table) for table in self._tables[self.qualities.index(quality)]]
        buffer = io.BytesIO()
        pixels = PIL.Image.fromarray(picture[..., 0] if grey else picture)
        try:
            pixels.save(
                buffer,
                "JPEG",
                qtables=tables[:1] if grey else tables,
                optimize=self.optimize_huffman,
                subsampling=self.chroma_subsampling,
            )
        except (OSError, ValueError) as error:
            raise ValueError(f"Pillow cannot write JPEG: {error}") from error
        return buffer.getvalue()

    def stand_in(self) -> DifferentiableJpeg:
        """Return JPEG with these tables as differentiable arithmetic; see `Codec.stand_in`."""
        return DifferentiableJpeg(self.chroma_subsampling, quantization.flat_tables)

    @functools.cached_property
    def _tables(self) -> np.ndarray:
        """Tables of luma and chroma by quality, (793, 2, 64)."""
        with tf.init_scope():  # for good, whatever graph is being made when they are first needed
            tables = quantization.flat_tables(tf.constant(self.qualities)).numpy()
        return tables.astype(int).reshape(len(self.qualities), 2, 64)

    @functools.cached_property
    def _steps(self) -> np.ndarray:
        return self._tables[:, 0, 0].astype(np.float32)

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "optimize_huffman": self.optimize_huffman,
        }


@keras.saving.register_keras_serializable(package="comrec_tf")
class MozjpegCodec(_JpegEncoder):
    """JPEG by mozjpeg through libvips: trellis quantisation, tables made for the picture.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; without meaning for grey pictures.
        progressive: whether the scans are progressive; below half a bit per pixel baseline files
            are usually smaller.

    Raises:
        ValueError: `chroma_subsampling` is neither of the two.
    """

    name = "mozjpeg"

    def __init__(self, chroma_subsampling: str = "4:2:0", progressive: bool = False) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        self.chroma_subsampling = chroma_subsampling
        self.progressive = progressive

    def encode_array(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode one picture; see `EagerCodec.encode_array`.

        Raises:
            ModuleNotFoundError: pyvips is not installed.
            ValueError: libvips refuses the picture.
        """
        pyvips = _module("pyvips", self.name)
        height, width, channels = picture.shape
        memory = np.ascontiguousarray(picture).tobytes()
        pixels = pyvips.Image.new_from_memory(memory, width, height, channels, "uchar")
        pixels = pixels.copy(interpretation="b-w" if channels == 1 else "srgb")
        try:
            return pixels.jpegsave_buffer(
                Q=quality,
                optimize_coding=True,
                interlace=self.progressive,
                optimize_scans=self.progressive,
                trellis_quant=True,
                overshoot_deringing=True,
                quant_table=3,
                subsample_mode="on" if self.chroma_subsampling == "4:2:0" else "off",
                keep="none",
            )
        except pyvips.Error as error:
            raise ValueError(f"libvips cannot write JPEG: {error}") from error

    def get_config(self) -> dict[str, Any]:
        """Return the constructor's arguments."""
        return {
            "chroma_subsampling": self.chroma_subsampling,
            "progressive": self.progressive,
        }


@keras.saving.register_keras_serializable(package="comrec_tf")
class JpegliCodec(_JpegEncoder):
    """JPEG by jpegli: adaptive quantisation. Grey pictures are written as colour."""

    name = "jpegli"

    def encode_array(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode one picture; see `EagerCodec.encode_array`.

        Raises:
            ModuleNotFoundError: pyjpegli is not installed.
            ValueError: jpegli refuses the picture.
        """
        height, width = picture.shape[:2]
        rgb = np.ascontiguousarray(np.broadcast_to(picture, (height, width, 3)))
        try:
            return _module("pyjpegli", self.name).encode(rgb.tobytes(), width, height, quality)
        except RuntimeError as error:
            raise ValueError(f"jpegli cannot write the picture: {error}") from error


def _module(name: str, codec: str) -> Any:
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise ModuleNotFoundError(
            f'the codec {codec} needs {name}: pip install "comrec-tf[codecs]"'
        ) from error
