import dataclasses

import pytest

from comrec_tf.compact_file import container
from comrec_tf.compression import rate_control
from comrec_tf.compression.rate_control import Candidate, Target
from comrec_tf.compression.result import CompactFile

QUALITIES = range(1, 101)


def made(scale, quality, content):
    header = container.Header(0, 1, 1, 16, 1, 1, False)
    return CompactFile(content, header, scale, quality)


def way(scale, bytes_per_quality, psnr_at):
    """A codec of files that say their quality, with its PSNR as a function of it."""
    return Candidate(
        scale,
        QUALITIES,
        encode=lambda quality: made(
            scale, quality, quality.to_bytes(1, "big") * (bytes_per_quality * quality)
        ),
        psnr=lambda content: psnr_at(content[0]),
    )


SHARP = way(1, 20, lambda quality: 24 + quality / 5)
SMALL = way(2, 5, lambda quality: min(30, 20 + quality / 2))
PLAIN = way(0, 22, lambda quality: 20 + quality / 4)


def choose(target, **kwargs):
    return rate_control.choose([SHARP, SMALL], PLAIN, target, num_pixels=800, **kwargs)


def test_the_largest_quality_that_fits_is_found_with_few_encodes():
    tried = []

    def encode(quality):
        tried.append(quality)
        return made(1, quality, bytes(10 * quality))

    assert rate_control.largest_quality(encode, QUALITIES, 425) == made(1, 42, bytes(420))
    assert len(tried) <= 7


def test_all_and_nothing_may_fit():
    def encode(quality):
        return made(1, quality, bytes(10 * quality))

    assert rate_control.largest_quality(encode, QUALITIES, 5000).quality == 100
    assert rate_control.largest_quality(encode, QUALITIES, 9) is None


@pytest.mark.parametrize("goal", [20.6, 24.9, 33.3, 44.0])
@pytest.mark.parametrize("shape", [lambda q: 20 + q / 4, lambda q: 20 + 2.5 * q**0.5])
def test_the_smallest_quality_that_is_good_enough_is_found_with_few_restorations(goal, shape):
    restored = []

    def psnr(content):
        restored.append(content[0])
        return shape(content[0])

    counted = dataclasses.replace(PLAIN, psnr=psnr)
    choice = rate_control.smallest_quality(counted, goal)
    assert choice.quality == next(q for q in QUALITIES if shape(q) >= goal)
    assert choice.met
    assert choice.score >= goal
    assert len(restored) <= 7


def test_a_goal_out_of_reach_gives_the_best_there_is():
    choice = rate_control.smallest_quality(SMALL, 31.0)
    assert (choice.met, choice.quality, choice.score) == (False, 100, 30)


def test_each_encoder_is_searched_over_its_own_qualities():
    fine = Candidate(
        1,
        [eighths / 8 for eighths in range(8, 801)],
        encode=lambda quality: made(1, quality, bytes(int(20 * quality))),
        psnr=lambda content: 24 + len(content) / 100,
    )
    within = rate_control.choose([fine], PLAIN, Target("max_bytes", 205), num_pixels=800)
    assert (within.quality, len(within.content)) == (10.25, 205)
    reaching = rate_control.choose([fine], PLAIN, Target("psnr", 25.04), num_pixels=800)
    assert 5.125 <= reaching.quality <= 5.25


def test_a_search_ends_at_a_quality_that_is_hardly_better_than_asked_for():
    restored = []

    def psnr(content):
        restored.append(len(content))
        return 20 + 0.002 * len(content)

    eighths = [eighth / 8 for eighth in range(8, 801)]
    fine = Candidate(1, eighths, lambda quality: made(1, quality, bytes(int(8 * quality))), psnr)
    choice = rate_control.smallest_quality(fine, 20.7)
    assert choice.met
    assert 20.7 <= choice.score < 20.7201
    assert len(restored) <= 6


def test_the_search_gives_up_where_another_file_is_smaller_already():
    assert rate_control.smallest_quality(SHARP, 40.0, max_bytes=1000) is None
    assert rate_control.smallest_quality(SHARP, 30.0, max_bytes=600).quality == 30


def test_at_a_limit_of_bytes_the_best_wins():
    low = choose(Target("max_bytes", 60))
    assert (low.scale, low.quality) == (2, 12)
    high = choose(Target("max_bytes", 1500))
    assert (high.scale, high.quality, high.score) == (1, 75, 39.0)
    assert choose(Target("bits_per_pixel", 15.0)) == high


def test_at_a_psnr_the_smallest_wins():
    assert choose(Target("psnr", 26.0)).scale == 2
    high = choose(Target("psnr", 35.0))
    assert (high.scale, high.quality) == (1, 55)
    top = choose(Target("psnr", 44.5))
    assert (top.scale, top.quality) == (0, 98)


def test_a_quality_means_what_the_plain_codec_makes_of_it():
    assert choose(Target("quality", 24)) == choose(Target("psnr", 26.0))


def test_the_plain_codec_may_be_left_out():
    assert choose(Target("psnr", 44.5), allow_plain=False).met is False
    assert choose(Target("psnr", 44.5), allow_plain=False).scale == 1


@pytest.mark.parametrize(
    ("kind", "value"),
    [("size", 3), ("quality", 0), ("quality", 101), ("max_bytes", 0), ("psnr", -1)],
)
def test_targets_that_make_no_sense_are_refused(kind, value):
    with pytest.raises(ValueError, match=f"Received: {kind if kind == 'size' else value}"):
        Target(kind, value)
