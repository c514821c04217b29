"""A picture as the search looks at it: a part of it, its judge, and what files of it are worth."""

import dataclasses
import functools

import numpy as np

from comrec_tf.compression import judges, sample
from comrec_tf.compression.ways import Way

__all__ = ["Look", "Scene"]


@dataclasses.dataclass(frozen=True)
class Look:
    """What one way at one quality is worth.

    Attributes:
        quality: of the codec.
        score: of the restored picture, or what a part of it says the whole's is.
        num_bytes: of the file of what was looked at.
        structure: structural similarity likewise, see `Judge.structure_of`.
    """

    quality: float
    score: float
    num_bytes: int
    structure: float | None = None


class Scene:
    """What is looked at of a picture.

    Args:
        picture: uint8 (H, W, C), the whole.
        metric: of the judge.
        plain: the encoder that a quality means, whose files cost little to look at.
    """

    def __init__(self, picture: np.ndarray, metric: str, plain: Way) -> None:
        #: What stands for the picture: itself, or windows of it.
        self.picture = sample.representative(picture)
        self.judge = judges.judge(metric, self.picture)
        self._plain = plain
        self._errors_of_plain = functools.cache(self._see_plain)

    @property
    def num_pixels(self) -> int:
        """Of what is looked at."""
        return self.picture.shape[0] * self.picture.shape[1]

    def plain(self, quality: float) -> Look:
        """Look at plain JPEG."""
        errors, _, num_bytes = self._errors_of_plain(quality)
        return self._look(quality, errors.sum((1, 2)), num_bytes)

    def parts(self, quality: float) -> list[tuple[int, int]]:
        """Choose the tiles that `look` restores; see `sample.tiles`."""
        height, width = self.picture.shape[:2]
        return sample.tiles(self.judge, self._errors_of_plain(quality)[0], (height, width))

    def is_sampled(self, quality: float) -> bool:
        """Whether `look` tells the whole from tiles of it."""
        height, width = self.picture.shape[:2]
        return len(self.parts(quality)) * sample.SIDE**2 < height * width

    def look(self, way: Way, quality: float, beside: float) -> Look:
        """Look at one way at one quality.

        Of a large picture some tiles are restored. They stand in the picture as plain JPEG leaves
        it; what they are worse or better than plain JPEG in each error, the whole is taken to be.

        Args:
            way: how.
            quality: of the way's codec.
            beside: quality of plain JPEG that is about as good.

        Returns:
            What it is worth.
        """
        file = way.sketch(self.picture, quality)
        num_bytes = len(file.content)
        if way.restore_tiles is None or not self.is_sampled(beside):
            errors = self.judge.errors(way.restore(file)).sum((1, 2))
            return self._look(quality, errors, num_bytes)
        plain_errors, plain, _ = self._errors_of_plain(beside)
        corners = self.parts(beside)
        restored = plain.copy()
        for (top, left), tile in zip(
            corners, way.restore_tiles(file, corners, sample.SIDE), strict=True
        ):
            place = restored[top : top + sample.SIDE, left : left + sample.SIDE]
            place[...] = tile[: place.shape[0], : place.shape[1]]
        errors = self.judge.errors(restored)
        seen = np.zeros(errors.shape[1:], bool)
        for corner in corners:
            seen[sample.blocks(corner)] = True
        ratio = errors[:, seen].sum(1) / np.maximum(plain_errors[:, seen].sum(1), 1e-30)
        return self._look(quality, ratio * plain_errors.sum((1, 2)), num_bytes)

    def _look(self, quality: float, errors: np.ndarray, num_bytes: int) -> Look:
        score, structure = self.judge.score_of(errors), self.judge.structure_of(errors)
        return Look(quality, score, num_bytes, structure)

    def _see_plain(self, quality: float) -> tuple[np.ndarray, np.ndarray, int]:
        file = self._plain.sketch(self.picture, quality)
        decoded = self._plain.restore(file)
        return self.judge.errors(decoded), decoded, len(file.content)
