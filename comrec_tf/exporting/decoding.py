"""Compact files to pictures in TensorFlow operations."""

from collections.abc import Mapping

import tensorflow as tf

from comrec_tf.compact_file import container
from comrec_tf.compression import file_coder
from comrec_tf.exporting.apart import apart
from comrec_tf.graph import compact_file, condition, picture_files
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.models.picture_coder import PictureCoder

__all__ = ["Decoding", "require_pixels", "require_work"]


class Decoding:
    """Restores single pictures.

    Args:
        coders: the pair of each scale.
        codec: JPEG.
        ids: of the pairs, by scale.
        max_pixels: larger pictures are refused.
    """

    def __init__(
        self,
        coders: Mapping[int, PictureCoder],
        codec: GraphJpeg,
        ids: Mapping[int, int],
        max_pixels: int,
    ) -> None:
        self._coders = dict(coders)
        self._codec = codec
        self._ids = dict(ids)
        self._max_pixels = max_pixels

        self._traced = apart(self._decode, tf.TensorSpec([], tf.string))

    def decode(self, content: tf.Tensor) -> tf.Tensor:
        """Restore a picture.

        Args:
            content: string (), a compact file of one of the pairs, or of no networks.

        Returns:
            uint8 (H, W, 1 or 3), the channels not known when tracing.

        Raises:
            tf.errors.InvalidArgumentError: the bytes are no such file.
        """
        return self._traced(content)

    def _decode(self, content: tf.Tensor) -> tf.Tensor:
        header = compact_file.read(content)
        size = tf.stack([header["height"], header["width"]])
        with require_pixels(size, self._max_pixels):
            height, width = tf.unstack(tf.cast(size, tf.int32))
            content = tf.identity(content)
        # What may have made the file: no networks, or one of the pairs.
        known = tf.constant(
            [[container.PLAIN, 1], *([self._ids[s], s] for s in self._coders)], tf.int64
        )
        given = tf.stack([header["preset_id"], header["scale"]])
        fits = tf.reduce_all(tf.equal(known, given), 1)
        expected = -(-size // header["scale"])
        received = picture_files.jpeg_size(content)
        names = ", ".join(f"{i:08x} at scale {s}" for s, i in self._ids.items())
        with (
            compact_file.require(
                tf.reduce_any(fits),
                f"this server restores files of the pairs of id {names}. Received: id, scale",
                _hexadecimal(header["preset_id"]),
                header["scale"],
            ),
            compact_file.require(
                tf.reduce_all(tf.equal(expected, received)),
                "the picture inside must be of the size that the header says. Received:",
                received,
                "expected:",
                expected,
            ),
            # Where there are no networks, there is no work.
            require_work(size, self._work(size, fits)),
        ):
            index = 2 * tf.argmax(tf.cast(fits, tf.int32)) + header["grey"]

        def branch(coder: PictureCoder | None, channels: int) -> tf.Tensor:
            decoded = self._codec.decode(content, channels)
            if coder is None:
                return decoded
            step = header["step"]
            tables = coder.model.rec.tables
            conditions = condition.of_jpeg(content, step) if tables else condition.of_step(step)
            return coder.reconstruct(decoded, conditions, height, width)

        branches = [
            lambda coder=coder, channels=channels: branch(coder, channels)
            for coder in (None, *self._coders.values())
            for channels in (3, 1)
        ]
        picture = tf.switch_case(tf.cast(index, tf.int32), branches)
        return tf.ensure_shape(picture, [None, None, None])

    def _work(self, size: tf.Tensor, fits: tf.Tensor) -> tf.Tensor:
        works = [tf.constant(0, tf.int64)]
        works += [coder.restoring_work(size) for coder in self._coders.values()]
        return tf.reduce_sum(tf.where(fits, tf.stack(works), 0))


def require_pixels(size: tf.Tensor, max_pixels: int) -> tf.control_dependencies:
    """Let everything made inside this context run only for a picture that is not too large.

    Args:
        size: int64 (2,), height and width.
        max_pixels: at most.

    Returns:
        The context; see `graph.compact_file.require`.
    """
    return compact_file.require(
        tf.reduce_all(size > 0) & (size[0] * size[1] <= max_pixels),
        f"a picture must have at most {max_pixels} pixels. Received: height, width",
        size,
    )


def require_work(size: tf.Tensor, work: tf.Tensor) -> tf.control_dependencies:
    """Let what is made inside this context run only for a picture that is not mostly padding.

    Args:
        size: int64 (2,), height and width.
        work: int64 (), pixels that networks compute; see `PictureCoder.restoring_work`.

    Returns:
        The context; see `graph.compact_file.require`.
    """
    return compact_file.require(
        work <= file_coder.most_work(size[0] * size[1]),
        "the picture is too thin to be restored. Received: height, width",
        size,
        "which cost as much as so many pixels:",
        work,
    )


def _hexadecimal(number: tf.Tensor) -> tf.Tensor:
    """An id as eight hexadecimal digits, the usual way to write it."""
    digits = tf.bitwise.right_shift(number, tf.range(28, -1, -4, dtype=tf.int64)) & 15
    return tf.strings.reduce_join(tf.gather(list("0123456789abcdef"), digits))
