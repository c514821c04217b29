"""Pictures to compact files in TensorFlow operations: at a quality, or within so many bytes."""

from collections.abc import Callable, Mapping

import tensorflow as tf

from comrec_tf.exporting.apart import apart
from comrec_tf.exporting.decoding import require_work
from comrec_tf.graph import codecs, compact_file
from comrec_tf.graph.jpeg import GraphJpeg
from comrec_tf.models.picture_coder import PictureCoder

__all__ = ["ANY_SCALE", "FULL_SIZE_BITS", "Encoding"]

#: The scale of a request that leaves the choice to `Encoding`.
ANY_SCALE = 0
#: Bits per pixel from which on a picture at full size is better than one at half size: by PSNR that
#: is from 0.3 on, by SSIMULACRA2 from about 0.5 (means of photos).
FULL_SIZE_BITS = 0.4
_LARGEST_QUALITY = 100

#: Bitstream or file, quality, scale.
_Coded = tuple[tf.Tensor, tf.Tensor, tf.Tensor]


class Encoding:
    """Encodes single pictures.

    Args:
        coders: the pair of each scale.
        codec: JPEG.
        ids: of the pairs, by scale.
    """

    def __init__(
        self, coders: Mapping[int, PictureCoder], codec: GraphJpeg, ids: Mapping[int, int]
    ) -> None:
        self._codec = codec
        self._ids = dict(ids)
        #: The scales that there are pairs for, from full to half size.
        self.scales = sorted(coders)
        picture, number = tf.TensorSpec([None, None, None], tf.uint8), tf.TensorSpec([], tf.int32)
        self._compacts = {
            scale: apart(self._compact_by(coders[scale]), picture, number) for scale in self.scales
        }
        self._jpeg = apart(codec.encode, picture, number)

    def at_quality(self, picture: tf.Tensor, quality: tf.Tensor, scale: tf.Tensor) -> _Coded:
        """Encode with a quality of the codec.

        Args:
            picture: uint8 (H, W, 1 or 3), the channels need not be known when tracing.
            quality: int32 (), 1 to 100.
            scale: int32 (), one of `scales`, or `ANY_SCALE`: the file at full size, or, where that
                has less than `FULL_SIZE_BITS`, the best one at half size of no more bytes.

        Returns:
            The compact file, string (), with its quality and scale, int32 ().

        Raises:
            tf.errors.InvalidArgumentError: quality or scale are out of range, or the picture is too
                large for the codec or too thin to be restored.
        """
        in_range = (quality >= 1) & (quality <= _LARGEST_QUALITY)
        with compact_file.require(
            in_range, f"quality must be from 1 to {_LARGEST_QUALITY}. Received:", quality
        ):
            quality = tf.identity(quality)
        coded = self._chosen(
            scale,
            lambda one: (self._bitstream(picture, quality, one), quality, tf.constant(one)),
            lambda: self._better_at(picture, quality),
        )
        return self._file(picture, *coded)

    def at_known_quality(self, picture: tf.Tensor, quality: int, scale: int) -> _Coded:
        """Encode with a quality and a scale that are known when tracing, in a smaller graph.

        Args:
            picture: as in `at_quality`.
            quality: 1 to 100.
            scale: one of `scales`.

        Returns:
            As `at_quality`.

        Raises:
            tf.errors.InvalidArgumentError: the picture is too large for the codec or too thin.
        """
        compact = self._compacts[scale](picture, tf.constant(quality))
        bitstream = self._codec.encode(compact, quality)
        return self._file(picture, bitstream, tf.constant(quality), tf.constant(scale))

    def within(
        self, picture: tf.Tensor, max_bytes: tf.Tensor, scale: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor]:
        """Encode with the largest quality whose file is small enough.

        Args:
            picture: as in `at_quality`.
            max_bytes: int32 (), at least 1, of the whole file.
            scale: as in `at_quality`; `ANY_SCALE` is full size from `FULL_SIZE_BITS` on, else half.

        Returns:
            As `at_quality`, and whether the file is small enough, bool (); where no quality is,
            it is the smallest file.

        Raises:
            tf.errors.InvalidArgumentError: as `at_quality`.
        """
        with compact_file.require(
            max_bytes >= 1, "max_bytes must be positive. Received:", max_bytes
        ):
            max_bytes = tf.identity(max_bytes)
        coded = self._chosen(
            scale,
            lambda one: self._largest(picture, max_bytes, one),
            lambda: self._better_within(picture, max_bytes),
        )
        file, quality, scale = self._file(picture, *coded)
        return file, quality, scale, tf.strings.length(file) <= max_bytes

    def _compact_by(self, coder: PictureCoder) -> Callable[[tf.Tensor, tf.Tensor], tf.Tensor]:
        """Picture and quality to compact picture."""
        longest = self._codec.codec.max_size * coder.model.scale

        def compact(picture: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
            shape = tf.shape(picture)
            size = tf.cast(shape[:2], tf.int64)
            with (
                compact_file.require(
                    tf.reduce_max(size) <= longest,
                    f"a picture must have at most {longest} pixels in each direction. Received:",
                    size,
                ),
                require_work(size, coder.restoring_work(size)),
            ):
                picture = tf.identity(picture)
            step = codecs.step(self._codec.codec, quality)

            def of(channels: int) -> tf.Tensor:
                return coder.compact(tf.ensure_shape(picture, [None, None, channels]), step)

            return tf.cond(tf.equal(shape[-1], 1), lambda: of(1), lambda: of(3))

        return compact

    def _bitstream(self, picture: tf.Tensor, quality: tf.Tensor, scale: int) -> tf.Tensor:
        return self._jpeg(self._compacts[scale](picture, quality), quality)

    def _chosen(
        self,
        scale: tf.Tensor,
        at: Callable[[int], _Coded],
        better: Callable[[], _Coded],
    ) -> _Coded:
        known = tf.constant([ANY_SCALE, *self.scales])
        fits = tf.equal(known, scale)
        with compact_file.require(
            tf.reduce_any(fits), f"scale must be one of {[0, *self.scales]}. Received:", scale
        ):
            index = tf.argmax(tf.cast(fits, tf.int32), output_type=tf.int32)
        branches = [better, *(lambda one=one: at(one) for one in self.scales)]
        return tf.switch_case(index, branches)

    def _better_at(self, picture: tf.Tensor, quality: tf.Tensor) -> _Coded:
        full = self._bitstream(picture, quality, self.scales[0])
        coded = (full, quality, tf.constant(self.scales[0]))
        if len(self.scales) == 1:
            return coded
        max_bytes = tf.strings.length(full) + compact_file.ADDED_BYTES

        def half() -> _Coded:
            found = self._largest(picture, max_bytes, self.scales[-1])
            fits = tf.strings.length(found[0]) <= tf.strings.length(full)
            return tf.cond(fits, lambda: found, lambda: coded)

        return tf.cond(_at_full_size(picture, max_bytes), lambda: coded, half)

    def _better_within(self, picture: tf.Tensor, max_bytes: tf.Tensor) -> _Coded:
        full, half = self.scales[0], self.scales[-1]
        if full == half:
            return self._largest(picture, max_bytes, full)

        def at_half() -> _Coded:
            return self._largest(picture, max_bytes, half)

        def at_full() -> _Coded:
            found = self._largest(picture, max_bytes, full)
            small = tf.strings.length(found[0]) + compact_file.ADDED_BYTES <= max_bytes
            return tf.cond(small, lambda: found, at_half)

        return tf.cond(_at_full_size(picture, max_bytes), at_full, at_half)

    def _largest(self, picture: tf.Tensor, max_bytes: tf.Tensor, scale: int) -> _Coded:
        """Halve the range of qualities seven times: bytes grow with quality, small dips apart."""

        def halve(
            low: tf.Tensor, high: tf.Tensor, best: tf.Tensor
        ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
            middle = (low + high) // 2
            tried = self._bitstream(picture, middle, scale)
            small = tf.strings.length(tried) + compact_file.ADDED_BYTES <= max_bytes
            return (
                tf.where(small, middle, low),
                tf.where(small, high, middle),
                tf.where(small, tried, best),
            )

        low, _, best = tf.while_loop(
            lambda low, high, _: high - low > 1,
            halve,
            (tf.constant(0), tf.constant(_LARGEST_QUALITY + 1), tf.constant("")),
        )
        quality = tf.maximum(low, 1)
        best = tf.cond(low >= 1, lambda: best, lambda: self._bitstream(picture, quality, scale))
        return best, quality, tf.constant(scale)

    def _file(
        self, picture: tf.Tensor, bitstream: tf.Tensor, quality: tf.Tensor, scale: tf.Tensor
    ) -> _Coded:
        shape = tf.shape(picture, tf.int64)
        ids = tf.constant([self._ids[one] for one in self.scales], tf.int64)
        header = {
            "preset_id": tf.boolean_mask(ids, tf.equal(self.scales, scale))[0],
            "scale": tf.cast(scale, tf.int64),
            "quality": tf.cast(quality, tf.int64),
            "step": codecs.step(self._codec.codec, quality),
            "height": shape[0],
            "width": shape[1],
            "grey": tf.cast(tf.equal(shape[2], 1), tf.int64),
        }
        return compact_file.write(bitstream, header), quality, scale


def _at_full_size(picture: tf.Tensor, max_bytes: tf.Tensor) -> tf.Tensor:
    pixels = tf.reduce_prod(tf.shape(picture, tf.int64)[:2])
    bits = 8.0 * tf.cast(max_bytes, tf.float64)
    return bits >= FULL_SIZE_BITS * tf.cast(pixels, tf.float64)
