"""Picture files -> square patches, drawn without state so that any epoch can be repeated."""

import tensorflow as tf

from comrec_tf.data.reader import PictureReader
from comrec_tf.data.sampling import Sampling
from comrec_tf.graph import geometry

__all__ = ["patch_dataset"]


def patch_dataset(
    paths: list[str],
    reader: PictureReader,
    sampling: Sampling,
    epoch: tf.Variable | int = 0,
) -> tf.data.Dataset:
    """Cut random patches out of pictures.

    Every draw is a function of the seed, the epoch and the patch's number: an epoch has the same
    patches whatever ran before it, so a training run can be resumed. Pictures come in a new order
    each time all have been used; each time one is decoded, several patches are cut. A patch is
    turned and mirrored at random. Pictures smaller than a patch are padded by their edge.

    Args:
        paths: picture files.
        reader: reads them; broken ones are skipped.
        sampling: how patches are cut, and how many make an epoch.
        epoch: number of the epoch, read each time the dataset is iterated.

    Returns:
        A dataset of dictionaries: "pixels", uint8 (patch_size, patch_size, 3) RGB, and "seed",
        int64 (2,), for further draws of the patch.
    """
    patch_size, patches_per_picture = sampling.patch_size, sampling.patches_per_picture
    num_patches, seed = sampling.steps_per_epoch * sampling.batch_size, sampling.seed
    num_pictures = -(-num_patches // patches_per_picture)
    file_names = tf.constant(paths)

    def load(index: tf.Tensor) -> dict[str, tf.Tensor]:
        number = tf.cast(epoch, tf.int64) * num_pictures + index
        turn, place = number // len(paths), number % len(paths)
        place = tf.random.experimental.index_shuffle(place, [seed, turn], len(paths) - 1)
        picture = reader.read(file_names[place])
        is_whole = tf.size(picture) > 0
        picture = tf.cond(is_whole, lambda: picture, lambda: tf.zeros([1, 1, 3], tf.uint8))
        short = tf.maximum(patch_size - tf.shape(picture)[:2], 0)
        picture = geometry.pad_edge(picture[None], 0, short[0], 0, short[1])[0]
        count = patches_per_picture * tf.cast(is_whole, tf.int64)
        numbers = number * patches_per_picture + tf.range(count)
        seeds = tf.stack([tf.fill(tf.shape(numbers), tf.cast(seed, tf.int64)), numbers], -1)
        pixels = tf.map_fn(
            lambda patch_seed: _draw(picture, patch_size, patch_seed),
            seeds,
            fn_output_signature=tf.TensorSpec([patch_size, patch_size, 3], tf.uint8),
        )
        return {"pixels": pixels, "seed": seeds}

    # Endless, to make up for the patches that broken files lack.
    dataset = tf.data.Dataset.counter()
    dataset = dataset.map(load, num_parallel_calls=tf.data.AUTOTUNE).unbatch()
    dataset = dataset.take(num_patches)
    # Patches of one picture must not share a batch. The order is the same in each epoch, the
    # patches are not.
    buffer_size = min(32 * patches_per_picture, num_patches)
    return dataset.shuffle(buffer_size, seed=seed, reshuffle_each_iteration=False)


def _draw(picture: tf.Tensor, patch_size: int, seed: tf.Tensor) -> tf.Tensor:
    room = tf.shape(picture)[:2] - patch_size + 1
    draws = tf.random.stateless_uniform([5], seed)
    top, left = tf.unstack(tf.cast(draws[:2] * tf.cast(room, tf.float32), tf.int32))
    # A draw close to one may round up to the end.
    top, left = tf.minimum(top, room[0] - 1), tf.minimum(left, room[1] - 1)
    patch = picture[top : top + patch_size, left : left + patch_size]
    patch = tf.cond(draws[2] < 0.5, lambda: patch, lambda: tf.reverse(patch, [0]))
    patch = tf.cond(draws[3] < 0.5, lambda: patch, lambda: tf.reverse(patch, [1]))
    return tf.cond(draws[4] < 0.5, lambda: patch, lambda: tf.transpose(patch, [1, 0, 2]))
