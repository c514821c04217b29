"""Models small enough for tests, and what tests of several rooms compare with."""

import numpy as np
import tensorflow as tf

from comrec_tf.compression.compressor import Compressor
from comrec_tf.engines.tensorflow import pairs_of
from comrec_tf.images import metrics
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN


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


def psnr_curve(codec, picture: np.ndarray) -> list[tuple[int, float]]:
    """Bytes and PSNR of a picture's files at rising qualities of a codec."""
    contents = [codec.encode(picture, quality) for quality in range(5, 96, 5)]
    return [(len(each), metrics.psnr(picture, codec.decode(each))) for each in contents]


def batch_for(model: ComRec, size: int = 16, num: int = 4) -> dict[str, tf.Tensor]:
    """A batch for a model to train on, of noise."""
    pictures = tf.random.uniform([num, size, size, model.channels])
    small = size // model.scale
    return {
        "pictures": pictures,
        "decoded": tf.image.resize(pictures, [small, small])
        + tf.random.normal([num, small, small, model.channels], stddev=0.02),
        "quality": tf.constant(([10, 40, 75] * num)[:num]),
    }


def stir(model: ComRec, amount: float = 0.003) -> None:
    """Move all weights off their start, where residuals are zero."""
    random = np.random.default_rng(7)
    for weight in model.trainable_variables:
        weight.assign(weight + amount * random.standard_normal(weight.shape).astype(np.float32))


def compressor_of(models: ComRec | list[ComRec], codec=None, **kwargs) -> Compressor:
    """A compressor of models in memory."""
    models = [models] if isinstance(models, ComRec) else models
    return Compressor(pairs_of(models), codec or models[0].codec, **kwargs)


def num_weights(network) -> int:
    """Number of a network's trainable weights."""
    return sum(int(np.prod(weight.shape)) for weight in network.trainable_variables)


def half_mean_of_squared_norms(difference) -> float:
    """1/2N sum_k ||.||^2, one picture after the other as the paper writes it."""
    return sum(np.linalg.norm(one.ravel()) ** 2 for one in difference) / (2 * len(difference))
