"""Pictures and models that many tests share, small and made here or shipped by scikit-image."""

import os

# Before TensorFlow is imported: its start-up notices would hide the tests' own output.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import keras
import numpy as np
import PIL.Image
import pytest
import skimage.data

from comrec_tf.compression.compressor import Compressor
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.exporting.signatures import export_signatures
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import weights


@pytest.fixture(autouse=True)
def seeded():
    """Every test starts from the same weights and draws."""
    keras.utils.set_random_seed(1)


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


def make_model(**kwargs) -> ComRec:
    """A pair small enough for tests, with weights that do something."""
    shared = {
        "channels": kwargs.pop("channels", 3),
        "scale": kwargs.pop("scale", 2),
        "conditioned": kwargs.pop("conditioned", True),
    }
    codec = kwargs.pop("codec", None)
    rec = {"depth": 4, "filters": 8, "resolution": "compact", **kwargs}
    model = ComRec(ComCNN(filters=8, **shared), RecCNN(**rec, **shared), codec)
    stir(model)
    return model


def compressor_of(models: ComRec | list[ComRec], codec=None, **kwargs) -> Compressor:
    """A compressor of models at hand."""
    models = [models] if isinstance(models, ComRec) else models
    return Compressor(pairs_of(models), codec or models[0].codec, **kwargs)


def half_mean_of_squared_norms(difference):
    """1/2N sum_k ||.||^2, one picture after the other as the paper writes it."""
    return sum(np.linalg.norm(one.ravel()) ** 2 for one in difference) / (2 * len(difference))


def num_weights(network):
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def stir(model: ComRec, amount: float = 0.003) -> None:
    """Move all weights off their start, where residuals are zero."""
    random = np.random.default_rng(7)
    for weight in model.trainable_variables:
        weight.assign(weight + amount * random.standard_normal(weight.shape).astype(np.float32))


@pytest.fixture(scope="session")
def exported(tmp_path_factory):
    """A preset of two pairs, and its SavedModel as version 1 of a model."""
    folder = tmp_path_factory.mktemp("exported")
    keras.utils.set_random_seed(1)
    models = [make_model(scale=1), make_model(scale=2)]
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
