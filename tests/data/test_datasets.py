import http.server
import threading

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.data import datasets, sources
from comrec_tf.images import files

PICTURES = [np.full((20 + index, 30, 3), index, np.uint8) for index in range(3)]


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """A dataset of three pictures and one without, in their own folder."""
    tfds = pytest.importorskip("tensorflow_datasets")
    folder = tmp_path_factory.mktemp("tfds")
    examples = [{"label": index, "image": picture} for index, picture in enumerate(PICTURES)]
    signature = {
        "label": tf.TensorSpec([], tf.int64),
        "image": tf.TensorSpec([None, None, 3], tf.uint8),
    }
    features = {"label": np.int64, "image": tfds.features.Image(shape=(None, None, 3))}
    for name, kept in (("three", ("label", "image")), ("blind", ("label",))):
        tfds.dataset_builders.store_as_tfds_dataset(
            name=name,
            version="1.0.0",
            features=tfds.features.FeaturesDict({key: features[key] for key in kept}),
            split_datasets={
                "train": tf.data.Dataset.from_generator(
                    lambda kept=kept: ({key: row[key] for key in kept} for row in examples),
                    output_signature={key: signature[key] for key in kept},
                )
            },
            data_dir=folder,
            file_format="array_record",
            disable_shuffling=True,
        )
    return folder


@pytest.fixture
def tfds_dir(prepared, monkeypatch):
    monkeypatch.setenv("TFDS_DATA_DIR", str(prepared))


@pytest.mark.slow
def test_examples_of_a_dataset_are_pictures_like_any(tfds_dir):
    names = sources.find_pictures("tfds://three:1.0.0/train")
    assert len(names) == 3
    for name, picture in zip(names, PICTURES, strict=True):
        np.testing.assert_array_equal(sources.read_picture(name), picture)
    assert sources.find_pictures(["tfds://three/train", "tfds://three/train"]) == (
        datasets.list_examples("tfds://three/train")
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("tfds://three/test", "has the splits train"),
        ("tfds://unheard_of/train", "has no unheard_of"),
        ("tfds://three", "expected tfds://NAME/SPLIT"),
        ("tfds://blind/train", "a picture in each example. Received: .* with label"),
    ],
)
def test_what_is_no_dataset_of_pictures_is_named(tfds_dir, source, message):
    with pytest.raises(FileNotFoundError, match=message):
        sources.find_pictures(source)


def test_pictures_come_from_file_systems_that_tensorflow_io_adds(pictures_dir):
    pytest.importorskip("tensorflow_io")

    class Handler(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *args):
            super().__init__(*args, directory=str(pictures_dir))

        def log_message(self, *args):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}/coffee.png"
        assert sources.find_pictures(address) == [address]
        read = sources.read_picture(address)
        np.testing.assert_array_equal(read, files.read(pictures_dir / "coffee.png"))
        server.shutdown()


def test_an_unknown_file_system_is_named():
    with pytest.raises(OSError, match="expected a file system of .*Received: nowhere://bucket"):
        sources.find_pictures("nowhere://bucket/pictures")
