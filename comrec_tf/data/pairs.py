"""Patches -> examples: the patch and what the real codec makes of its compact picture."""

import math
from collections.abc import Callable

import tensorflow as tf

from comrec_tf.codecs import base
from comrec_tf.data.sampling import Sampling
from comrec_tf.graph import codecs as graph_codecs
from comrec_tf.graph import color
from comrec_tf.images.color import NEUTRAL_CHROMA

__all__ = ["pair_dataset"]

# What a patch's seed is folded with, so that its draws are independent.
_GREY, _QUALITY, _CODEC = 1, 2, 3


def pair_dataset(
    patches: tf.data.Dataset,
    *,
    shrink: Callable[[tf.Tensor, tf.Tensor], tf.Tensor],
    codec: base.Codec,
    channels: int,
    sampling: Sampling,
    batch_size: int,
) -> tf.data.Dataset:
    """Put ComCNN and the real codec behind the patches.

    ComCNN works on whole batches; the codec, which works on one picture at a time, on as many
    pictures in parallel as there are cores, while the model trains on earlier batches.

    Args:
        patches: as `patch_dataset` makes them.
        shrink: float32 (N, P, P, channels) in [0, 1] and the logarithms of the quantiser steps,
            float32 (N,) -> compact pictures.
        codec: the real codec, if `sampling` names no others.
        channels: 3 for YCbCr, 1 for luma.
        sampling: qualities, codecs and the share of grey examples. Qualities are drawn uniformly on
            the scale of `_place`.
        batch_size: examples in a batch; a last incomplete batch is dropped.

    Returns:
        A dataset of the dictionaries that `ComRec.fit` takes.

    Raises:
        ValueError: a quality is not one of each codec's.
    """
    low, high = sampling.quality_range
    codecs, weights = zip(*(sampling.codecs or [(codec, 1.0)]), strict=True)
    for bound in (low, high):
        for one in codecs:
            one.check_quality(bound)

    def compact(batch: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        seeds = batch["seed"]
        pictures = color.network_pixels(batch["pixels"], channels)
        grey = tf.fill(tf.shape(seeds)[:1], channels == 1)
        if channels == 3 and sampling.grey_share:
            grey = _uniform(seeds, _GREY) < sampling.grey_share
            neutral = tf.fill(tf.shape(pictures[..., 1:]), tf.constant(NEUTRAL_CHROMA, tf.float32))
            without = tf.concat([pictures[..., :1], neutral], -1)
            pictures = tf.where(grey[:, None, None, None], without, pictures)
        first, last = _place(low), _place(high + 1)
        drawn = tf.floor(_quality_at(first + _uniform(seeds, _QUALITY) * (last - first)))
        qualities = tf.clip_by_value(tf.cast(drawn, tf.int32), low, high)
        # Which codec, and the step that it says for the quality.
        bounds = tf.cumsum(tf.constant(weights, tf.float32) / sum(weights))[:-1]
        chosen = tf.searchsorted(bounds, _uniform(seeds, _CODEC), side="right")
        steps = tf.stack([graph_codecs.log_step(one, qualities) for one in codecs])
        log_step = tf.gather(tf.transpose(steps), chosen, batch_dims=1)
        tables = tf.stack([graph_codecs.tables(one, qualities, grey) for one in codecs], 1)
        examples = {
            "pictures": pictures,
            "quality": qualities,
            "log_step": log_step,
            "tables": tf.gather(tables, chosen, batch_dims=1),
        }
        if sampling.coded:
            examples["compact"] = color.codec_pixels(shrink(pictures, log_step))
            examples["codec"] = chosen
        return examples

    def code(example: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
        quality, shrunk, chosen = (example.pop(name) for name in ("quality", "compact", "codec"))
        decoded = tf.switch_case(
            chosen,
            [lambda one=one: graph_codecs.round_trip(one, shrunk, quality) for one in codecs],
        )
        decoded = color.network_pixels(decoded, channels)
        return {**example, "quality": quality, "decoded": decoded}

    dataset = patches.batch(batch_size, drop_remainder=True)
    dataset = dataset.map(compact, num_parallel_calls=1)
    if not sampling.coded:
        return dataset.prefetch(2)
    dataset = dataset.unbatch()
    dataset = dataset.map(code, num_parallel_calls=tf.data.AUTOTUNE)
    return dataset.batch(batch_size, drop_remainder=True).prefetch(2)


def _place(quality: float) -> float:
    """Where a quality is on a scale on which there is about as much to learn everywhere.

    Half of the draws from 1 to 100 are below 36. A plain logarithm would waste a third of them on
    qualities below 5, and draw those above 80 too rarely.
    """
    return math.log((quality + 6.0) / (130.0 - quality))


def _quality_at(place: tf.Tensor) -> tf.Tensor:
    """Invert `_place`."""
    ratio = tf.exp(place)
    return (130.0 * ratio - 6.0) / (1.0 + ratio)


def _uniform(seeds: tf.Tensor, purpose: int) -> tf.Tensor:
    """One draw in [0, 1) for each seed, float32 (N,)."""
    return tf.map_fn(
        lambda seed: tf.random.stateless_uniform(
            [], tf.random.experimental.stateless_fold_in(seed, purpose)
        ),
        seeds,
        fn_output_signature=tf.TensorSpec([], tf.float32),
    )
