"""What a file must reach: a score, and where plain JPEG is the measure its structure as well."""

import dataclasses

__all__ = ["POINTS", "Goal"]

#: Points of SSIMULACRA2 that go with a difference of 1 in structural similarity, as both grow with
#: quality in photos.
POINTS = 350.0


@dataclasses.dataclass(frozen=True)
class Goal:
    """What to reach.

    SSIMULACRA2 likes what networks restore better than SSIM does: at its score alone pictures of
    half size would be a little smoother than plain JPEG. Who asks for a quality is promised both.

    Attributes:
        score: at least this.
        structure: at least this structural similarity, see `Judge.structure_of`; None where the
            score is all that was asked for.
    """

    score: float
    structure: float | None = None

    def worth(self, score: float, structure: float | None) -> float:
        """Say how far a file is.

        Args:
            score, structure: of the restored picture.

        Returns:
            Its score, or a lower one if its structure is what it lacks; at least `Goal.score`
            exactly where the goal is reached.
        """
        if self.structure is None or structure is None:
            return score
        return min(score, self.score + POINTS * (structure - self.structure))
