"""Patches -> examples: the patch and what the real codec makes of its compact picture."""

from collections.abc import Callable

import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.graph import codecs, color

__all__ = ["pair_dataset"]

_GREY, _QUALITY = 1, 2  # what a patch's seed is folded with, so that its draws are independent


def pair_dataset(
    patches: tf.data.Dataset,
    *,
    shrink: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    codec: base.Codec,
    channels: int,
    batch_size: int,
    quality: tuple[int, int],
    grey_share: float = 0.0,
    coded: bool = True,
) -> tf.data.Dataset:
    """Put ComCNN and the real codec behind the patches.

    ComCNN works on whole batches; the codec, which works on one picture at a time, on as many
    pictures in parallel as there are cores, while the model trains on earlier batches.

    Args:
        patches: as `patch_dataset` makes them.
        shrink: float32 (N, P, P, channels) in [0, 1] and int32 (N,) qualities -> compact pictures.
        codec: the real codec.
        channels: 3 for YCbCr, 1 for luma.
        batch_size: examples in a batch; a last incomplete batch is dropped.
        quality: lowest and highest quality; drawn for each example, uniform in the logarithm.
        grey_share: share of the patches that lose their colour, so that one model learns both.
        coded: whether examples hold "decoded"; joint training needs neither `shrink` nor codec.

    Returns:
        A dataset of the dictionaries that `ComRec.fit` takes.
    """
    low, high = quality
    for bound in quality:
        codec.check_quality(bound)
    if low > high:
        raise ValueError(f"quality must be a range from low to high. Received: quality={quality}")

    def compact(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        seeds = batch["seed"]
        pictures = color.network_pixels(batch["pixels"], channels)
        if channels == 3 and grey_share:
            grey = (_uniform(seeds, _GREY) < grey_share)[:, None, None, None]
            neutral = tf.fill(
                tf.shape(pictures[..., 1:]), tf.constant(color.NEUTRAL_CHROMA, tf.float32)
            )
            pictures = tf.where(grey, tf.concat([pictures[..., :1], neutral], -1), pictures)
        ratio = tf.math.log((high + 1.0) / low)
        drawn = tf.floor(low * tf.exp(_uniform(seeds, _QUALITY) * ratio))
        qualities = tf.clip_by_value(tf.cast(drawn, tf.int32), low, high)
        examples = {"pictures": pictures, "quality": qualities}
        if coded:
            examples["compact"] = color.codec_pixels(shrink(pictures, qualities))
        return examples

    def code(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        decoded = codecs.round_trip(codec, example["compact"], example["quality"])
        return {
            "pictures": example["pictures"],
            "quality": example["quality"],
            "decoded": color.network_pixels(decoded, channels),
        }

    dataset = patches.batch(batch_size, drop_remainder=True)
    dataset = dataset.map(compact, num_parallel_calls=1)
    if not coded:
        return dataset.prefetch(2)
    dataset = dataset.unbatch()
    dataset = dataset.map(code, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(batch_size, drop_remainder=True).prefetch(2)


def _uniform(seeds: tf.Tensor, purpose: int) -> tf.Tensor:
    """One draw in [0, 1) for each seed, float32 (N,)."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform(
            [], tf.random.experimental.stateless_fold_in(seed, purpose)
        ),
        seeds,
        fn_output_signature=tf.TensorSpec([], tf.float32),
    )
