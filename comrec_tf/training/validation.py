"""Validates a pair after each epoch, on the bytes of the real codec."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from comrec_tf.codecs import condition
from comrec_tf.compression.picture_coder import PictureCoder
from comrec_tf.data import sources
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.graph import color
from comrec_tf.images import metrics
from comrec_tf.models.com_rec import ComRec

__all__ = ["Validation"]

#: Qualities of the plain codec between which its PSNR is interpolated.
_PLAIN_QUALITIES = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 55, 75, 90)
#: Qualities of the plain codec at whose bytes a pair is compared with it.
_COMPARED_QUALITIES = (5, 10, 20)
#: What a picture counts at most, in dB; an error of one level everywhere is 48. A flat picture
#: comes back exactly, with an infinity that would become every mean. Were it 100 dB, one level more
#: or less in that picture alone would decide which epoch is the best.
_MAX_PSNR = 50.0


class Validation(keras.callbacks.Callback):
    """Codes and restores whole pictures at the end of each epoch.

    Adds to the logs of `fit`:

    - ``val_psnr``: dB, over all channels of RGB, or over luma for a model of luma; mean over
      pictures and qualities,
    - ``val_bits_per_pixel``: of the whole bitstream, the mean as above,
    - ``val_gain``: how many dB more than the plain codec (`Codec.reference_encoder`) at the bytes
      of its qualities 5, 10 and 20, mean over these and the pictures; with a single quality, at the
      bytes of the pair's own file.

    A picture counts 50 dB at most, restored by the pair or decoded by the plain codec.

    Args:
        model: the pair.
        paths: pictures that `sources.find_pictures` names, read once and kept.
        qualities: qualities to code with; a curve is interpolated between them.

    Raises:
        OSError: a picture cannot be read; the message begins with its name.
    """

    def __init__(self, model: ComRec, paths: list[str], qualities: tuple[int, ...]) -> None:
        super().__init__()
        (pair,) = pairs_of(model)
        self._coder = PictureCoder(pair)
        self._codec = model.encoder
        self._qualities = qualities
        pictures = [_as_coded(sources.read_picture(path), model.channels) for path in paths]
        self._pictures = [(picture, self._plain_curve(picture)) for picture in pictures]

    def _plain_curve(self, picture: np.ndarray) -> dict[int, tuple[int, float]]:
        """Bytes and dB of the plain codec by quality."""
        curve, codec = {}, self._codec.reference_encoder()
        for quality in _PLAIN_QUALITIES:
            bitstream = codec.encode(picture, quality)
            decoded = codec.decode(bitstream, picture.shape[-1])
            curve[quality] = (len(bitstream), _decibels(picture, decoded))
        return curve

    def _curve(self, picture: np.ndarray) -> list[tuple[int, float]]:
        """Bytes and dB of the pair."""
        curve = []
        for quality in self._qualities:
            step = self._codec.step(quality)
            bitstream = self._codec.encode(self._coder.compact(picture, step), quality)
            conditions = condition.of_file(bitstream, step)
            decoded = self._codec.decode(bitstream, picture.shape[-1])
            restored = self._coder.restore(
                decoded, conditions, (picture.shape[0], picture.shape[1])
            )
            curve.append((len(bitstream), _decibels(picture, restored)))
        return curve

    def measure(self) -> dict[str, float]:
        """Code and restore all pictures with the pair as it is.

        Returns:
            The means, by the names above.
        """
        psnrs, rates, gains = [], [], []
        for picture, plain in self._pictures:
            curve = self._curve(picture)
            psnrs += [psnr for _, psnr in curve]
            rates += [metrics.bits_per_pixel(size, *picture.shape[:2]) for size, _ in curve]
            compared = [plain[quality][0] for quality in _COMPARED_QUALITIES]
            for size in compared if len(curve) > 1 else [curve[0][0]]:
                better = metrics.psnr_at_bytes(curve, size)
                gains.append(better - metrics.psnr_at_bytes(list(plain.values()), size))
        names = ("val_psnr", "val_bits_per_pixel", "val_gain")
        return {
            name: float(np.mean(values))
            for name, values in zip(names, (psnrs, rates, gains), strict=True)
        }

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Add what `measure` returns to `logs`."""
        if logs is not None:
            logs.update(self.measure())


def _decibels(picture: np.ndarray, restored: np.ndarray) -> float:
    return min(metrics.psnr(picture, restored), _MAX_PSNR)


def _as_coded(picture: np.ndarray, channels: int) -> np.ndarray:
    """The picture as the model codes it: only its luma for a model of luma."""
    if channels == 3:
        return picture
    return color.codec_pixels(color.network_pixels(tf.constant(picture), 1)).numpy()
