"""Systems: whatever makes a file of a picture and a picture of the file, at several settings."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs import base, catalog
from comrec_tf.compression import picture_coder, rate_control
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.result import CompactFile

__all__ = ["CODECS", "System", "of_codec", "of_preset"]

#: Codecs to compare with; JPEG XL is for comparison alone.
CODECS = (*vocabulary.CODEC_SUFFIXES, "jpegxl")

#: Qualities that span about 0.05 to 1.5 bits per pixel of a photo.
_SETTINGS: dict[str, Sequence[float]] = {
    "jpeg": (2, 4, 6, 8, 11, 15, 20, 27, 36, 50, 65, 80),
    "jpeg-flat": (2, 4, 6, 8, 11, 15, 20, 27, 36, 50, 65, 80),
    "mozjpeg": (3, 5, 8, 11, 15, 20, 27, 36, 50, 65, 80),
    "jpegli": (1, 8, 15, 22, 30, 40, 50, 60, 70, 80),
    "webp": (1, 5, 10, 18, 28, 40, 52, 64, 76, 84),
    "avif": (1, 8, 15, 22, 30, 38, 46, 54, 62, 70),
    "jpeg2000": (4, 10, 16, 22, 28, 34, 40, 48, 56, 64),
}
#: Butteraugli distances of JPEG XL.
_JPEGXL_DISTANCES = (20.0, 15.0, 11.0, 8.0, 6.0, 4.5, 3.3, 2.4, 1.7, 1.2)


class System(NamedTuple):
    """One curve of a comparison.

    Attributes:
        name: what the curve is called.
        settings: what `encode` takes, from small to large files.
        encode: picture, setting -> file; None where the setting cannot be reached.
        decode: file, shape -> picture.
    """

    name: str
    settings: Sequence[float]
    encode: Callable[[np.ndarray, float], bytes | None]
    decode: Callable[[bytes, tuple[int, ...]], np.ndarray]


def of_codec(name: str, codec: base.Codec | None = None) -> System:
    """Make a system of a codec alone.

    Args:
        name: one of `CODECS`.
        codec: the codec with other options than its own.

    Returns:
        The system.

    Raises:
        ValueError: there is no such codec.
        ModuleNotFoundError: JPEG XL needs imagecodecs.
    """
    if name == "jpegxl":
        return _jpegxl()
    chosen = catalog.make_codec(name) if codec is None else codec
    return System(
        name,
        _SETTINGS[name],
        lambda picture, setting: chosen.encode(picture, int(setting)),
        lambda content, shape: picture_coder.decode_bitstream(content, shape),
    )


def of_preset(name: str, compressor: Compressor) -> list[System]:
    """Make systems of a preset: one for each scale, and rate control over all.

    Rate control aims at the PSNR of the plain codec at its qualities, picture by picture, so that
    both curves spend their bytes on the same pictures. (At equal bytes for every picture a codec
    spends too much on the easy ones, and its mean suffers for that alone.) The settings of one
    picture share its search, so the time of each is a share of it.

    Args:
        name: what the preset is called.
        compressor: the preset.

    Returns:
        The systems, "NAME auto" first.
    """

    def decode(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
        return compressor.decode(content)

    searched: tuple[np.ndarray, Callable[[rate_control.Target], CompactFile]] | None = None

    def auto(picture: np.ndarray, setting: float) -> bytes | None:
        nonlocal searched
        if searched is None or searched[0] is not picture:
            searched = (picture, compressor.search(picture))
        choice = searched[1](rate_control.Target("quality", setting))
        return choice.content if choice.met else None

    def of_scale(scale: int) -> System:
        return System(
            f"{name} scale {scale}",
            _SETTINGS[compressor.codec.name],
            lambda picture, setting: compressor.encode(picture, int(setting), scale=scale).content,
            decode,
        )

    qualities = _SETTINGS[compressor.codec.reference_encoder().name]
    return [System(f"{name} auto", qualities, auto, decode), *map(of_scale, compressor.scales)]


def _jpegxl() -> System:
    try:
        import imagecodecs
    except ImportError as error:
        raise ModuleNotFoundError(
            'jpegxl needs imagecodecs: pip install "comrec-tf[evaluation]"'
        ) from error

    def encode(picture: np.ndarray, setting: float) -> bytes:
        pixels = picture[..., 0] if picture.shape[-1] == 1 else picture
        return bytes(imagecodecs.jpegxl_encode(pixels, distance=setting))

    def decode(content: bytes, shape: tuple[int, ...]) -> np.ndarray:
        return imagecodecs.jpegxl_decode(content).reshape(shape)

    return System("jpegxl", _JPEGXL_DISTANCES, encode, decode)
