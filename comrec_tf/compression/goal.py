"""What a file must reach: a score, and where plain JPEG is the measure its structure as well."""

import dataclasses

__all__ = ["Goal"]

#: Points of SSIMULACRA2 that go with a difference of 1 in structural similarity, as both grow with
#: quality in photos.
_POINTS = 350.0
#: Share of what plain JPEG's structure lacks to 1 that a picture may lack beside it. Structure is
#: promised in the mean over pictures, and those whose score decides have more than plain JPEG.
_SLACK = 0.03


@dataclasses.dataclass(frozen=True)
class Goal:
    """What to reach.

    SSIMULACRA2 likes what networks restore better than SSIM does: at its score alone pictures of
    half size would be a little smoother than plain JPEG. Who asks for a quality is promised both:
    the score of each picture, structure in the mean.

    Attributes:
        score: at least this.
        structure: structural similarity of plain JPEG, see `Judge.structure_of`, which is to be
            reached but for `_SLACK`; None where the score is all that was asked for.
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
        least = self.structure - _SLACK * (1.0 - self.structure)
        return min(score, self.score + _POINTS * (structure - least))
