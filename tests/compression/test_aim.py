import dataclasses
import math

import numpy as np
import pytest
import skimage.data

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import container
from comrec_tf.compression import aim, judges
from comrec_tf.compression.fit import NO_FIT
from comrec_tf.compression.goal import Goal
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.scene import Scene
from comrec_tf.compression.ways import Way, place

JPEG = JpegCodec()


class Oracle:
    """Plain JPEG, of whose error a restorer that knows the original takes a share away."""

    def __init__(self, picture, skill=0.3, with_draft=True):
        self.picture, self.skill = picture, skill
        self.looks = []
        self.way = Way(
            name="1",
            scale=1,
            qualities=JPEG.qualities,
            file=lambda quality: self.sketch(picture, quality),
            sketch=self.sketch,
            restore=self.restore,
            restore_tiles=self.restore_tiles,
            draft=self.draft if with_draft else None,
        )
        self.plain = dataclasses.replace(
            self.way, name="reference", restore=self.draft, restore_tiles=None, draft=None
        )

    def sketch(self, picture, quality):
        header = container.Header(0, 1, 1, 1.0, *picture.shape[:2], False)
        return CompactFile(JPEG.encode(picture, quality), header, 1, quality)

    def draft(self, file):
        return JPEG.decode(file.content)

    def better(self, file):
        decoded = self.draft(file).astype(float)
        return np.rint(decoded + self.skill * (self.picture - decoded)).astype(np.uint8)

    def restore(self, file):
        self.looks.append(file.quality)
        return self.better(file)

    def restore_tiles(self, file, corners, side):
        self.looks.append(file.quality)
        padded = np.pad(self.better(file), [(0, side), (0, side), (0, 0)])
        return [padded[top : top + side, left : left + side] for top, left in corners]

    def find(self, quality, metric="ssimulacra2", best_bytes=math.inf):
        """Aim at plain JPEG of a quality; gives what was found, the goal, and what is true."""
        scene = Scene(self.picture, metric, self.plain)
        beside = scene.plain(quality)
        goal = Goal(beside.score, beside.structure)
        prediction = NO_FIT.predict(metric, "1", beside.score, 1.0, place(quality))
        found = aim.find(scene, self.way, prediction, goal, beside, 2, best_bytes)
        if found is None:
            return None, goal, None
        judge = judges.judge(metric, self.picture)
        errors = judge.errors(self.better(self.way.file(found.quality))).sum((1, 2))
        return found, goal, goal.worth(judge.score_of(errors), judge.structure_of(errors))


@pytest.fixture(scope="module")
def small():
    return skimage.data.astronaut()[:384, 64:448]


@pytest.fixture(scope="module")
def large():
    return np.concatenate([skimage.data.astronaut(), skimage.data.coffee()[:400, :512]], 0)


def test_the_draft_tells_the_way_from_one_look(small):
    oracle = Oracle(small, skill=0.2)
    found, goal, worth = oracle.find(30)
    assert found.met
    assert oracle.looks == [30]
    assert found.quality < 25
    assert goal.score - 0.5 < worth < goal.score + 2.5


def test_what_is_far_is_looked_at_again(small):
    for with_draft in (True, False):
        oracle = Oracle(small, with_draft=with_draft)
        found, goal, worth = oracle.find(60)
        assert found.met
        assert 1 < len(oracle.looks) <= 3
        assert goal.score - 0.5 < worth < goal.score + 2.5


def test_a_goal_that_is_told_from_a_part_is_reached_by_the_whole(large):
    for with_draft in (True, False):
        oracle = Oracle(large, with_draft=with_draft)
        found, goal, worth = oracle.find(50)
        assert found.met
        assert goal.score - 0.5 < worth < goal.score + 4.0


def test_a_way_that_takes_more_bytes_than_the_best_is_given_up(small):
    oracle = Oracle(small)
    num_bytes = len(oracle.way.file(60).content)
    assert oracle.find(60, best_bytes=num_bytes)[0] is not None
    assert oracle.find(60, best_bytes=num_bytes / 4)[0] is None


def test_a_goal_beyond_the_best_quality_is_missed(small):
    oracle = Oracle(small, skill=-2.0)
    found, _, _ = oracle.find(98)
    assert (found.met, found.quality) == (False, 100)


def test_score_and_structure_are_followed_each_by_its_own_slope():
    """Where structure is what the far look lacks, and score what the near one does."""
    goal = Goal(30.0, 0.9)
    far, near = (
        aim._Worth(quality, 1, score, goal.worths(score, structure), 0.0)
        for quality, score, structure in ((73, 53.0, 0.935), (53, 33.0, 0.91))
    )
    nearest, missed, slopes = aim._nearest([far, near], goal.score, 5.0)
    assert nearest == near
    distance = place(73) - place(53)
    assert slopes == pytest.approx([20.0 / distance, 350.0 * 0.025 / distance])
    assert missed == pytest.approx((30.0 - 33.0) / slopes[0])
