"""Encoded picture files -> pixels for training; the only place that knows tensorflow-io."""

import functools
import io
import logging
from typing import Any

import numpy as np
import PIL.ExifTags
import PIL.Image
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.images import damage, files, limits

__all__ = ["decode", "load_file_system"]

_log = logging.getLogger(__name__)


def decode(content: bytes) -> np.ndarray:
    """Decode the bytes of a file, for training data: TensorFlow, then tensorflow-io, then Pillow.

    TensorFlow decodes plain JPEG and PNG, tensorflow-io plain WebP where it is installed.
    Whatever needs more to look as a person expects (EXIF orientation, transparency, palettes,
    16 bits, CMYK) or is of another format goes to Pillow; see `images.files.from_pil`.

    Args:
        content: the bytes of a file.

    Returns:
        uint8 (H, W, 3) RGB, or (H, W, 1) where the picture is grey.

    Raises:
        OSError: the bytes are not a picture, are damaged, or declare far more pixels than they can
            hold.
    """
    with (
        damage.pillow_errors("damaged", OSError),
        PIL.Image.open(io.BytesIO(content)) as picture,
    ):
        limits.check_density(*picture.size, len(content), picture.format)
        channels = {"L": 1, "RGB": 3}.get(picture.mode)
        # The header tells transparency and orientation; no pixel is decoded yet.
        plain = (
            channels is not None
            and not picture.has_transparency_data
            and picture.getexif().get(PIL.ExifTags.Base.Orientation, 1) == 1
        )
        try:
            if plain and picture.format == "JPEG":
                return tf.io.decode_jpeg(content, channels, dct_method="INTEGER_ACCURATE").numpy()
            if plain and picture.format == "PNG":
                return tf.io.decode_png(content, channels).numpy()
            if plain and picture.format == "WEBP" and (tfio := _tensorflow_io()) is not None:
                return tfio.image.decode_webp(content).numpy()[..., :3]
        except tf.errors.OpError as error:
            # Without the parts of the message that are about TensorFlow's graph.
            raise ValueError(error.message.rpartition("}} ")[2].partition(" [Op:")[0]) from error
        return files.from_pil(picture)


def load_file_system(path: str) -> None:
    """Make sure TensorFlow knows the file system of a path, with tensorflow-io if need be.

    Args:
        path: a path, or an address like ``s3://bucket/pictures``.

    Raises:
        OSError: neither TensorFlow nor tensorflow-io, if installed, knows it.
    """
    scheme, separator, _ = path.partition("://")
    if not separator or scheme in tf.io.gfile.get_registered_schemes():
        return
    # Importing it registers its file systems.
    _tensorflow_io()
    known = sorted(tf.io.gfile.get_registered_schemes())
    if scheme not in known:
        raise OSError(
            f"expected a file system of {', '.join(filter(None, known))}; tensorflow-io "
            f"({vocabulary.install_hint('tfio')}) adds s3, hdfs, az and http. Received: {path}"
        )


@functools.cache
def _tensorflow_io() -> Any:
    """The module tensorflow_io, or None where it is not installed or fits another TensorFlow."""
    try:
        import tensorflow_io
    except ImportError:
        return None
    except Exception as error:  # a binary of another TensorFlow fails in many ways
        _log.warning("tensorflow-io cannot be used, Pillow is used instead: %s", error)
        return None
    return tensorflow_io
