import numpy as np
import PIL.Image
import pytest
import skimage.data

from comrec_tf.compact_file import container
from comrec_tf.compression import fit, judges, rate_control
from comrec_tf.compression.fit import NO_FIT, Fit
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.target import Target
from comrec_tf.compression.ways import Way, place

QUALITIES = range(1, 101)


class Toy:
    """A codec that adds noise as large as its step, in bytes that shrink with it.

    It notes what is restored, which takes a share of the noise away.
    """

    def __init__(self, picture, name, coarseness, tiled, skill=1.0):
        self.picture = picture
        self.restored = []
        self.sources = {}
        self.coarseness, self.skill = coarseness, skill
        self.way = Way(
            name=name,
            scale=int(name) if name.isdigit() else 0,
            qualities=QUALITIES,
            file=lambda quality: self.sketch(picture, quality),
            sketch=self.sketch,
            restore=self.restore,
            restore_tiles=self.restore_tiles if tiled else None,
        )

    def sketch(self, picture, quality):
        step = max(1, round(6400 * self.coarseness / quality)) / 64
        height, width = picture.shape[:2]
        header = container.Header(0, 1, 1, step, height, width, False)
        content = bytes(int(2 * height * width / step))
        self.sources[len(content)] = picture
        return CompactFile(content, header, self.way.scale, quality)

    def restore(self, file):
        self.restored.append(file.quality)
        return self.better(file)

    def better(self, file):
        source = self.sources[len(file.content)]
        noise = np.random.default_rng(0).normal(0, file.header.step / 3, source.shape)
        return np.clip(np.rint(source + self.skill * noise), 0, 255).astype(np.uint8)

    def restore_tiles(self, file, corners, side):
        self.restored.append((file.quality, len(corners)))
        restored = np.pad(self.better(file), [(0, side), (0, side), (0, 0)])
        return [restored[top : top + side, left : left + side] for top, left in corners]


class Ways:
    """A reference, and two pairs of which the first is the better."""

    def __init__(self, picture, fit=NO_FIT, plain=True):
        self.reference = Toy(picture, "reference", 5.0, tiled=False)
        self.good = Toy(picture, "1", 5.0, tiled=True, skill=0.6)
        self.poor = Toy(picture, "2", 5.0, tiled=True, skill=0.9)
        self.choices = rate_control.Choices(
            picture=picture,
            ways=[self.good.way, self.poor.way],
            reference=self.reference.way,
            plain=plain,
            fit=fit,
        )

    def true_score(self, file, metric="psnr"):
        toy = {0: self.reference, 1: self.good, 2: self.poor}[file.scale]
        return judges.judge(metric, self.choices.picture).score(toy.better(file))


@pytest.fixture(scope="module")
def small():
    return skimage.data.astronaut()[:192, 100:356]


@pytest.fixture(scope="module")
def large():
    return np.tile(skimage.data.astronaut(), (3, 3, 1))[:1100, :1200]


def line(first, error, count=6):
    return [first, *[0.0] * (count - 1), error]


def known(good_bytes, poor_bytes, at=0.0):
    """A fit that says how many bytes each way takes, on a logarithmic scale."""
    entries = {"slope": line(5, 0.1), "top": line(60, 1)}
    ways = {
        name: {
            **entries,
            "place": line(at, 0.1),
            "bytes": line(number, 0.01),
            "gain": line(-10 * number, 0.1),
            "part": [0.0, 0.1],
        }
        for name, number in (("1", good_bytes), ("2", poor_bytes))
    }
    return Fit.read(dict.fromkeys(("psnr", "ssimulacra2"), ways))


@pytest.mark.parametrize("effort", [2, 3])
def test_a_quality_is_as_good_as_the_reference_and_the_smallest_way_wins(small, effort):
    ways = Ways(small)
    file = rate_control.choose(ways.choices, Target("quality", 45, "psnr"), effort)
    plain = ways.reference.way.file(45)
    assert file.scale == 1
    assert file.met
    assert len(file.content) < len(plain.content)
    goal = ways.true_score(plain)
    assert goal - 0.3 < ways.true_score(file) < goal + 1.6
    assert file.score == pytest.approx(ways.true_score(file), abs=0.3)


@pytest.mark.parametrize("effort", [2, 3])
@pytest.mark.parametrize(("kind", "value"), [("psnr", 36.0), ("ssimulacra2", 70.0)])
def test_a_score_is_reached(small, effort, kind, value):
    ways = Ways(small)
    file = rate_control.choose(ways.choices, Target(kind, value), effort)
    slack = 0.3 if kind == "psnr" else 3.0
    assert (file.scale, file.met) == (1, True)
    assert value - slack < ways.true_score(file, kind) < value + 5 * slack


@pytest.mark.parametrize("effort", [2, 3])
@pytest.mark.parametrize("metric", ["psnr", "ssimulacra2"])
def test_a_limit_of_bytes_is_kept_by_real_files_and_used_up(small, effort, metric):
    ways = Ways(small)
    limit = len(ways.reference.way.file(40).content)
    file = rate_control.choose(ways.choices, Target("max_bytes", limit, metric), effort)
    assert (file.scale, file.met) == (1, True)
    larger = ways.good.way.file(file.quality + 1)
    assert len(file.content) <= limit < 1.01 * len(larger.content)


def test_with_little_effort_more_is_restored_than_with_least(small):
    numbers = []
    for effort in (1, 2, 3):
        ways = Ways(small, known(-0.3, 0.1, at=place(35)))
        rate_control.choose(ways.choices, Target("quality", 45, "psnr"), effort)
        numbers.append(len(ways.good.restored) + len(ways.poor.restored))
    assert numbers[0] == 0 < numbers[1] <= numbers[2]


def test_a_number_is_no_target(small):
    with pytest.raises(TypeError, match=r'Target\("quality", 40\). Received: 40'):
        rate_control.choose(Ways(small).choices, 40)


@pytest.mark.parametrize("target", [Target("quality", 45, "psnr"), Target("max_bytes", 20_000)])
def test_a_way_that_is_known_to_lose_is_not_looked_at(small, target):
    ways = Ways(small, known(-0.3, 0.1, at=place(35)))
    assert rate_control.choose(ways.choices, target).scale == 1
    assert ways.poor.restored == []
    ways = Ways(small, known(-0.3, -0.31, at=place(35)))
    rate_control.choose(ways.choices, target)
    assert ways.poor.restored


def test_what_halving_takes_of_the_structure_says_whether_half_size_is_looked_at(small):
    noise = np.random.default_rng(0).integers(-40, 40, small.shape)
    fine = Ways(np.clip(small + noise, 0, 255).astype(np.uint8))
    assert rate_control.choose(fine.choices, Target("quality", 45)).scale != 2
    assert fine.good.restored
    assert fine.poor.restored == []
    calm = Ways(np.array(PIL.Image.fromarray(small[:24, :32]).resize((256, 192))))
    assert rate_control.choose(calm.choices, Target("quality", 20)).scale == 2
    assert calm.poor.restored
    assert calm.good.restored == []


def test_of_a_large_picture_a_part_is_restored(large):
    ways = Ways(large)
    file = rate_control.choose(ways.choices, Target("quality", 45, "psnr"))
    tiles = [number for _, number in ways.good.restored]
    assert 0 < sum(tiles) * 128**2 < large[..., 0].size
    goal = ways.true_score(ways.reference.way.file(45))
    assert goal - 0.5 < ways.true_score(file) < goal + 1.5


def test_the_codec_alone_may_be_left_out(small):
    without = Ways(small, plain=False)
    for toy in (without.good, without.poor):
        toy.skill = 3.0  # harm
    assert rate_control.choose(without.choices, Target("quality", 45, "psnr")).scale in (1, 2)
    with_it = Ways(small)
    for toy in (with_it.good, with_it.poor):
        toy.skill = 3.0
    file = rate_control.choose(with_it.choices, Target("quality", 45, "psnr"))
    assert (file.scale, file.quality) == (0, 45)


@pytest.mark.parametrize("effort", [2, 3])
def test_what_is_out_of_reach_gives_the_nearest_and_says_so(small, effort):
    ways = Ways(small, plain=False)
    ways.good.coarseness = ways.poor.coarseness = 10.0
    best = rate_control.choose(ways.choices, Target("psnr", 99.0), effort)
    assert (best.met, best.quality) == (False, 100)
    smallest = rate_control.choose(ways.choices, Target("max_bytes", 10), effort)
    assert (smallest.met, smallest.quality) == (False, 1)


def test_a_fit_that_is_none_is_refused():
    for content in ({"psnr": 3}, {"psnr": {"1": {}}}, {"psnr": {"1": {"place": [1, "x"]}}}):
        with pytest.raises(ValueError, match="Received"):
            Fit.read(content)
    assert Fit.read({}).predict("psnr", "1", 30.0, 0.5, 0.2).place == 0.2
    assert fit.terms("psnr", 40.0, 1.0).tolist() == [1, 1, 0, 1, 0, 0]
