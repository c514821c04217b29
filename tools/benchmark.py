"""Speed as ratios within one run, medians of several rounds.

benchmark training: what a training step costs beside the bare steps of its networks. A bare step is
forward, backward and Adam of one network on tensors that are ready: RecCNN's on decoded pictures,
ComCNN's through the fixed RecCNN. The alternating and the joint step are those of `model.fit` with
the whole input pipeline: reading, cutting, ComCNN's copy, JPEG. "input alone" is that pipeline
without a step behind it, "stand-in alone" differentiable JPEG forward and backward.

benchmark files: megapixels per second of compress and restore on a folder of photos, reading and
writing included; what of that the networks take on tiles that are ready, and what their bare
convolutions; and how long the commands take to start.

All kinds take turns, so that a noisy machine slows them alike.
"""

import argparse
import contextlib
import io
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable

import keras
import numpy as np
import PIL.Image
import skimage.data
import tensorflow as tf

from comrec_tf import compress, restore
from comrec_tf.graph import tiles
from comrec_tf.models import losses
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.precision import fastest
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import weights
from comrec_tf.training.feed import TrainingFeed

_STEPS = 4
_SEARCHED = 4


def main() -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    kinds = parser.add_subparsers(dest="kind", required=True)
    training = kinds.add_parser("training", help="steps of training")
    training.add_argument("--batch_sizes", type=int, nargs="+", default=[16, 128])
    training.add_argument("--patch_size", type=int, default=40)
    training.add_argument("--resolution", choices=["full", "compact"], default="full")
    training.add_argument("--rounds", type=int, default=5, help="turns of each kind")
    files = kinds.add_parser("files", help="compress and restore")
    files.add_argument("--preset", default="comrec", help="name or folder")
    files.add_argument("--scale", type=int, default=2, help="which pair of the preset")
    files.add_argument("--num_pictures", type=int, default=24)
    files.add_argument("--size", type=int, nargs=2, default=[512, 768], help="height and width")
    files.add_argument("--rounds", type=int, default=5, help="turns of each kind")
    options = parser.parse_args()
    print(f"TensorFlow {tf.__version__}")
    with tempfile.TemporaryDirectory() as folder:
        if options.kind == "training":
            _measure_training(folder, options)
        else:
            _measure_files(pathlib.Path(folder), options)
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


def _measure_files(folder: pathlib.Path, options: argparse.Namespace) -> None:
    height, width = options.size
    photo = np.tile(skimage.data.astronaut(), (-(-height // 512), -(-(width + 97) // 512), 1))
    (folder / "in").mkdir()
    for index in range(options.num_pictures):
        # No two alike, so that nothing is kept from one to the next.
        PIL.Image.fromarray(photo[:height, 4 * index % 97 :][:, :width]).save(
            folder / "in" / f"{index}.png"
        )
    num_searched = min(_SEARCHED, options.num_pictures)
    one_megapixels = height * width / 1e6
    megapixels = options.num_pictures * one_megapixels
    pairs = weights.load_pairs(options.preset, rec_precision=fastest())
    (model,) = (pair for pair in pairs if pair.scale == options.scale)
    print(f"RecCNN computes in {model.rec.dtype_policy.name}")
    common = [f"--preset={options.preset}", "--overwrite"]
    scale = f"--scale={options.scale}"

    def command(verb: object, *arguments: object) -> None:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            if verb.main([verb.__name__, *map(str, arguments), *common]):
                raise RuntimeError(f"{verb.__name__} failed")

    def compressing() -> float:
        return _timed(lambda: command(compress, folder / "in", f"--output_dir={folder}/out", scale))

    def searching() -> float:
        few = [folder / "in" / f"{index}.png" for index in range(num_searched)]
        return _timed(lambda: command(compress, *few, f"--output_dir={folder}/searched"))

    def restoring() -> float:
        return _timed(lambda: command(restore, folder / "out", f"--output_dir={folder}/back"))

    def networks(whole: bool) -> dict[str, Callable[[], float]]:
        return {
            name: _on_tiles(network, multiple, options, whole=whole)
            for name, network, multiple in (
                ("ComCNN", model.com, 1),
                ("RecCNN", model.rec, model.scale),
            )
        }

    ready, bare = networks(whole=True), networks(whole=False)
    kinds = {"compress": compressing, "restore": restoring, "search": searching}
    kinds |= {f"{name} on tiles": seconds for name, seconds in ready.items()}
    kinds |= {f"{name} convolutions": seconds for name, seconds in bare.items()}
    medians = _in_turns(kinds, options.rounds)
    for verb, network in (("compress", "ComCNN"), ("restore", "RecCNN")):
        whole = medians[verb]
        print(f"{verb}: {megapixels / whole:.3g} megapixels/s ({1000 * whole:.0f} ms)")
        for part in (f"{network} on tiles", f"{network} convolutions"):
            print(f"  {part:24}{1000 * medians[part]:7.0f} ms {medians[part] / whole:7.1%}")

    rate = num_searched * one_megapixels / medians["search"]
    print(f"compress, all scales and the codec alone searched: {rate:.3g} megapixels/s")

    shutil.rmtree(folder / "out")
    one = [folder / "in" / "0.png", f"--output_dir={folder}/out", scale, *common]
    starts = {
        "import tensorflow": ["-c", "import tensorflow"],
        "compress --help": ["-m", "comrec_tf.compress", "--help"],
        "compress one picture": ["-m", "comrec_tf.compress", *map(str, one)],
    }
    medians = _in_turns(
        {
            name: lambda arguments=arguments: _timed(
                lambda: subprocess.run(  # noqa: S603
                    [sys.executable, *arguments], check=True, capture_output=True, env=os.environ
                )
            )
            for name, arguments in starts.items()
        },
        options.rounds,
    )
    for name, seconds in medians.items():
        print(f"{name:24}{seconds:6.2f} s {seconds / medians['import tensorflow']:6.2f} x import")


def _on_tiles(
    network: keras.Model, scale: int, options: argparse.Namespace, *, whole: bool
) -> Callable[[], float]:
    """A network on as many tiles as the pictures have, or its convolutions alone on as much."""
    size = tf.constant([side // scale for side in options.size])
    sides = tuple(side // scale for side in tiles.SIDES)
    multiple = getattr(network, "input_multiple", network.scale)
    halo = -(-network.receptive_radius // multiple) * multiple
    tile = tiles.tile_size(size, sides, halo).numpy()
    num_tiles = options.num_pictures * int(np.prod(-(-size.numpy() // tile)))
    shape = [1, *(tile + 2 * halo).tolist(), network.channels]
    picture, log_step = tf.random.uniform(shape), tf.zeros([1])
    inputs: list[tuple[keras.Layer, tf.Tensor]] = []
    layers = [layer for layer in network._flatten_layers() if "Conv2D" in type(layer).__name__]

    def call(picture: tf.Tensor) -> tf.Tensor:
        if hasattr(network, "reconstruct"):
            return network.reconstruct(picture, log_step=log_step)
        return network(picture, log_step=log_step)

    if whole:
        traced = tf.function(call)
        return lambda: _timed(lambda: [traced(picture) for _ in range(num_tiles)])
    # What each convolution gets, by size.
    height, width = shape[1:3]
    if getattr(network, "space_to_depth", False):
        height, width = height // 2, width // 2
    for layer in layers:
        channels = layer.kernel.shape[2]
        x = tf.cast(tf.random.uniform([1, height, width, channels]), layer.compute_dtype)
        inputs.append((layer, x))
        height, width = height // layer.strides[0], width // layer.strides[1]
    traced = tf.function(lambda: [layer(x) for layer, x in inputs])
    return lambda: _timed(lambda: [traced() for _ in range(num_tiles)])


def _measure_training(folder: str, options: argparse.Namespace) -> None:
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
                "stand-in alone": _stand_in(_model(options), batch_size, options.patch_size),
            },
            options.rounds,
        )
        bare = medians["RecCNN alone"] + medians["ComCNN alone"]
        for name, median in medians.items():
            note = f"{median / bare:7.2f} x the two networks alone"
            print(
                f"batch {batch_size:4}  {name:14}{1000 * median:9.1f} ms a step{note}", flush=True
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


def _stand_in(model: ComRec, batch_size: int, patch_size: int) -> Callable[[], float]:
    stand_in = model.codec.stand_in()
    compact = tf.random.uniform([batch_size, patch_size // 2, patch_size // 2, 1])
    quality = tf.fill([batch_size], 50)

    @tf.function
    def step() -> tf.Tensor:
        with tf.GradientTape() as tape:
            tape.watch(compact)
            decoded, bits = stand_in.round_trip(compact, quality)
            loss = tf.reduce_sum(decoded) + tf.reduce_sum(bits)
        return tape.gradient(loss, compact)

    return lambda: _timed(lambda: [step() for _ in range(_STEPS)]) / _STEPS


def _feed(
    model: ComRec, objective: str, folder: str, batch_size: int, options: argparse.Namespace
) -> TrainingFeed:
    return TrainingFeed(
        model,
        folder,
        patch_size=options.patch_size,
        batch_size=batch_size,
        # Many more than are taken: the pipeline is at work all the while, as in a long epoch.
        steps_per_epoch=100_000,
        quality=50,
        coded=objective == "alternate",
    )


def _input(
    model: ComRec, folder: str, batch_size: int, options: argparse.Namespace
) -> Callable[[], float]:
    iterator = iter(_feed(model, "alternate", folder, batch_size, options).dataset)
    # More than are made ahead, so that what is measured is the making.
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
