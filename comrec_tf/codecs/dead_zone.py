"""A dead zone: levels that are rounded towards zero a little.

A larger level costs more bits. A coefficient just above the middle between two levels gains almost
nothing by the larger one, so an encoder with a dead zone takes the smaller one. Decoders need not
know.
"""

from collections.abc import Callable

import numpy as np

from comrec_tf.codecs.requantize import Choose, Sample

__all__ = ["of_width"]

#: How much more a level of halved chroma, spread over four pixels, counts in a squared error of RGB
#: than one of luma. Its dead zone is smaller by this factor.
_HALVED_WORTH = 3.0


def of_width(width: float) -> Sample:
    """Make what chooses levels with a dead zone.

    A coefficient c becomes the level sign(c) floor(|c| / step + 0.5 - width); the block's mean is
    rounded as usual.

    Args:
        width: 0 to 0.5; halved chroma has a third of it.

    Returns:
        An argument of `requantize`.
    """

    def sample(_: Callable[[], np.ndarray], steps: np.ndarray, halved: bool) -> Choose:
        offset = np.full(steps.size, 0.5 - (width / _HALVED_WORTH if halved else width), np.float32)
        offset[0] = 0.5

        def choose(coefficients: np.ndarray) -> np.ndarray:
            scaled = coefficients / steps
            return np.copysign(np.floor(np.abs(scaled) + offset), scaled)

        return choose

    return sample
