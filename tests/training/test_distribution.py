import json
import os
import socket
import subprocess
import sys

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.data.sampling import Sampling
from comrec_tf.presets import weights
from comrec_tf.training import distribution, run
from comrec_tf.training.config import TrainingConfig
from comrec_tf.training.feed import TrainingFeed
from tests.makers import make_model


def settings(pictures_dir):
    return {
        "train_data": str(pictures_dir),
        "valid_data": str(pictures_dir / "camera.png"),
        "com_filters": 4,
        "rec_depth": 2,
        "rec_filters": 4,
        "patch_size": 16,
        "batch_size": 4,
        "steps_per_epoch": 3,
        "epochs": 2,
        "warmup_steps": 1,
    }


def free_ports(count):
    sockets = [socket.socket() for _ in range(count)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


# What a worker runs: the command, and then its own weights to a file of its own.
WORKER = """
import sys
import numpy as np
from comrec_tf.presets import weights
from comrec_tf import train
from comrec_tf.training import building

built = []
build = building.build_model
building.build_model = lambda config: built.append(build(config)) or built[-1]
path, *arguments = sys.argv[1:]
code = train.main(["train", *arguments])
np.savez(path, **weights._arrays(built[0]))
sys.exit(code)
"""


@pytest.mark.slow
def test_two_workers_agree_with_each_other_and_with_one_that_has_the_joined_batch(
    tmp_path, pictures_dir
):
    ports = free_ports(2)
    cluster = {"worker": [f"127.0.0.1:{port}" for port in ports]}
    flags = [f"--{name}={value}" for name, value in settings(pictures_dir).items()]
    workers = []
    for index in range(2):
        config = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": index}})
        workers.append(
            subprocess.Popen(
                [
                    sys.executable,
                    "-c",
                    WORKER,
                    str(tmp_path / f"{index}.npz"),
                    *flags,
                    "--strategy=multi_worker",
                    f"--output_dir={tmp_path}/two",
                ],
                env={**os.environ, "TF_CONFIG": config},
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    for worker in workers:
        _, error = worker.communicate(timeout=240)
        assert worker.returncode == 0, error[-3000:]

    fields = settings(pictures_dir)
    fields.update({name: [fields[name]] for name in ("train_data", "valid_data")})
    run.train(TrainingConfig(**fields), tmp_path / "one", verbose=0)
    joined = weights._arrays(weights.load_preset(tmp_path / "one" / "last"))
    with np.load(tmp_path / "0.npz") as first, np.load(tmp_path / "1.npz") as second:
        for name, expected in joined.items():
            np.testing.assert_array_equal(first[name], second[name])
            np.testing.assert_allclose(first[name], expected, atol=2e-5)
    written = weights._arrays(weights.load_preset(tmp_path / "two" / "last"))
    for name, expected in joined.items():
        np.testing.assert_allclose(written[name], expected, atol=2e-5)


SMALL = Sampling(patch_size=16, batch_size=4, steps_per_epoch=2)


def test_the_shards_of_a_feed_are_the_batches_of_one(pictures_dir, model):
    whole = TrainingFeed(model, pictures_dir, SMALL)
    expected = list(whole.dataset.as_numpy_iterator())

    class Shards(list):
        """Takes attributes, as what a strategy returns does."""

    class TwoPipelines:
        num_replicas_in_sync = 2

        def distribute_datasets_from_function(self, share):
            return Shards(share(tf.distribute.InputContext(2, index, 2)) for index in range(2))

    class Model:
        distribute_strategy = TwoPipelines()

        def __getattr__(self, name):
            return getattr(model, name)

    feed = TrainingFeed(Model(), pictures_dir, SMALL)
    shards = [list(dataset.as_numpy_iterator()) for dataset in feed.dataset]
    for step, batch in enumerate(expected):
        for name, value in batch.items():
            np.testing.assert_array_equal(value[0::2], shards[0][step][name])
            np.testing.assert_array_equal(value[1::2], shards[1][step][name])


def test_all_devices_of_a_machine_train_by_the_mirrored_strategy(tmp_path, pictures_dir):
    fields = settings(pictures_dir)
    fields.update({name: [fields[name]] for name in ("train_data", "valid_data")})
    for strategy in ("one", "mirrored"):
        config = TrainingConfig(**fields, strategy=strategy)
        run.train(config, tmp_path / strategy, verbose=0)
    one, mirrored = (
        weights._arrays(weights.load_preset(tmp_path / strategy / "last"))
        for strategy in ("one", "mirrored")
    )
    for name, expected in one.items():
        np.testing.assert_allclose(mirrored[name], expected, atol=1e-5)


# Two devices of one machine, which must be there before anything else is done with TensorFlow.
TWO_DEVICES = """
import sys
import tensorflow as tf
(cpu,) = tf.config.list_physical_devices("CPU")
tf.config.set_logical_device_configuration(cpu, 2 * [tf.config.LogicalDeviceConfiguration()])
from comrec_tf.data.sampling import Sampling
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.training.feed import TrainingFeed

with tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"]).scope():
    model = ComRec(ComCNN(filters=4), RecCNN(depth=2, filters=4, resolution="compact"))
    model.compile()
feed = TrainingFeed(model, sys.argv[1], Sampling(patch_size=16, batch_size=4, steps_per_epoch=3))
model.fit(feed.dataset, epochs=2, callbacks=[feed], verbose=2)
"""


def test_steps_are_counted_once_for_all_devices_of_a_machine(pictures_dir):
    done = subprocess.run(
        [sys.executable, "-c", TWO_DEVICES, str(pictures_dir)], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert done.stdout.count("3/3 - ") == 2
    assert "ran out of data" not in done.stderr


def test_a_batch_that_cannot_be_shared_is_refused(pictures_dir):
    strategy = tf.distribute.get_strategy()
    assert distribution.is_chief(strategy)
    from comrec_tf.data import pipeline

    with pytest.raises(ValueError, match="multiple of the 2 devices.*batch_size=3"):
        pipeline.training_dataset(
            [],
            None,
            shrink=None,
            codec=make_model().codec,
            channels=3,
            sampling=Sampling(batch_size=3),
            num_replicas=2,
        )


def test_a_cluster_without_its_description_is_refused(monkeypatch):
    monkeypatch.delenv("TF_CONFIG", raising=False)
    with pytest.raises(ValueError, match="TF_CONFIG"):
        distribution.make_strategy("multi_worker")
    with pytest.raises(ValueError, match="'many'"):
        distribution.make_strategy("many")
