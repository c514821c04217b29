"""Pictures of TensorFlow Datasets: ``tfds://NAME[/CONFIG][:VERSION]/SPLIT`` (extra ``tfds``).

Examples are named by their place, ``tfds://...#7``, and read by random access, so that they go
through the pipeline as files do. That takes a dataset prepared in the format ArrayRecord.
"""

import functools
import os
from typing import Any

from comrec_tf import vocabulary

__all__ = ["SCHEME", "list_examples", "read_example"]

SCHEME = "tfds://"


def list_examples(source: str) -> list[str]:
    """Name all examples of a dataset's split.

    Args:
        source: ``tfds://NAME/SPLIT``, say ``tfds://clic:1.0.0/train``. The dataset is downloaded
            and prepared if it is missing, in the folder that TFDS_DATA_DIR names.

    Returns:
        A name for each.

    Raises:
        FileNotFoundError: there is no such dataset or split, or it holds no pictures.
        ModuleNotFoundError: tensorflow_datasets is not installed.
        ValueError: the dataset is there in a format without random access.
    """
    return [f"{source}#{index:09d}" for index in range(len(_examples(source)))]


def read_example(name: str) -> bytes:
    """Read the encoded picture of an example.

    Args:
        name: one that `list_examples` returned.

    Returns:
        The bytes of a picture file.

    Raises:
        Exceptions as `list_examples`.
    """
    source, _, index = name.rpartition("#")
    return _examples(source)[int(index)][_picture_feature(source)]


@functools.cache
def _builder(source: str) -> Any:
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise vocabulary.missing_extra(f"{source} needs TensorFlow Datasets", "tfds") from error
    name, _, split = source.removeprefix(SCHEME).rpartition("/")
    if not name or not split:
        raise FileNotFoundError(f"expected tfds://NAME/SPLIT. Received: {source}")
    try:
        # The environment as it is now, not as it was when tensorflow_datasets was imported.
        folder = os.environ.get("TFDS_DATA_DIR")
        builder = tfds.builder(name, data_dir=folder, file_format="array_record")
        builder.download_and_prepare()
    except tfds.core.DatasetNotFoundError as error:
        raise FileNotFoundError(f"TensorFlow Datasets has no {name}. Received: {source}") from error
    if split not in builder.info.splits:
        raise FileNotFoundError(
            f"{name} has the splits {', '.join(builder.info.splits)}. Received: {source}"
        )
    return builder


@functools.cache
def _picture_feature(source: str) -> str:
    import tensorflow_datasets as tfds

    features = _builder(source).info.features
    for name, feature in features.items():
        if isinstance(feature, tfds.features.Image):
            return name
    raise FileNotFoundError(
        f"expected a dataset with a picture in each example. Received: {source} with "
        f"{', '.join(features)}"
    )


@functools.cache
def _examples(source: str) -> Any:
    import tensorflow_datasets as tfds

    builder = _builder(source)
    split = source.rpartition("/")[2]
    # Not decoded here: `decoding` decodes all pictures.
    decoders = {_picture_feature(source): tfds.decode.SkipDecoding()}
    try:
        return builder.as_data_source(split=split, decoders=decoders)
    except NotImplementedError as error:
        raise ValueError(
            f"{source} was prepared in a format without random access; prepare it again with "
            f"file_format=array_record ({error})"
        ) from error
