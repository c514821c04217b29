"""From any quantisation table to the nearest quality of libjpeg, whose step networks know."""

import dataclasses

import numpy as np

from comrec_tf.codecs import quantization

__all__ = ["TableFit", "fit_quality"]

_LUMA_TABLES = quantization.standard_tables(np.arange(1, 101))[:, 0].reshape(100, 64).astype(float)
_LOG_TABLES = np.log(_LUMA_TABLES)


@dataclasses.dataclass(frozen=True)
class TableFit:
    """The standard table nearest to a given table.

    Attributes:
        quality: its quality, 1 to 100.
        step: its DC step in grey levels, which is what networks are told.
        error: how far the table is from it: the root of the mean squared difference of the steps'
            natural logarithms; 0 for a standard table, 0.2 where steps differ by a fifth.
    """

    quality: int
    step: float
    error: float


def fit_quality(table: np.ndarray) -> TableFit:
    """Find the quality of libjpeg whose luma table is nearest, by least squares of the logarithm.

    Args:
        table: (64,) or (8, 8), rows of vertical frequency; steps from 1 on.

    Returns:
        The quality, and how good the fit is.

    Raises:
        ValueError: a step is below 1, or there are not 64.
    """
    steps = np.asarray(table, np.float64).ravel()
    if steps.shape != (64,) or steps.min() < 1:
        raise ValueError(f"expected 64 steps from 1 on. Received: {steps.tolist()[:64]}")
    errors = np.square(np.log(steps) - _LOG_TABLES).mean(1)
    best = int(errors.argmin())
    return TableFit(best + 1, float(_LUMA_TABLES[best, 0]), float(np.sqrt(errors[best])))
