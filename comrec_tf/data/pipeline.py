"""Picture files -> batches ready to train on."""

from collections.abc import Callable

import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.data import pairs, patches
from comrec_tf.data.reader import PictureReader

__all__ = ["training_dataset"]


def training_dataset(
    paths: list[str],
    reader: PictureReader,
    *,
    shrink: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    codec: base.Codec,
    channels: int,
    patch_size: int,
    batch_size: int,
    num_batches: int,
    quality: tuple[int, int],
    patches_per_picture: int = 16,
    grey_share: float = 0.0,
    coded: bool = True,
    seed: int = 0,
    epoch: tf.Variable | int = 0,
    shard: tuple[int, int] = (0, 1),
    num_replicas: int = 1,
) -> tf.data.Dataset:
    """Make one epoch of examples for `ComRec.fit`.

    Args:
        paths: picture files.
        reader: reads them.
        shrink, codec, channels, batch_size, quality, grey_share, coded: see `pairs.pair_dataset`.
        num_batches: batches in an epoch.
        shard: index of this input pipeline and how many there are: each gets its share of the
            patches that one alone would get, before the costly stages.
        num_replicas: devices that share a batch, of all machines together.
        patch_size, patches_per_picture, seed, epoch: see `patches.patch_dataset`.

    Returns:
        A finite dataset of the dictionaries that `ComRec` takes, `num_batches` for each replica of
        this pipeline, of `batch_size / num_replicas` examples.

    Raises:
        ValueError: a quality is not one of the codec's, or the batch cannot be shared evenly.
    """
    index, num_shards = shard
    if batch_size % num_replicas:
        raise ValueError(
            f"batch_size must be a multiple of the {num_replicas} devices that share it. "
            f"Received: batch_size={batch_size}"
        )
    cut = patches.patch_dataset(
        paths,
        reader,
        patch_size=patch_size,
        num_patches=num_batches * batch_size,
        patches_per_picture=patches_per_picture,
        seed=seed,
        epoch=epoch,
    )
    dataset = pairs.pair_dataset(
        cut.shard(num_shards, index),
        shrink=shrink,
        codec=codec,
        channels=channels,
        batch_size=batch_size // num_replicas,
        quality=quality,
        grey_share=grey_share,
        coded=coded,
    )
    num_shares = num_batches * num_replicas // num_shards
    return dataset.apply(tf.data.experimental.assert_cardinality(num_shares))
