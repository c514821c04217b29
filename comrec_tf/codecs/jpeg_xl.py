"""JPEG XL around a JPEG: the same JPEG in fewer bytes, without loss (extra ``codecs``)."""

import importlib
from typing import Any

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs import base
from comrec_tf.codecs.jpeg import JpegCodec, JpegFormat
from comrec_tf.codecs.jpeg_encoders import JpegliCodec, MozjpegCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec, TrellisJpegCodec
from comrec_tf.compact_file import carriers, container, jpeg_xl
from comrec_tf.images import limits

__all__ = ["JpegXlCodec", "to_jpeg", "unpack"]

_INSIDE = {
    codec.name: codec
    for codec in (JpegCodec, FlatJpegCodec, TrellisJpegCodec, MozjpegCodec, JpegliCodec)
}
_SCANS = "progressive"
#: The most bytes of a recipe. Those of files made here have a few hundred; a hostile one may unfold
#: to some thousand times its size.
_LARGEST_RECIPE = 2**14


class JpegXlCodec(base.Codec):
    """A JPEG, its entropy coding replaced by that of JPEG XL (ISO/IEC 18181-2, box "jbrd").

    Decoders of JPEG XL show the picture. Here the JPEG is rebuilt bit for bit, so the pixels are
    those of the JPEG.

    Args:
        inside: the encoder of the JPEG: "jpeg", "jpeg-flat", "jpeg-trellis",
            "mozjpeg" or "jpegli".
        **options: of that encoder.

    Raises:
        ValueError: there is no such encoder, or it has no such option.
    """

    name = "jpeg-xl"
    suffix = vocabulary.CODEC_SUFFIXES["jpeg-xl"]

    def __init__(self, inside: str = "jpeg", **options: Any) -> None:
        if inside not in _INSIDE:
            raise ValueError(f"inside must be one of {', '.join(_INSIDE)}. Received: {inside}")
        self._inside: JpegFormat = _INSIDE[inside](**options)
        self.qualities = self._inside.qualities
        self.max_size = self._inside.max_size

    @classmethod
    def around(cls, codec: base.Codec) -> "JpegXlCodec":
        """Make the codec around an encoder of JPEG.

        Its JPEGs are not progressive: the order of scans changes only the recipe, which takes some
        50 bytes more for a progressive one.

        Args:
            codec: the encoder; for a codec that is not JPEG the default one is taken.

        Returns:
            The codec.
        """
        if codec.name not in _INSIDE:
            return cls()
        options = codec.options()
        return cls(codec.name, **options | {name: False for name in options if name == _SCANS})

    def for_scale(self, scale: int) -> "JpegXlCodec":
        """Return the same around the encoder of JPEG for a scale; see `Codec.for_scale`."""
        inside = self._inside.for_scale(scale)
        return self if inside is self._inside else JpegXlCodec.around(inside)

    def packs(self, other: base.Codec) -> bool:
        """Tell whether another codec is the one inside, progressive or not; see `Codec.packs`."""
        return other.name in _INSIDE and JpegXlCodec.around(other).options() == self.options()

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`.

        Raises:
            ModuleNotFoundError: imagecodecs, or what the encoder inside needs, is not installed.
            ValueError: as `Codec.encode`.
        """
        jpeg = self._inside.encode(picture, quality)
        library = _library()
        try:
            return bytes(library.jpegxl_encode_jpeg(jpeg, usecontainer=True, numthreads=1))
        except RuntimeError as error:
            raise ValueError(f"libjxl cannot pack the JPEG: {error}") from error

    def decode(self, bitstream: bytes, channels: int = 0) -> np.ndarray:
        """Decode a bitstream; see `Codec.decode`.

        Raises:
            ModuleNotFoundError: imagecodecs is not installed.
            ValueError: as `Codec.decode`.
        """
        return self._inside.decode(unpack(bitstream), channels)

    def shape(self, bitstream: bytes) -> tuple[int, int, int]:
        """Read a picture's shape; see `Codec.shape`."""
        return jpeg_xl.shape(bitstream)

    def step(self, quality: float) -> float:
        """Return the step of the JPEG; see `Codec.step`."""
        return self._inside.step(quality)

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {"inside": self._inside.name, **self._inside.options()}

    def reference_encoder(self) -> "JpegXlCodec":
        """Return the same around the reference encoder of JPEG; see `Codec.reference_encoder`."""
        reference = self._inside.reference_encoder()
        return self if reference is self._inside else JpegXlCodec.around(reference)


def unpack(content: bytes) -> bytes:
    """Rebuild the JPEG from its JPEG XL file.

    Args:
        content: the file.

    Returns:
        The JPEG, bit for bit.

    Raises:
        ModuleNotFoundError: imagecodecs is not installed.
        ValueError: the bytes are not a JPEG XL file, are damaged, hold a picture that was not a
            JPEG, or declare far more pixels or metadata than they can hold.
    """
    height, width, _ = jpeg_xl.shape(content)
    limits.check_density(width, height, len(content), "JPEG XL")
    recipe = jpeg_xl.recipe(content)
    if recipe is None:
        raise ValueError("expected a JPEG inside the JPEG XL file. Received: another picture")
    if len(recipe) > _LARGEST_RECIPE:
        raise ValueError(
            f"expected at most {_LARGEST_RECIPE:,} bytes that say how to rebuild the JPEG. "
            f"Received: {len(recipe):,}"
        )
    library = _library()
    try:
        return bytes(library.jpegxl_decode_jpeg(content, numthreads=1))
    except (RuntimeError, ValueError, MemoryError) as error:
        raise ValueError(f"damaged JPEG XL: {error}") from error


def to_jpeg(content: bytes) -> bytes:
    """Turn a file of this codec into the one that the encoder inside would have made.

    Args:
        content: a compact file, or any JPEG XL file that holds a JPEG.

    Returns:
        The compact JPEG, bit for bit as it is made without JPEG XL; or the JPEG that the file
        holds.

    Raises:
        ModuleNotFoundError, ValueError: as `unpack`; or the compact file is damaged.
    """
    jpeg = unpack(content)
    if carriers.extract(content) is None:
        return jpeg
    header = container.read(content)
    container.verify(content, header)
    return container.write(
        carriers.embed_metadata(jpeg, carriers.extract_metadata(content)), header
    )


def _library() -> Any:
    try:
        return importlib.import_module("imagecodecs")
    except ImportError as error:
        raise vocabulary.missing_extra("the codec jpeg-xl needs imagecodecs", "codecs") from error
