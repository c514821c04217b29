"""A standard codec between two small networks: compact JPEG files, restored in full.

The public names are imported when they are first used, so that ``import comrec_tf`` and every
command's ``--help`` cost no import of TensorFlow.
"""

import importlib
from typing import TYPE_CHECKING, Any

from comrec_tf import vocabulary

if TYPE_CHECKING:
    from comrec_tf.codecs.jpeg import JpegCodec
    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.compression.result import CompactFile
    from comrec_tf.compression.target import Target
    from comrec_tf.data.sampling import Sampling
    from comrec_tf.exporting.signatures import export_signatures
    from comrec_tf.models.com_cnn import ComCNN
    from comrec_tf.models.com_rec import ComRec
    from comrec_tf.models.rec_cnn import RecCNN
    from comrec_tf.presets.find import list_presets
    from comrec_tf.presets.stored import join_presets
    from comrec_tf.presets.weights import load_preset, save_preset
    from comrec_tf.training.feed import TrainingFeed

__version__ = "0.1.0"

__all__ = [
    "ComCNN",
    "ComRec",
    "CompactFile",
    "Compressor",
    "JpegCodec",
    "RecCNN",
    "Sampling",
    "Target",
    "TrainingFeed",
    "export_signatures",
    "join_presets",
    "list_presets",
    "load_preset",
    "save_preset",
]

_HOMES = {
    "ComCNN": "models.com_cnn",
    "ComRec": "models.com_rec",
    "CompactFile": "compression.result",
    "Compressor": "compression.compressor",
    "JpegCodec": "codecs.jpeg",
    "RecCNN": "models.rec_cnn",
    "Sampling": "data.sampling",
    "Target": "compression.target",
    "TrainingFeed": "training.feed",
    "export_signatures": "exporting.signatures",
    "join_presets": "presets.stored",
    "list_presets": "presets.find",
    "load_preset": "presets.weights",
    "save_preset": "presets.weights",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    except ModuleNotFoundError as error:
        raise vocabulary.explained(error, f"{__name__}.{name}") from error


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
