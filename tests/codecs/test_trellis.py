import itertools

import numpy as np
import pytest

from comrec_tf.codecs import trellis


def blocks(count, most, seed=1):
    """Coefficients in steps, at most `most` of each block different from zero."""
    random = np.random.default_rng(seed)
    scaled = np.zeros((count, 64), np.float32)
    for block in scaled:
        places = random.choice(np.arange(1, 64), random.integers(0, most + 1), replace=False)
        block[places] = random.uniform(-3.4, 3.4, len(places))
    scaled[:, 0] = random.uniform(-40, 40, count)
    return scaled


def cost(levels, scaled, weight, rates, end):
    """Bits and weighted error of the levels of one block, one after the other."""
    total = weight * float(np.square(scaled[1:] - levels[1:]).sum())
    run = 0
    for level in np.abs(levels[1:]).astype(int):
        if level:
            total += rates[run * 16 + int(level).bit_length()]
        run = 0 if level else run + 1
    return total + (end if run else 0.0)


def test_no_other_choice_is_cheaper():
    scaled = blocks(60, 6)
    scaled[0, 63] = 1.3  # a block without an end
    weights = np.random.default_rng(2).uniform(0.5, 20, 60).astype(np.float32)
    rates = trellis.rates_of(np.rint(scaled))
    got = np.abs(trellis.choose_levels(scaled, weights, rates))
    dropped = 0
    for block, chosen, weight in zip(scaled, got, weights, strict=True):
        places = np.nonzero(np.abs(block[1:]) >= 0.5)[0] + 1
        nearest = np.rint(np.abs(block[places])).astype(int)
        costs = []
        for some in itertools.product(*[sorted({0, level - 1, level}) for level in nearest]):
            levels = np.zeros(64)
            levels[places] = some
            costs.append(cost(levels, np.abs(block), weight, *rates))
        assert cost(chosen, np.abs(block), weight, *rates) == pytest.approx(min(costs), abs=1e-2)
        dropped += len(places) - np.count_nonzero(chosen[1:])
    assert dropped > 20


def test_rates_are_those_of_a_code_made_for_the_levels():
    levels = np.zeros((1000, 64), np.int16)
    levels[:, 1] = 1  # every block: one behind no zeros, then its end
    levels[:10, 40] = 3  # and a few: three behind 38 zeros
    rates, end = trellis.rates_of(levels)
    total = 1000 + 10 + 10 * 2 + 1000 + 256  # symbols, two of them for 32 zeros, each one more
    assert rates[0 * 16 + 1] == pytest.approx(np.log2(total / 1001) + 1, abs=1e-4)
    assert end == pytest.approx(np.log2(total / 1001), abs=1e-4)
    assert rates[38 * 16 + 2] == pytest.approx(
        2 * np.log2(total / 21) + np.log2(total / 11) + 2, abs=1e-4
    )


def test_levels_are_rounded_where_errors_are_dear_and_keep_their_signs():
    scaled = blocks(300, 40)
    rates = trellis.rates_of(np.rint(scaled))
    dear = trellis.choose_levels(scaled, np.full(300, 1e4, np.float32), rates)
    np.testing.assert_array_equal(dear, np.rint(scaled))
    cheap = trellis.choose_levels(scaled, np.full(300, 1e-6, np.float32), rates)
    np.testing.assert_array_equal(cheap[:, 1:], 0)
    np.testing.assert_array_equal(cheap[:, 0], np.rint(scaled[:, 0]))


def test_each_block_is_chosen_for_itself_in_whatever_order():
    scaled = blocks(500, 12)
    weights = np.linspace(2, 20, 500).astype(np.float32)
    rates = trellis.rates_of(np.rint(scaled))
    chosen = trellis.choose_levels(scaled, weights, rates)
    order = np.random.default_rng(3).permutation(500)
    again = trellis.choose_levels(scaled[order], weights[order], rates)
    np.testing.assert_array_equal(again, chosen[order])
    np.testing.assert_array_equal(
        trellis.choose_levels(scaled[7:8], weights[7:8], rates)[0], chosen[7]
    )


def test_errors_count_less_in_busy_blocks():
    steps = np.full(64, 10.0, np.float32)
    smooth = np.zeros((2000, 64), np.float32)
    smooth[:, 20] = 7.0
    busy = smooth.copy()
    busy[:, 1:6] = 200.0
    both = np.concatenate([smooth, busy])

    def kept(learn):
        levels = learn(both, steps, False)(both)
        return np.count_nonzero(levels.reshape(2, -1, 64)[..., 20], axis=1).tolist()

    in_smooth, in_busy = kept(trellis.of_weight(20.0, busy=500.0))
    assert in_smooth > in_busy
    in_smooth, in_busy = kept(trellis.of_weight(20.0))
    assert in_smooth == in_busy == 2000


def test_errors_count_more_in_halved_chroma():
    scaled = blocks(300, 12)
    steps = np.ones(64, np.float32)
    learn = trellis.of_weight(4.0, halved=5.0)
    kept = [
        np.count_nonzero(learn(scaled, steps, is_halved)(scaled)) for is_halved in (False, True)
    ]
    assert kept[1] > kept[0]


def test_empty_planes_stay_empty():
    scaled = np.full((3, 64), 0.2, np.float32)
    chosen = trellis.choose_levels(
        scaled, np.ones(3, np.float32), trellis.rates_of(np.rint(scaled))
    )
    np.testing.assert_array_equal(chosen, 0)
