"""WebP, AVIF and JPEG 2000 by Pillow."""

from typing import Any, ClassVar

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs import base
from comrec_tf.codecs.pillow import PillowCodec

__all__ = ["AvifCodec", "Jpeg2000Codec", "WebpCodec"]


class _MeasuredCodec(PillowCodec):
    """A format whose quantisers have no single step that a formula could give.

    The step is that of the uniform quantiser with the same squared error, sqrt(12 MSE), measured on
    the luma of six photos (CID22 validation, every fourth) at the qualities in `_STEPS`.
    """

    #: Qualities and steps, between which the logarithm of the step is linear.
    _STEPS: ClassVar[dict[int, float]]

    def step(self, quality: float) -> float:
        """Return the effective step; see the class and `Codec.step`."""
        self.check_quality(quality)
        log_step = np.interp(quality, list(self._STEPS), np.log(list(self._STEPS.values())))
        return float(base.round_step(np.exp(log_step)))


class WebpCodec(_MeasuredCodec):
    """Lossy WebP of libwebp at its slowest method. Chroma is 4:2:0; grey pictures are colour."""

    name = "webp"
    suffix = vocabulary.CODEC_SUFFIXES["webp"]
    max_size = 16383
    _FORMAT = "WEBP"
    _STEPS: ClassVar = {
        1: 35.8,
        5: 30.7,
        10: 27.5,
        20: 23.3,
        30: 20.3,
        50: 15.9,
        70: 13.0,
        80: 10.2,
        90: 6.2,
        95: 4.2,
        100: 2.9,
    }

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        return {"quality": quality, "method": 6}


class AvifCodec(_MeasuredCodec):
    """AVIF of libavif and aom.

    Args:
        chroma_subsampling: "4:2:0" or "4:4:4"; grey pictures are coded without chroma.
        speed: the encoder's, 0 to 10; slower makes smaller files.

    Raises:
        ValueError: an argument is none of these.
    """

    name = "avif"
    suffix = vocabulary.CODEC_SUFFIXES["avif"]
    max_size = 65535
    _FORMAT = "AVIF"
    _STEPS: ClassVar = {
        1: 44.0,
        5: 42.6,
        10: 37.4,
        20: 31.2,
        30: 25.6,
        50: 15.5,
        70: 8.4,
        80: 6.4,
        90: 4.1,
        95: 2.9,
        100: 1.2,
    }

    def __init__(self, chroma_subsampling: str = "4:2:0", speed: int = 6) -> None:
        base.check_chroma_subsampling(chroma_subsampling)
        if speed not in range(11):
            raise ValueError(f"speed must be from 0 to 10. Received: speed={speed}")
        self.chroma_subsampling = chroma_subsampling
        self.speed = speed

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        subsampling = "4:0:0" if picture.shape[-1] == 1 else self.chroma_subsampling
        # With several threads the encoder would tile large pictures, which changes the bytes.
        return {
            "quality": int(quality),
            "speed": self.speed,
            "subsampling": subsampling,
            "max_threads": 1,
        }

    def options(self) -> dict[str, Any]:
        """Return the constructor's arguments; see `Codec.options`."""
        return {"chroma_subsampling": self.chroma_subsampling, "speed": self.speed}


class Jpeg2000Codec(_MeasuredCodec):
    """A JPEG 2000 codestream of OpenJPEG, irreversible wavelet.

    Quality q asks the encoder for a PSNR of 20 + q / 4 dB, so the step follows from it.
    """

    name = "jpeg2000"
    suffix = vocabulary.CODEC_SUFFIXES["jpeg2000"]
    max_size = 2**24 - 1
    _FORMAT = "JPEG2000"
    _STEPS: ClassVar = {
        q: float(np.sqrt(12 * 255.0**2 / 10 ** ((20 + q / 4) / 10))) for q in (1, 100)
    }

    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        # OpenJPEG refuses more resolutions than the picture can be halved into.
        halvings = int(np.log2(min(picture.shape[:2])))
        return {
            "quality_mode": "dB",
            "quality_layers": [20 + quality / 4],
            "irreversible": True,
            "num_resolutions": min(6, halvings + 1),
            "no_jp2": True,
        }
