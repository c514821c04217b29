"""Pictures and models that many tests share, small and made here or shipped by scikit-image."""

import errno
import logging
import os
import signal

# Before TensorFlow is imported: its start-up notices would hide the tests' own output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import PIL.Image
import pytest
import skimage.data

from comrec_tf.exporting.signatures import export_signatures
from comrec_tf.presets import weights
from tests.makers import make_model

#: Signals that end a process, and what Python does at them where nobody has said otherwise.
ENDING = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same weights and draws."""
    keras.utils.set_random_seed(1)


@pytest.fixture
def log_handlers_as_before():
    """Handlers of the process's log, pytest's own among them, end a test as they began it.

    pytest puts its own back for each phase of a test, so hiding the list of them in a fixture does
    not keep from them what the test does to all.
    """
    before = [
        (handler, handler.formatter, list(handler.filters)) for handler in logging.root.handlers
    ]
    yield
    for handler, formatter, filters in before:
        handler.setFormatter(formatter)
        handler.filters[:] = filters


@pytest.fixture
def signals_end_processes():
    """Signals that end a process do so, also where shells that run the tests ignore some."""
    before = {number: signal.signal(number, handler) for number, handler in ENDING.items()}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def unreadable(monkeypatch):
    """Makes a folder unreadable, also to root, whom permissions do not stop."""
    scandir = os.scandir

    def deny(folder):
        def denied(path="."):
            if os.fspath(path) == os.fspath(folder):
                raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), os.fspath(path))
            return scandir(path)

        monkeypatch.setattr(os, "scandir", denied)

    return deny


@pytest.fixture(scope="session")
def photo():
    """A photo, uint8 (128, 160, 3)."""
    return skimage.data.astronaut()[40:168, 150:310]


@pytest.fixture(scope="session")
def grey_photo():
    """A photo, uint8 (120, 150, 1)."""
    return skimage.data.camera()[100:220, 180:330, None]


@pytest.fixture(scope="session")
def pictures_dir(tmp_path_factory):
    """A folder of four photos as PNG, one of them grey and one smaller than a patch."""
    folder = tmp_path_factory.mktemp("pictures")
    pictures = {
        "astronaut": skimage.data.astronaut()[:192, 128:320],
        "coffee": skimage.data.coffee()[100:260, 200:360],
        "camera": skimage.data.camera()[100:228, 180:308],
        "small": skimage.data.chelsea()[100:120, 200:230],
    }
    for name, pixels in pictures.items():
        PIL.Image.fromarray(pixels).save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A preset of two pairs, and its SavedModel as version 1 of a model."""
    folder = tmp_path_factory.mktemp("exported")
    keras.utils.set_random_seed(1)
    models = [make_model(scale=1, tables=True), make_model(scale=2)]
    weights.save_preset(models, folder / "preset")
    export_signatures(
        models,
        folder / "tiny" / "1",
        default_quality=60,
        max_pixels=60_000,
        preset=folder / "preset",
    )
    return folder


@pytest.fixture
def model():
    return make_model()
