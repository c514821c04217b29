"""Picture files -> batches ready to train on."""

from collections.abc import Callable

import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.data import pairs, patches
from comrec_tf.data.reader import PictureReader
from comrec_tf.data.sampling import Sampling

__all__ = ["training_dataset"]


def training_dataset(
    paths: list[str],
    reader: PictureReader,
    *,
    shrink: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    codec: base.Codec,
    channels: int,
    sampling: Sampling,
    epoch: tf.Variable | int = 0,
    shard: tuple[int, int] = (0, 1),
    num_replicas: int = 1,
) -> tf.data.Dataset:
    """Make one epoch of examples for `ComRec.fit`.

    Args:
        paths: picture files.
        reader: reads them.
        shrink, codec, channels: see `pairs.pair_dataset`.
        sampling: how examples are drawn.
        epoch: see `patches.patch_dataset`.
        shard: index of this input pipeline and how many there are. Each gets its share of the
            patches of an epoch; the costly stages work on that share only.
        num_replicas: devices that share a batch, of all machines together.

    Returns:
        A finite dataset of the dictionaries that `ComRec` takes, `steps_per_epoch` for each replica
        of this pipeline, of `batch_size / num_replicas` examples.

    Raises:
        ValueError: a quality is not one of the codec's, or the batch cannot be shared evenly.
    """
    index, num_shards = shard
    if sampling.batch_size % num_replicas:
        raise ValueError(
            f"batch_size must be a multiple of the {num_replicas} devices that share it. "
            f"Received: batch_size={sampling.batch_size}"
        )
    cut = patches.patch_dataset(paths, reader, sampling, epoch)
    dataset = pairs.pair_dataset(
        cut.shard(num_shards, index),
        shrink=shrink,
        codec=codec,
        channels=channels,
        sampling=sampling,
        batch_size=sampling.batch_size // num_replicas,
    )
    num_shares = sampling.steps_per_epoch * num_replicas // num_shards
    return dataset.apply(tf.data.experimental.assert_cardinality(num_shares))
