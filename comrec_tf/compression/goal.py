"""What a file must reach: a score, and if it is compared with plain JPEG also its structure."""

import dataclasses

__all__ = ["POINTS", "Goal"]

#: Points of SSIMULACRA2 that correspond to a difference of 1 in structural similarity, as both grow
#: with the quality of photos.
POINTS = 350.0
#: By this share of what plain JPEG's structure lacks to 1 a picture may miss it. Structure is
#: promised in the mean over pictures, and pictures whose score decides have more of it than plain
#: JPEG.
_SLACK = 0.01


@dataclasses.dataclass(frozen=True)
class Goal:
    """What to reach.

    SSIMULACRA2 rates restored pictures higher than SSIM does: at an equal score, pictures restored
    from half size would be a little smoother than plain JPEG. A target of quality promises both:
    the score of each picture, structure in the mean.

    Attributes:
        score: at least this.
        structure: structural similarity of plain JPEG, see `Judge.structure_of`, to be reached up
            to `_SLACK`; None if only a score was asked for.
    """

    score: float
    structure: float | None = None

    def worth(self, score: float, structure: float | None) -> float:
        """Tell how close a file is to the goal.

        Args:
            score, structure: of the restored picture.

        Returns:
            Its score, or a lower one if its structure is further from the goal; `Goal.score` or
            more exactly if the goal is reached.
        """
        return min(self.worths(score, structure))

    def worths(self, score: float, structure: float | None) -> tuple[float, float]:
        """Tell how close a file is to the goal by its score and by its structure.

        Args:
            score, structure: as in `worth`.

        Returns:
            The score, and the structure in points of the score; twice the score if only that was
            asked for.
        """
        if self.structure is None or structure is None:
            return score, score
        least = self.structure - _SLACK * (1.0 - self.structure)
        return score, self.score + POINTS * (structure - least)
