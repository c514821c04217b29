"""Systems: whatever makes files from pictures and pictures from files, at several settings."""

import abc
import bisect
import functools
from collections.abc import Callable, Sequence

import numpy as np

from comrec_tf.codecs import base, catalog
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.result import PLAIN_SCALE, CompactFile
from comrec_tf.compression.target import METRICS, Target
from comrec_tf.vocabulary import CODEC_SUFFIXES, missing_extra

__all__ = ["CODECS", "System", "installed_codecs", "of_codec", "of_preset"]

#: JPEG XL as a codec of pixels; only for comparison.
_JPEG_XL = "jpegxl-lossy"
#: Codecs to compare with.
CODECS = (*CODEC_SUFFIXES, _JPEG_XL)

#: Qualities that span about 0.05 to 1.5 bits per pixel of a photo.
_SETTINGS: dict[str, Sequence[float]] = {
    "jpeg": (2, 4, 6, 8, 11, 15, 20, 27, 36, 50, 65, 80),
    "mozjpeg": (3, 5, 8, 11, 15, 20, 27, 36, 50, 65, 80),
    "jpegli": (1, 8, 15, 22, 30, 40, 50, 60, 70, 80),
    "webp": (1, 5, 10, 18, 28, 40, 52, 64, 76, 84),
    "avif": (1, 8, 15, 22, 30, 38, 46, 54, 62, 70),
    "jpeg2000": (4, 10, 16, 22, 28, 34, 40, 48, 56, 64),
    _JPEG_XL: (3, 7, 12, 18, 25, 36, 50, 64, 75, 85),
}


class System(abc.ABC):
    """One curve of a comparison.

    Attributes:
        name: what the curve is called.
        settings: the settings that are measured, from small to large files.
    """

    name: str
    settings: Sequence[float]

    @abc.abstractmethod
    def encode(self, picture: np.ndarray, setting: float) -> bytes | None:
        """Make a file.

        Args:
            picture: uint8 (H, W, 1 or 3).
            setting: one of `settings`.

        Returns:
            The whole file; None if the setting cannot be reached.
        """

    @abc.abstractmethod
    def decode(self, content: bytes, channels: int) -> np.ndarray:
        """Make a picture of a file.

        Args:
            content: what `encode` or `encode_near` returned.
            channels: of the original, 1 or 3.

        Returns:
            uint8 (H, W, channels).
        """

    @abc.abstractmethod
    def encode_near(self, picture: np.ndarray, num_bytes: int) -> bytes:
        """Make a file of about a size.

        Args:
            picture: uint8 (H, W, 1 or 3).
            num_bytes: the size.

        Returns:
            The file nearest in size; it may be far off if the system has none near.
        """


class _Codec(System):
    """A codec alone.

    Args:
        name: of the system.
        qualities: all that `encode` takes, rising.
        encode: picture, quality -> file.
        decode: file, channels -> picture.
        settings: the qualities that are measured.
    """

    def __init__(
        self,
        name: str,
        qualities: Sequence[float],
        encode: Callable[[np.ndarray, float], bytes],
        decode: Callable[[bytes, int], np.ndarray],
        settings: Sequence[float],
    ) -> None:
        self.name = name
        self.settings = settings
        self._qualities = qualities
        self._encode = encode
        self._decode = decode
        self._picture: np.ndarray | None = None

    def encode(self, picture: np.ndarray, setting: float) -> bytes:
        """Encode; see `System`."""
        return self._encode(picture, setting)

    def decode(self, content: bytes, channels: int) -> np.ndarray:
        """Decode; see `System`."""
        return self._decode(content, channels)

    def encode_near(self, picture: np.ndarray, num_bytes: int) -> bytes:
        """Encode to a size by search over the qualities; see `System`."""
        made = self._made_of(picture)
        index = bisect.bisect_right(self._qualities, num_bytes, key=lambda q: len(made(q)))
        neighbours = self._qualities[max(0, index - 1) : index + 1]
        return min(map(made, neighbours), key=lambda content: abs(len(content) - num_bytes))

    def _made_of(self, picture: np.ndarray) -> Callable[[float], bytes]:
        """Quality -> file; what was made of one picture for one size is kept for the next."""
        if self._picture is not picture:
            self._picture = picture
            self._made = functools.cache(functools.partial(self._encode, picture))
        return self._made


class _RateControl(System):
    """A preset's rate control over all scales and the codec alone, as `compress` works.

    It aims at the plain codec's qualities, picture by picture, so that both curves spend their
    bytes on the same pictures. (With equal bytes for every picture, too many would go to easy
    pictures, which alone would lower the mean.) All settings of a picture share one search, so the
    time of each is only a part of it.
    """

    def __init__(
        self,
        name: str,
        compressor: Compressor,
        metric: str,
        *,
        every_quality: bool,
        restore_effort: int,
    ) -> None:
        self.name = name
        # A search costs much more than a codec's file, and the curve is smooth: half the points do.
        qualities = _settings(compressor.codec.reference_encoder())
        self.settings = qualities if every_quality else (*qualities[:-1:2], qualities[-1])
        self._compressor = compressor
        self._metric = metric
        self._restore_effort = restore_effort
        self._picture: np.ndarray | None = None

    def encode(self, picture: np.ndarray, setting: float) -> bytes | None:
        """Encode to be as good as plain JPEG of a quality; see `System`."""
        found = self._search(picture)(Target("quality", setting, self._metric))
        return found.content if found.met else None

    def decode(self, content: bytes, channels: int) -> np.ndarray:
        """Restore; see `System`."""
        return self._compressor.decode(content, effort=self._restore_effort)

    def encode_near(self, picture: np.ndarray, num_bytes: int) -> bytes:
        """Encode to a size by rate control, or by the quality above what it chose; see `System`."""
        chosen = self._search(picture)(Target("max_bytes", num_bytes, self._metric))
        above = self._quality_above(chosen)
        if above is None:
            return chosen.content
        larger = self._compressor.encode(picture, above, chosen.scale).content
        return min(chosen.content, larger, key=lambda content: abs(len(content) - num_bytes))

    def _quality_above(self, chosen: CompactFile) -> float | None:
        qualities = self._compressor.codec.qualities
        if chosen.scale == PLAIN_SCALE or chosen.quality == qualities[-1]:
            return None
        return qualities[qualities.index(chosen.quality) + 1]

    def _search(self, picture: np.ndarray) -> Callable[[Target], CompactFile]:
        if self._picture is not picture:
            self._picture, self._searched = picture, self._compressor.search(picture)
        return self._searched


def of_codec(name: str) -> System:
    """Make a system of a codec alone.

    Args:
        name: one of `CODECS`.

    Returns:
        The system. It has made a file, so all that it needs is installed.

    Raises:
        ValueError: there is no such codec.
        ModuleNotFoundError: the codec needs a package that is not installed.
    """
    if name == _JPEG_XL:
        system = _jpeg_xl()
    else:
        codec = catalog.make_codec(name)
        system = _Codec(name, codec.qualities, codec.encode, codec.decode, _settings(codec))
    system.encode(np.zeros((8, 8, 3), np.uint8), system.settings[0])
    return system


def installed_codecs() -> list[str]:
    """List the codecs whose packages are installed.

    Returns:
        Those of `CODECS`, in its order.
    """
    return [name for name in CODECS if _is_installed(name)]


def of_preset(
    name: str,
    compressor: Compressor,
    metric: str = METRICS[0],
    *,
    each_scale: bool = False,
    every_quality: bool = False,
    restore_effort: int = 1,
) -> list[System]:
    """Make systems of a preset.

    Args:
        name: what the preset is called.
        compressor: the preset.
        metric: what rate control judges by, one of `compression.target.METRICS`.
        each_scale: whether the pair of each scale alone is a system too.
        every_quality: whether rate control is measured at all qualities of the plain codec's curve
            instead of every other one.
        restore_effort: of restoring, see `Compressor.decode`.

    Returns:
        Rate control over all scales, with the preset's name, and with `each_scale` "NAME scale 1"
        and so on.
    """
    codec = compressor.codec

    def of_scale(scale: int) -> System:
        return _Codec(
            f"{name} scale {scale}",
            codec.qualities,
            lambda picture, quality: compressor.encode(picture, quality, scale=scale).content,
            lambda content, channels: compressor.decode(content, effort=restore_effort),
            _settings(codec),
        )

    scales = compressor.scales if each_scale else ()
    auto = _RateControl(
        name, compressor, metric, every_quality=every_quality, restore_effort=restore_effort
    )
    return [auto, *map(of_scale, scales)]


def _settings(codec: base.Codec) -> Sequence[float]:
    """The measured qualities; those of the reference encoder if a codec has none."""
    usual = codec.reference_encoder()
    if codec.name == "jpeg-xl":
        return _SETTINGS[codec.options()["inside"]] if usual is codec else _settings(usual)
    return _SETTINGS.get(codec.name) or _SETTINGS[usual.name]


def _is_installed(name: str) -> bool:
    try:
        of_codec(name)
    except ModuleNotFoundError:
        return False
    return True


def _jpeg_xl() -> System:
    try:
        import imagecodecs
    except ImportError as error:
        raise missing_extra(f"{_JPEG_XL} needs imagecodecs", "codecs") from error

    def encode(picture: np.ndarray, quality: float) -> bytes:
        pixels = picture[..., 0] if picture.shape[-1] == 1 else picture
        return bytes(imagecodecs.jpegxl_encode(pixels, distance=_distance(quality)))

    def decode(content: bytes, channels: int) -> np.ndarray:
        pixels = imagecodecs.jpegxl_decode(content)
        return pixels.reshape(*pixels.shape[:2], channels)

    return _Codec(_JPEG_XL, range(1, 100), encode, decode, _SETTINGS[_JPEG_XL])


def _distance(quality: float) -> float:
    """The Butteraugli distance of a quality, as libjxl's JxlEncoderDistanceFromQuality has it."""
    if quality >= 30:
        return 0.1 + (100 - quality) * 0.09
    return 53 / 3000 * quality**2 - 23 / 20 * quality + 25
