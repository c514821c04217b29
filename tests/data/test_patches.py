import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.data import patches, sources
from comrec_tf.data.reader import PictureReader
from comrec_tf.data.sampling import Sampling


def draw(paths, num_patches=12, epoch=0, **kwargs):
    arguments = {"patch_size": 24, "patches_per_picture": 3, "seed": 5, **kwargs}
    sampling = Sampling(batch_size=1, steps_per_epoch=num_patches, **arguments)
    dataset = patches.patch_dataset(paths, PictureReader(len(paths)), sampling, epoch)
    return [(item["pixels"], item["seed"]) for item in dataset.as_numpy_iterator()]


def equal(one, two):
    return all(np.array_equal(a[0], b[0]) for a, b in zip(one, two, strict=True))


@pytest.fixture(scope="module")
def paths(pictures_dir):
    return sources.find_pictures(pictures_dir)


def test_an_epoch_has_as_many_patches_as_asked_for(paths):
    drawn = draw(paths)
    assert len(drawn) == 12
    assert all(pixels.shape == (24, 24, 3) and pixels.dtype == np.uint8 for pixels, _ in drawn)


def test_an_epoch_can_be_drawn_again_whatever_came_before(paths):
    epoch = tf.Variable(3, dtype=tf.int64)
    third = draw(paths, epoch=epoch)
    epoch.assign(4)
    fourth = draw(paths, epoch=epoch)
    epoch.assign(3)
    assert equal(draw(paths, epoch=epoch), third)
    assert equal(draw(paths, epoch=4), fourth)
    assert not equal(third, fourth)


def test_the_epoch_is_read_again_at_each_iteration(paths):
    epoch = tf.Variable(0, dtype=tf.int64)
    dataset = patches.patch_dataset(
        paths,
        PictureReader(len(paths)),
        Sampling(patch_size=8, batch_size=2, steps_per_epoch=2, patches_per_picture=2),
        epoch,
    )
    first = [item["seed"].tolist() for item in dataset.as_numpy_iterator()]
    epoch.assign(1)
    assert [item["seed"].tolist() for item in dataset.as_numpy_iterator()] != first


def test_another_seed_draws_others(paths):
    assert not equal(draw(paths), draw(paths, seed=6))


def test_every_picture_is_used_before_any_comes_again(tmp_path):
    for level in range(7):
        PIL.Image.new("L", (8, 8), level).save(tmp_path / f"{level}.png")
    paths = sources.find_pictures(tmp_path)
    drawn = draw(paths, patch_size=8, num_patches=14, patches_per_picture=1)
    levels = sorted(int(pixels[0, 0, 0]) for pixels, _ in drawn)
    assert levels == sorted(2 * list(range(7)))


def test_patches_are_cut_from_the_picture_turned_and_mirrored(tmp_path):
    rows, columns = np.mgrid[:40, :40].astype(np.uint8)
    PIL.Image.fromarray(np.stack([rows, columns, rows], -1)).save(tmp_path / "ramp.png")
    orientations = set()
    for pixels, _ in draw([str(tmp_path / "ramp.png")], num_patches=64, patches_per_picture=32):
        steps = [
            tuple(
                np.diff(pixels[..., channel].astype(int), axis=axis).ravel()[0] for axis in (0, 1)
            )
            for channel in (0, 1)
        ]
        for channel in (0, 1):
            for axis in (0, 1):
                differences = np.diff(pixels[..., channel].astype(int), axis=axis)
                assert (differences == steps[channel][axis]).all()
        orientations.add(tuple(steps))
    assert len(orientations) == 8


def test_broken_files_are_skipped_and_an_epoch_is_still_whole(tmp_path, pictures_dir):
    (tmp_path / "broken.png").write_bytes(b"broken")
    paths = [str(tmp_path / "broken.png"), str(pictures_dir / "coffee.png")]
    assert len(draw(paths, num_patches=20)) == 20


def test_pictures_smaller_than_a_patch_are_padded_by_their_edge(tmp_path):
    PIL.Image.new("RGB", (3, 5), (9, 99, 199)).save(tmp_path / "tiny.png")
    for pixels, _ in draw([str(tmp_path / "tiny.png")], num_patches=3):
        assert (pixels == [9, 99, 199]).all()
