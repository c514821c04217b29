import pytest

from comrec_tf.compact_file import container
from comrec_tf.compression import exhaustive
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.ways import Way

QUALITIES = range(1, 101)
USUAL = 3.5


def made(scale, quality, content):
    header = container.Header(0, 1, 1, 16, 1, 1, False)
    return CompactFile(content, header, scale, quality)


def way(scale, bytes_per_quality, score_at, qualities=QUALITIES):
    """A way whose files are as large as their quality says, and the score of its files."""

    def file(quality):
        return made(scale, quality, bytes(int(bytes_per_quality * quality)))

    never = None
    one = Way(str(scale), scale, qualities, file, never, never, never)
    SCORES[one.name] = score_at
    return one


SCORES = {}
SHARP = way(1, 20, lambda quality: 24 + quality / 5)
SMALL = way(2, 5, lambda quality: min(30, 20 + quality / 2))
PLAIN = way(0, 22, lambda quality: 20 + quality / 4)
ALL = [SHARP, SMALL, PLAIN]


def score(way, file):
    return SCORES[way.name](file.quality)


def smallest_quality(way, goal, max_bytes=None, score=score):
    return exhaustive.smallest_quality(way, score, goal, USUAL, max_bytes)


def smallest_reaching(ways, goal):
    return exhaustive.smallest_reaching(ways, score, goal, USUAL)


def test_the_largest_quality_that_fits_is_found_with_few_encodes():
    tried = []

    def encode(quality):
        tried.append(quality)
        return made(1, quality, bytes(10 * quality))

    assert exhaustive.largest_quality(encode, QUALITIES, 425) == made(1, 42, bytes(420))
    assert len(tried) <= 7


def test_a_good_first_guess_and_some_slack_save_encodes():
    tried = []

    def encode(quality):
        tried.append(quality)
        return made(1, quality, bytes(10 * quality))

    found = exhaustive.largest_quality(encode, QUALITIES, 630, first=61, close_enough=0.05)
    assert (found.quality, tried) == (61, [61])


def test_all_and_nothing_may_fit():
    def encode(quality):
        return made(1, quality, bytes(10 * quality))

    assert exhaustive.largest_quality(encode, QUALITIES, 5000).quality == 100
    assert exhaustive.largest_quality(encode, QUALITIES, 9) is None


@pytest.mark.parametrize("goal", [20.6, 24.9, 33.3, 44.0])
@pytest.mark.parametrize("shape", [lambda q: 20 + q / 4, lambda q: 20 + 2.5 * q**0.5])
def test_the_smallest_quality_that_is_good_enough_is_found_with_few_restorations(goal, shape):
    restored = []

    def counted(way, file):
        restored.append(file.quality)
        return shape(file.quality)

    choice = smallest_quality(PLAIN, goal, score=counted)
    assert choice.quality == next(q for q in QUALITIES if shape(q) >= goal)
    assert choice.met
    assert choice.score >= goal
    assert len(restored) <= 7


def test_a_goal_out_of_reach_gives_the_best_there_is():
    choice = smallest_quality(SMALL, 31.0)
    assert (choice.met, choice.quality, choice.score) == (False, 100, 30)


def test_a_search_ends_at_a_quality_that_is_hardly_better_than_asked_for():
    restored = []

    def counted(way, file):
        restored.append(file.quality)
        return 20 + 0.016 * file.quality

    fine = way(3, 8, None, [eighth / 8 for eighth in range(8, 801)])
    choice = smallest_quality(fine, 20.7, score=counted)
    assert choice.met
    assert 20.7 <= choice.score < 20.722
    assert len(restored) <= 6


def test_the_search_gives_up_where_another_file_is_smaller_already():
    assert smallest_quality(SHARP, 40.0, max_bytes=1000) is None
    assert smallest_quality(SHARP, 30.0, max_bytes=600).quality == 30


def test_at_a_limit_of_bytes_the_best_wins():
    low = exhaustive.best_within(ALL, score, 60)
    assert (low.scale, low.quality) == (2, 12)
    high = exhaustive.best_within(ALL, score, 1500)
    assert (high.scale, high.quality, high.score) == (1, 75, 39.0)


def test_a_limit_that_nothing_keeps_gives_the_smallest_file():
    smallest = exhaustive.best_within(ALL, score, 4)
    assert (smallest.scale, smallest.quality, smallest.met) == (2, 1, False)


def test_at_a_score_the_smallest_wins():
    assert smallest_reaching(ALL, 26.0).scale == 2
    high = smallest_reaching(ALL, 35.0)
    assert (high.scale, high.quality) == (1, 55)
    top = smallest_reaching(ALL, 44.5)
    assert (top.scale, top.quality) == (0, 98)
    missed = smallest_reaching([SHARP, SMALL], 44.5)
    assert (missed.scale, missed.met) == (1, False)
