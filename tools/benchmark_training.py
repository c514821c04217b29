"""What a training step costs beside its bare arithmetic, as ratios within one run.

A bare step is forward, backward and Adam of one network on tensors that are ready: RecCNN's on
decoded pictures, ComCNN's through the fixed RecCNN. The alternating and the joint step are those of
`model.fit` with the whole input pipeline: reading, cutting, ComCNN's copy, JPEG. "input alone" is
that pipeline without a step behind it, "differentiable JPEG" that part forward and backward.

All kinds take turns, so that a noisy machine slows them alike; figures are medians.
"""

import argparse
import pathlib
import statistics
import sys
import tempfile
import time
from collections.abc import Callable

import keras
import PIL.Image
import skimage.data
import tensorflow as tf

from comrec_tf.data.sampling import Sampling
from comrec_tf.graph import codecs
from comrec_tf.models import losses
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.training.feed import TrainingFeed

_STEPS = 4


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[16, 128])
    parser.add_argument("--patch_size", type=int, default=40)
    parser.add_argument("--resolution", choices=["full", "compact"], default="full")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind")
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        _measure(folder, options)
    return 0


def _timed(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def _in_turns(kinds: dict[str, Callable[[], float]], rounds: int) -> dict[str, float]:
    """Medians over the rounds, the first of which is not counted: it traces and warms up."""
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for number in range(rounds + 1):
        for name, seconds in kinds.items():
            value = seconds()
            if number:
                times[name].append(value)
    return {name: statistics.median(values) for name, values in times.items()}


def _measure(folder: str, options: argparse.Namespace) -> None:
    print(f"patches of {options.patch_size}, {options.resolution}")
    for name in ("astronaut", "camera", "coffee", "chelsea", "rocket"):
        picture = PIL.Image.fromarray(getattr(skimage.data, name)())
        picture.save(pathlib.Path(folder) / f"{name}.png")
    for batch_size in options.batch_sizes:
        medians = _in_turns(
            {
                "RecCNN alone": _bare(_model(options), "rec", batch_size, options.patch_size),
                "ComCNN alone": _bare(_model(options), "com", batch_size, options.patch_size),
                "alternating": _fitted(_model(options), "alternate", folder, batch_size, options),
                "joint": _fitted(_model(options), "joint", folder, batch_size, options),
                "input alone": _input(_model(options), folder, batch_size, options),
                "differentiable JPEG": _differentiable_jpeg(
                    _model(options), batch_size, options.patch_size
                ),
            },
            options.rounds,
        )
        bare = medians["RecCNN alone"] + medians["ComCNN alone"]
        for name, median in medians.items():
            note = f"{median / bare:7.2f} x the two networks alone"
            print(
                f"batch {batch_size:4}  {name:20}{1000 * median:9.1f} ms a step{note}", flush=True
            )


def _model(options: argparse.Namespace) -> ComRec:
    return ComRec(
        ComCNN(channels=1),
        RecCNN(channels=1, resolution=options.resolution),
    )


def _bare(model: ComRec, trained: str, batch_size: int, patch_size: int) -> Callable[[], float]:
    network = getattr(model, trained)
    optimizer = keras.optimizers.Adam(1e-4)
    optimizer.build(network.trainable_variables)
    pictures = tf.random.uniform([batch_size, patch_size, patch_size, 1])
    decoded = tf.random.uniform([batch_size, patch_size // 2, patch_size // 2, 1])

    @tf.function
    def step() -> None:
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            weights = [weight.value for weight in network.trainable_variables]
            tape.watch(weights)
            if trained == "rec":
                upsampled, residual = model.rec.upsampled_and_residual(decoded, training=True)
                loss = losses.rec_loss(pictures, upsampled, residual)
            else:
                loss = losses.com_loss(pictures, model.rec.reconstruct(model.com(pictures)))
        optimizer.apply(tape.gradient(loss, weights), network.trainable_variables)

    return lambda: _timed(lambda: [step() for _ in range(_STEPS)]) / _STEPS


def _differentiable_jpeg(model: ComRec, batch_size: int, patch_size: int) -> Callable[[], float]:
    differentiable = codecs.differentiable(model.encoder)
    compact = tf.random.uniform([batch_size, patch_size // 2, patch_size // 2, 1])
    quality = tf.fill([batch_size], 50)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(compact)
            decoded, bits = differentiable.round_trip(compact, quality)
            loss = tf.reduce_sum(decoded) + tf.reduce_sum(bits)
        return tape.gradient(loss, compact)

    return lambda: _timed(lambda: [step() for _ in range(_STEPS)]) / _STEPS


def _feed(
    model: ComRec, objective: str, folder: str, batch_size: int, options: argparse.Namespace
) -> TrainingFeed:
    return TrainingFeed(
        model,
        folder,
        Sampling(
            patch_size=options.patch_size,
            batch_size=batch_size,
            # Many more than are taken, so that the pipeline works all the time, as in a long epoch.
            steps_per_epoch=100_000,
            quality=50,
            coded=objective == "alternate",
        ),
    )


def _input(
    model: ComRec, folder: str, batch_size: int, options: argparse.Namespace
) -> Callable[[], float]:
    iterator = iter(_feed(model, "alternate", folder, batch_size, options).dataset)
    # More than are prefetched, so that making them is measured.
    count = 16 * _STEPS
    return lambda: _timed(lambda: [next(iterator) for _ in range(count)]) / count


def _fitted(
    model: ComRec, objective: str, folder: str, batch_size: int, options: argparse.Namespace
) -> Callable[[], float]:
    model.compile(objective=objective)
    iterator = iter(_feed(model, objective, folder, batch_size, options).dataset)
    train = model.make_train_function() or model.train_function
    return lambda: _timed(lambda: [train(iterator) for _ in range(_STEPS)]) / _STEPS


if __name__ == "__main__":
    sys.exit(main())
