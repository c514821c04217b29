"""What a training step costs beside the bare steps of its networks, as ratios in one run.

A bare step is forward, backward and Adam of one network on tensors that are ready: RecCNN's on
decoded pictures, ComCNN's through the fixed RecCNN. The alternating and the joint step are those of
`model.fit` with the whole input pipeline: reading, cutting, ComCNN's copy, JPEG. All kinds take
turns, a few steps each, so that a noisy machine slows them alike; medians are compared.
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

from comrec_tf import losses
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.training.feed import TrainingFeed

_STEPS = 4


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batch_sizes", type=int, nargs="+", default=[16, 128])
    parser.add_argument("--patch_size", type=int, default=40)
    parser.add_argument("--resolution", choices=["full", "compact"], default="full")
    parser.add_argument("--rounds", type=int, default=5, help="turns of each kind")
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}, patches of {options.patch_size}, {options.resolution}")
    with tempfile.TemporaryDirectory() as folder:
        for name in ("astronaut", "camera", "coffee", "chelsea", "rocket"):
            picture = PIL.Image.fromarray(getattr(skimage.data, name)())
            picture.save(pathlib.Path(folder) / f"{name}.png")
        for batch_size in options.batch_sizes:
            _measure(folder, batch_size, options)
    return 0


def _measure(folder: str, batch_size: int, options: argparse.Namespace) -> None:
    kinds = {
        "RecCNN alone": _bare(_model(options), "rec", batch_size, options.patch_size),
        "ComCNN alone": _bare(_model(options), "com", batch_size, options.patch_size),
        "alternating": _fitted(_model(options), "alternate", folder, batch_size, options),
        "joint": _fitted(_model(options), "joint", folder, batch_size, options),
    }
    for steps in kinds.values():
        steps()  # tracing, and the pipeline's first pictures
    times: dict[str, list[float]] = {name: [] for name in kinds}
    for _ in range(options.rounds):
        for name, steps in kinds.items():
            times[name].append(steps())
    medians = {name: statistics.median(values) for name, values in times.items()}
    bare = medians["RecCNN alone"] + medians["ComCNN alone"]
    for name, median in medians.items():
        ratio = "" if "alone" in name else f"   {median / bare:.2f} x the two alone"
        print(f"batch {batch_size:4}  {name:14}{1000 * median:9.1f} ms a step{ratio}", flush=True)


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

    def steps() -> float:
        start = time.perf_counter()
        for _ in range(_STEPS):
            step()
        return (time.perf_counter() - start) / _STEPS

    return steps


def _fitted(
    model: ComRec, objective: str, folder: str, batch_size: int, options: argparse.Namespace
) -> Callable[[], float]:
    model.compile(objective=objective)
    feed = TrainingFeed(
        model,
        folder,
        patch_size=options.patch_size,
        batch_size=batch_size,
        # Many more than are taken: the pipeline is at work all the while, as in a long epoch.
        steps_per_epoch=100_000,
        quality=50,
        coded=objective == "alternate",
    )
    iterator = iter(feed.dataset)
    train = model.make_train_function() or model.train_function

    def steps() -> float:
        start = time.perf_counter()
        for _ in range(_STEPS):
            train(iterator)
        return (time.perf_counter() - start) / _STEPS

    return steps


if __name__ == "__main__":
    sys.exit(main())
