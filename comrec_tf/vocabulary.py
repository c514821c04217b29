"""The words that commands, cards and libraries share; a list that is needed twice is kept here.

It needs the standard library only, so that a command line is checked before anything large is
imported.
"""

__all__ = [
    "CODEC_SUFFIXES",
    "COMPACT_SUFFIXES",
    "DEFAULT_PRESET",
    "ENGINES",
    "OBJECTIVES",
    "PICTURE_SUFFIXES",
    "PRECISIONS",
    "PRESET_IN_MODEL",
    "RESTORED_SUFFIXES",
    "STRATEGIES",
    "WARM_UP_IN_MODEL",
    "explained",
    "install_hint",
    "missing_extra",
]

#: The preset that is used where none is named.
DEFAULT_PRESET = "comrec"

#: Endings of files by the names of their codecs.
CODEC_SUFFIXES = {
    "jpeg": ".jpg",
    "jpeg-flat": ".jpg",
    "jpeg-trellis": ".jpg",
    "mozjpeg": ".jpg",
    "jpegli": ".jpg",
    "webp": ".webp",
    "avif": ".avif",
    "jpeg2000": ".j2k",
    "jpeg-xl": ".jxl",
}

#: Endings of the files that may be compact files.
COMPACT_SUFFIXES = (".avif", ".j2k", ".jpeg", ".jpg", ".jxl", ".webp")

#: Endings of the files that count as pictures in a folder; Pillow reads all of them.
PICTURE_SUFFIXES = (
    *(suffix for suffix in COMPACT_SUFFIXES if suffix != ".jxl"),
    *(".bmp", ".gif", ".jp2", ".png", ".ppm", ".tif", ".tiff"),
)

#: Endings of restored pictures by the names of their formats.
RESTORED_SUFFIXES = {"png": ".png", "jpeg": ".jpg", "webp": ".webp"}

#: What computes the networks where files are made and restored.
ENGINES = ("litert", "openvino", "tensorflow")

#: Keras's dtype policies that networks train with, and that the engine "tensorflow" computes with.
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")

#: What training minimises.
OBJECTIVES = ("alternate", "joint")

#: Devices that a training run is spread over.
STRATEGIES = ("one", "mirrored", "multi_worker")

#: Where a SavedModel keeps the preset that it was made from.
PRESET_IN_MODEL = "assets.extra/preset"

#: Where TensorFlow Serving looks for the requests that it runs when it loads a SavedModel.
WARM_UP_IN_MODEL = "assets.extra/tf_serving_warmup_requests"


def install_hint(extra: str) -> str:
    """Say how an extra is installed. Only this place changes once a package index has a release.

    Args:
        extra: its name in setup.cfg.

    Returns:
        Words to put after a colon or into brackets.
    """
    return f'from a clone, pip install ".[{extra}]"'


def missing_extra(purpose: str, extra: str) -> ModuleNotFoundError:
    """Make the error of a dependency that only an extra installs.

    Args:
        purpose: what needs it, with the name of the module, say "plots need matplotlib".
        extra: name of the extra in setup.cfg.

    Returns:
        The error; the caller raises it.
    """
    return ModuleNotFoundError(f"{purpose}: {install_hint(extra)}")


#: Libraries that users never asked for, by modules: as messages call them, and their extra.
_LIBRARIES = {
    "keras": ("TensorFlow", "tf"),
    "openvino": ("OpenVINO", "openvino"),
    "scipy": ("SciPy", "evaluation"),
    "tensorflow": ("TensorFlow", "tf"),
}


def explained(error: ModuleNotFoundError, purpose: str) -> ModuleNotFoundError:
    """Explain a missing TensorFlow, OpenVINO or SciPy to users who never asked for it.

    Args:
        error: what an import raised.
        purpose: what was imported, say "python -m comrec_tf.train".

    Returns:
        `missing_extra` of its extra where it is one of these that is missing, else `error`.
    """
    module = (error.name or "").partition(".")[0]
    if module not in _LIBRARIES:
        return error
    library, extra = _LIBRARIES[module]
    return missing_extra(f"{purpose} needs {library}", extra)
