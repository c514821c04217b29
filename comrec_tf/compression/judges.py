"""Judges: how good a restored picture is, compared with its original, by one contract."""

import abc

import numpy as np

from comrec_tf.compression import ssimulacra2
from comrec_tf.compression.target import METRICS

__all__ = ["BLOCK", "Judge", "judge"]

#: Side in pixels of the blocks that judges give errors of.
BLOCK = ssimulacra2.BLOCK


class Judge(abc.ABC):
    """Compares restored pictures with one original.

    Errors add up: those of a picture are the sums over its blocks. So a part can be judged, and the
    score of the whole can be estimated from a similar part.
    """

    @abc.abstractmethod
    def errors(self, restored: np.ndarray) -> np.ndarray:
        """Compare.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            float64 (errors, blocks down, blocks across), not below zero: what each block of `BLOCK`
            pixels, starting at the upper left corner, adds to the picture's errors.

        Raises:
            ValueError: the shapes differ.
        """

    @abc.abstractmethod
    def score_of(self, errors: np.ndarray) -> float:
        """Turn a picture's errors into its score.

        Args:
            errors: float64 (errors,).

        Returns:
            The score, which rises with quality, 100 at most.
        """

    def structure_of(self, errors: np.ndarray) -> float | None:
        """Turn a picture's errors into its structural similarity, if the judge measures it.

        Args:
            errors: as in `score_of`.

        Returns:
            At most 1; it differs between two pictures as SSIM of their luma does. None if the judge
            does not measure structure.
        """
        return None

    def structure(self, restored: np.ndarray) -> float | None:
        """Measure structure, as `structure_of` the errors of a restored picture, faster.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            At most 1, or None.

        Raises:
            ValueError: the shapes differ.
        """
        return None

    def score(self, restored: np.ndarray) -> float:
        """Score a restored picture.

        Args:
            restored: uint8 of the original's shape.

        Returns:
            The score: of SSIMULACRA2 about 30 for low, 50 for medium, 70 for high quality, below
            zero for the worst; of PSNR decibels over all samples of all channels.

        Raises:
            ValueError: the shapes differ.
        """
        return self.score_of(self.errors(restored).sum((1, 2)))


class _Ssimulacra2(Judge):
    def __init__(self, original: np.ndarray, sparse: bool) -> None:
        self._original = ssimulacra2.Original(original, sparse)

    def errors(self, restored: np.ndarray) -> np.ndarray:
        return self._original.errors(restored)

    def score_of(self, errors: np.ndarray) -> float:
        return ssimulacra2.score(errors)

    def structure_of(self, errors: np.ndarray) -> float:
        return ssimulacra2.structure(errors)

    def structure(self, restored: np.ndarray) -> float:
        return self._original.structure(restored)


class _Psnr(Judge):
    #: Squared error at 100 dB; smaller ones need an 8-bit picture of more than 2000 megapixels.
    _LEAST = 255.0**2 / 1e10

    def __init__(self, original: np.ndarray, _: bool) -> None:
        self._original = original

    def errors(self, restored: np.ndarray) -> np.ndarray:
        if restored.shape != self._original.shape:
            raise ValueError(
                f"expected a picture of shape {self._original.shape}. "
                f"Received: shape={restored.shape}"
            )
        height, width, channels = restored.shape
        starts = np.arange(0, width * channels, BLOCK * channels)
        rows = []
        for top in range(0, height, BLOCK):
            band = slice(top, top + BLOCK)
            error = self._original[band].astype(np.float32) - restored[band]
            error *= error
            rows.append(np.add.reduceat(error.sum(0).reshape(-1), starts))
        return np.array(rows, np.float64)[None] / restored.size

    def score_of(self, errors: np.ndarray) -> float:
        return float(10.0 * np.log10(255.0**2 / max(float(errors[0]), self._LEAST)))


_JUDGES = dict(zip(METRICS, (_Ssimulacra2, _Psnr), strict=True))


def judge(metric: str, original: np.ndarray, sparse: bool = False) -> Judge:
    """Make the judge of a picture.

    Args:
        metric: one of `target.METRICS`.
        original: uint8 (H, W, 3) sRGB or (H, W, 1) grey, of any size. There is no alpha: pictures
            are flattened when their files are read. SSIMULACRA2 sees a grey picture as a colour
            picture, and extends a picture with a side under 113 pixels by mirroring.
        sparse: whether it may look at every second row and column where that is faster and hardly
            changes a score; see `ssimulacra2.Original`.

    Returns:
        The judge.

    Raises:
        ValueError: there is no such metric, or the picture is of another shape.
    """
    if metric not in _JUDGES:
        raise ValueError(f"metric must be one of {', '.join(METRICS)}. Received: {metric}")
    return _JUDGES[metric](original, sparse)
