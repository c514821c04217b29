"""Trellis quantisation: of each block the levels that cost least in bits and distortion together.

Rounding takes the nearest level of each coefficient. But a lone small level costs many bits where
it ends a long run of zeros, and hardly shows. Crouse and Ramchandran, "Joint thresholding and
quantizer selection for transform image coding" (IEEE TIP 1997), find the best choice for JPEG's
run-length code by dynamic programming, and mozjpeg does so too. Decoders need not know.
"""

import math

import numpy as np

from comrec_tf.codecs.dct import FROM_ZIGZAG, ZIGZAG
from comrec_tf.codecs.requantize import Choose, Learn

__all__ = ["Rates", "choose_levels", "of_weight", "rates_of"]

#: Rates are looked up by run of zeros and by size (T.81, F.1.2.2) of a level: 64 by 16 numbers.
_SIZES = 16
#: What levels cost: bits of each one behind a run of zeros, float32 (64 * `_SIZES`,), and of the
#: end of a block.
Rates = tuple[np.ndarray, float]


def of_weight(weight: float, *, busy: float = math.inf, halved: float = 1.0) -> Learn:
    """Make what chooses levels by a trellis, with rates of what the sample's levels would be.

    Args:
        weight: bits that a squared error of one step is worth, above 0.
        busy: mean square of a block's coefficients, without that of its mean, at which errors count
            half, since the eye sees less in busy blocks; infinite where all count alike.
        halved: how much more errors count in chroma at half the width and height, where each is
            spread over four pixels.

    Returns:
        An argument of `requantize`.
    """

    def learn(some: np.ndarray, steps: np.ndarray, is_halved: bool) -> Choose:
        steps = steps[ZIGZAG]
        worth = weight * halved if is_halved else weight
        # Taking them once more from the levels that are chosen gains nothing.
        rates = rates_of(np.rint(some[:, ZIGZAG] / steps))

        def choose(coefficients: np.ndarray) -> np.ndarray:
            ordered = coefficients[:, ZIGZAG]
            varying = ordered[:, 1:]
            energy = np.einsum("ij,ij->i", varying, varying) / varying.shape[1]
            weights = (worth / (1.0 + energy / busy)).astype(np.float32)
            return choose_levels(ordered / steps, weights, rates)[:, FROM_ZIGZAG]

        return choose

    return learn


def choose_levels(scaled: np.ndarray, weights: np.ndarray, rates: Rates) -> np.ndarray:
    """Choose the levels of blocks.

    Args:
        scaled: float32 (N, 64), coefficients in steps, in zigzag order.
        weights: float32 (N,), bits that a squared error of one step is worth in each block.
        rates: what levels cost.

    Returns:
        float32 (N, 64), whole numbers: the mean rounded, the others rounded, one less, or zero.
    """
    sizes = np.abs(scaled)
    rounded = np.rint(sizes).astype(np.int16)
    result = np.copysign(_cheapest(sizes, rounded, weights, rates), scaled)
    result[:, 0] = np.rint(scaled[:, 0])
    return result


def rates_of(levels: np.ndarray) -> Rates:
    """Estimate the bits of a Huffman code that is made for levels.

    Args:
        levels: int or float (N, 64), in zigzag order.

    Returns:
        Bits of each level behind a run of zeros, float32 (64 * `_SIZES`,), and of the end of a
        block.
    """
    varying = np.abs(levels[:, 1:])
    block, position = np.nonzero(varying)
    is_first = np.diff(block, prepend=-1) > 0
    run = np.where(is_first, position, np.diff(position, prepend=0) - 1)
    symbols = run % 16 * _SIZES + _size(varying[block, position])
    counts = np.bincount(symbols, minlength=16 * _SIZES).astype(np.float64)
    counts[15 * _SIZES] = (run // 16).sum()  # 16 zeros are a symbol of their own
    counts[0] = np.count_nonzero(levels[:, -1] == 0)
    bits = np.log2(counts.sum() + counts.size) - np.log2(counts + 1.0)
    runs = np.arange(levels.shape[1])
    behind = bits.reshape(16, _SIZES)[runs % 16] + (runs // 16 * bits[15 * _SIZES])[:, None]
    # A level's sign and lower bits follow its code as they are.
    return (behind + np.arange(_SIZES)).astype(np.float32).reshape(-1), float(bits[0])


def _size(levels: np.ndarray) -> np.ndarray:
    return np.frexp(levels.astype(np.float32))[1]


def _cheapest(
    sizes: np.ndarray, rounded: np.ndarray, weights: np.ndarray, rates: Rates
) -> np.ndarray:
    """Find the cheapest levels of blocks, int16 (N, 64) without signs; zero for their means."""
    chosen = np.zeros_like(rounded)
    counts = np.count_nonzero(rounded[:, 1:], axis=1)
    # Those with most levels first: blocks that have a further one are always the first ones.
    order = np.argsort(-counts, kind="stable")[: np.count_nonzero(counts)]
    if order.size:
        sizes, rounded, weights, counts = (
            array[order] for array in (sizes, rounded, weights, counts)
        )
        chosen[order] = _cheapest_of(sizes, rounded, weights, counts, *rates)
    return chosen


def _cheapest_of(
    sizes: np.ndarray,
    rounded: np.ndarray,
    weights: np.ndarray,
    counts: np.ndarray,
    rates: np.ndarray,
    end: float,
) -> np.ndarray:
    """Find them for blocks with falling `counts` of levels that are not zero."""
    most = int(counts[0])
    # Places of the levels, behind that of the mean; zeros behind the last one.
    block, position = np.nonzero(rounded[:, 1:])
    index = np.arange(len(block)) - np.repeat(np.cumsum(counts) - counts, counts)
    places = np.zeros((len(rounded), most + 1), np.int32)
    places[block, index + 1] = position + 1
    # The cost of the cheapest way to each level, less that of making all up to it zero.
    cost = np.full(places.shape, np.inf, np.float32)
    cost[:, 0] = 0.0
    before = np.zeros(places.shape, np.int8)
    taken = np.zeros(places.shape, rounded.dtype)
    for step in range(1, most + 1):
        alive = np.count_nonzero(counts >= step)
        rows = np.arange(alive)
        place = places[:alive, step]
        size, level = sizes[rows, place], rounded[rows, place]
        behind = (place[:, None] - places[:alive, :step] - 1) * _SIZES
        for candidate in (level, level - 1):
            total = cost[:alive, :step] + rates[behind + _size(candidate)[:, None]]
            way = total.argmin(1)
            gain = weights[:alive] * (size * size - np.square(size - candidate))
            new = total[rows, way] - gain
            better = np.nonzero((new < cost[:alive, step]) & (candidate > 0))[0]
            cost[better, step] = new[better]
            before[better, step] = way[better]
            taken[better, step] = candidate[better]
    cost += np.where(places == sizes.shape[1] - 1, np.float32(0.0), np.float32(end))
    # Back from each block's last level that is not made zero.
    last = cost.argmin(1)
    chosen = np.zeros_like(rounded)
    rows = np.arange(len(rounded))
    while len(rows := rows[last[rows] > 0]):
        way = last[rows]
        chosen[rows, places[rows, way]] = taken[rows, way]
        last[rows] = before[rows, way]
    return chosen
