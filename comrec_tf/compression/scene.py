"""A picture as rate control looks at it: a part of it, its judge, and the scores of its files."""

import dataclasses
import functools

import numpy as np
import PIL.Image

from comrec_tf.compression import judges, sample
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.ways import Way

__all__ = ["Look", "Scene"]


#: Smaller than any error that matters.
_LEAST_ERROR = 1e-30
#: Share of a larger picture that is restored. What is beside it tells the whole from a part: where
#: that is the way's own draft, a quarter says it better than half beside plain JPEG.
_SHARE_BY_DRAFT, _SHARE = 0.3, 0.5


@dataclasses.dataclass(frozen=True)
class Look:
    """How good the file of one way at one quality is.

    Attributes:
        quality: of the codec.
        score: of the restored picture, measured or estimated from a part.
        num_bytes: of the file of the part that was looked at.
        structure: its structural similarity, see `Judge.structure_of`; None if not asked for.
        sampled: whether it was estimated from a part.
        rough: whether that part was small.
        gain: float64 (errors,), what the networks leave of each error of the draft; None for ways
            without one. It changes little with quality.
    """

    quality: float
    score: float
    num_bytes: int
    structure: float | None = None
    sampled: bool = False
    rough: bool = False
    gain: np.ndarray | None = dataclasses.field(default=None, compare=False)


class Scene:
    """The part of a picture that is looked at, and its judge.

    Args:
        picture: uint8 (H, W, C), the whole.
        metric: of the judge.
        plain: the reference encoder, whose files cost little to look at.
    """

    def __init__(self, picture: np.ndarray, metric: str, plain: Way) -> None:
        #: What represents the picture: itself, or windows of it.
        self.picture = sample.representative(picture)
        self.judge = judges.judge(metric, self.picture, sparse=True)
        self._plain = plain
        self._errors_of_plain = functools.cache(self._see_plain)

    @property
    def num_pixels(self) -> int:
        """Pixels of the part that is looked at."""
        return self.picture.shape[0] * self.picture.shape[1]

    def plain(self, quality: float) -> Look:
        """Look at plain JPEG.

        Args:
            quality: of the reference encoder.

        Returns:
            How good it is.
        """
        errors, _, num_bytes = self._errors_of_plain(quality)
        return self._look(quality, errors.sum((1, 2)), num_bytes)

    def structure_at(self, scale: int) -> float:
        """Measure how much structure is left after scaling the picture down and back.

        Args:
            scale: how many times smaller it becomes in each direction.

        Returns:
            Structural similarity, see `Judge.structure_of`; 0 if the judge does not measure it.
        """
        if self.picture.shape[-1] == 1:
            luma = PIL.Image.fromarray(self.picture[..., 0])
        else:
            luma = PIL.Image.fromarray(self.picture).convert("L")
        small = -(-luma.width // scale), -(-luma.height // scale)
        bicubic = PIL.Image.Resampling.BICUBIC
        back = np.asarray(luma.resize(small, bicubic).resize(luma.size, bicubic))
        return self.judge.structure(np.broadcast_to(back[..., None], self.picture.shape)) or 0.0

    def look(self, way: Way, quality: float, beside: float, *, rough: bool = False) -> Look:
        """Look at one way at one quality.

        Of a large picture only some tiles are restored. They are put into the way's draft, or into
        plain JPEG; the ratio of each error in these tiles, before and after, is then assumed for
        the whole.

        Args:
            way: how.
            quality: of the way's codec.
            beside: quality of plain JPEG that is about as good.
            rough: whether half of the tiles will do.

        Returns:
            How good the file is.
        """
        file = way.sketch(self.picture, quality)
        num_bytes = len(file.content)
        if way.restore_tiles is None:
            return self._look(quality, self._errors(way.restore(file)), num_bytes)
        if way.draft is not None:
            around, share = way.draft(file), _SHARE_BY_DRAFT
            errors_around = self.judge.errors(around)
        else:
            errors_around, around, _ = self._errors_of_plain(beside)
            share = _SHARE
        height, width = self.picture.shape[:2]
        share = share / 2 if rough else share
        corners = sample.tiles(self.judge, errors_around, (height, width), share)
        whole = errors_around.sum((1, 2))
        sampled = len(corners) * sample.SIDE**2 < self.num_pixels
        if sampled:
            errors = whole * self._gain(way, file, corners, around, errors_around)
        else:
            errors = self._errors(way.restore(file))
        gain = None if way.draft is None else errors / np.maximum(whole, _LEAST_ERROR)
        return self._look(quality, errors, num_bytes, sampled, rough and sampled, gain)

    def expect(self, way: Way, quality: float, near: Look) -> Look:
        """Estimate how good a way with a draft is at a quality near one that was looked at.

        Args:
            way, quality: as in `look`.
            near: the look, with its gain.

        Returns:
            How good the file is expected to be; nothing is restored.
        """
        assert way.draft is not None
        assert near.gain is not None
        file = way.sketch(self.picture, quality)
        errors = near.gain * self._errors(way.draft(file))
        return self._look(quality, errors, len(file.content), near.sampled, gain=near.gain)

    def _gain(
        self,
        way: Way,
        file: CompactFile,
        corners: list[tuple[int, int]],
        around: np.ndarray,
        errors_around: np.ndarray,
    ) -> np.ndarray:
        """The ratio of each error in some tiles, restored, to the same error of `around` there."""
        assert way.restore_tiles is not None
        restored = around.copy()
        for (top, left), tile in zip(
            corners, way.restore_tiles(file, corners, sample.SIDE), strict=True
        ):
            place = restored[top : top + sample.SIDE, left : left + sample.SIDE]
            place[...] = tile[: place.shape[0], : place.shape[1]]
        errors = self.judge.errors(restored)
        seen = np.zeros(errors.shape[1:], bool)
        for corner in corners:
            seen[sample.blocks(corner)] = True
        return errors[:, seen].sum(1) / np.maximum(errors_around[:, seen].sum(1), _LEAST_ERROR)

    def _errors(self, restored: np.ndarray) -> np.ndarray:
        return self.judge.errors(restored).sum((1, 2))

    def _look(
        self,
        quality: float,
        errors: np.ndarray,
        num_bytes: int,
        sampled: bool = False,
        rough: bool = False,
        gain: np.ndarray | None = None,
    ) -> Look:
        score, structure = self.judge.score_of(errors), self.judge.structure_of(errors)
        return Look(quality, score, num_bytes, structure, sampled, rough, gain)

    def _see_plain(self, quality: float) -> tuple[np.ndarray, np.ndarray, int]:
        file = self._plain.sketch(self.picture, quality)
        decoded = self._plain.restore(file)
        return self.judge.errors(decoded), decoded, len(file.content)
