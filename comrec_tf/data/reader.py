"""PictureReader: paths -> pictures, with a list of the files that are broken."""

import logging

import numpy as np
import tensorflow as tf

from comrec_tf.data import sources

__all__ = ["PictureReader"]

_log = logging.getLogger(__name__)


class PictureReader:
    """Reads pictures inside a `tf.data` pipeline.

    Args:
        num_paths: how many files there are; when all have proved broken, reading fails.
        strict: whether the first broken file is an error. Otherwise it is skipped, and its
            name logged once.
    """

    def __init__(self, num_paths: int, *, strict: bool = False) -> None:
        self._num_paths = num_paths
        self._strict = strict
        #: Why each broken file could not be read, by its path.
        self.broken: dict[str, str] = {}
        #: The error that ended the pipeline; `fit` raises TensorFlow's own error instead of it.
        self.error: OSError | None = None

    def read(self, path: tf.Tensor) -> tf.Tensor:
        """Read one picture.

        Args:
            path: string (), one that `sources.find_pictures` returned.

        Returns:
            uint8 (H, W, 3) RGB; (0, 0, 3) where the file is broken.
        """
        pixels = tf.numpy_function(self._read, [path], tf.uint8)
        return tf.ensure_shape(pixels, [None, None, 3])

    def _read(self, path: bytes) -> np.ndarray:
        name = path.decode()
        try:
            picture = sources.read_picture(name)
            return np.broadcast_to(picture, (*picture.shape[:2], 3))
        except OSError as error:
            if name not in self.broken:
                self.broken[name] = str(error)
                _log.warning("skipping %s", error)
            if self._strict:
                self.error = error
                raise
            if len(self.broken) == self._num_paths:
                self.error = OSError(
                    f"none of {self._num_paths} files can be read; the last was {error}"
                )
                raise self.error from error
            return np.zeros((0, 0, 3), np.uint8)
