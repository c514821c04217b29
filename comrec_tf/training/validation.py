"""What a pair is worth, from the bytes of the real codec, after each epoch."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from comrec_tf import metrics
from comrec_tf.coding import PictureCoder
from comrec_tf.images import color, files
from comrec_tf.models.com_rec import ComRec

__all__ = ["Validation"]

#: Qualities of the plain codec between which its PSNR is interpolated.
_PLAIN_QUALITIES = (1, 2, 3, 4, 5, 7, 10, 14, 20, 28, 40, 55, 75, 90)


class Validation(keras.callbacks.Callback):
    """Codes and restores whole pictures at the end of each epoch.

    Adds to the logs of `fit`, as means over pictures and qualities:

    - ``val_psnr``: dB, over all channels of RGB, or over luma for a model of luma,
    - ``val_bits_per_pixel``: of the whole bitstream,
    - ``val_gain``: how many dB more than the plain codec at the same bytes.

    Args:
        model: the pair.
        paths: picture files, read once and kept.
        qualities: qualities to code with.

    Raises:
        OSError: a picture cannot be read.
    """

    def __init__(self, model: ComRec, paths: list[str], qualities: tuple[int, ...]) -> None:
        super().__init__()
        self._coder = PictureCoder(model)
        self._qualities = qualities
        pictures = [_as_coded(files.read(path), model.channels) for path in paths]
        self._pictures = [(picture, self._plain_curve(picture)) for picture in pictures]

    def _plain_curve(self, picture: np.ndarray) -> list[tuple[float, float]]:
        curve = []
        for quality in _PLAIN_QUALITIES:
            decoded, num_bytes = self._coder.codec.round_trip(tf.constant(picture), quality)
            curve.append((float(num_bytes), metrics.psnr(picture, decoded.numpy())))
        return curve

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Measure, and add the means to `logs`."""
        rows = []
        for picture, plain in self._pictures:
            height, width = picture.shape[:2]
            for quality in self._qualities:
                bitstream = self._coder.encode(picture, quality)
                restored = self._coder.decode(bitstream, quality, height, width)
                psnr = metrics.psnr(picture, restored)
                rate = metrics.bits_per_pixel(len(bitstream), height, width)
                rows.append((psnr, rate, psnr - metrics.psnr_at_bytes(plain, len(bitstream))))
        means = np.mean(rows, axis=0)
        if logs is not None:
            names = ("val_psnr", "val_bits_per_pixel", "val_gain")
            logs.update(zip(names, map(float, means), strict=True))


def _as_coded(picture: np.ndarray, channels: int) -> np.ndarray:
    """A model of luma is judged by the luma of colour pictures."""
    if channels == 3:
        return picture
    return color.codec_pixels(color.network_pixels(tf.constant(picture), 1)).numpy()
