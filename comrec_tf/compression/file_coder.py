"""Pixels to compact files of a given quality and back: the part of a compressor without choices."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from comrec_tf.codecs import base, condition
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.picture_coder import PictureCoder, decode_bitstream
from comrec_tf.compression.result import PLAIN_SCALE, CompactFile
from comrec_tf.compression.target import check_effort
from comrec_tf.engines.base import EnginePair
from comrec_tf.images import limits
from comrec_tf.images.metadata import Metadata

__all__ = ["FileCoder", "most_work"]

#: A picture may be so thin that its tiles are mostly padding. Restoring it may cost as much as so
#: many times its pixels plus so many pixels.
_PADDING_FACTOR, _PADDING_PIXELS = 8, 4_000_000


class FileCoder:
    """Makes compact files with the pairs of a preset, and restores them.

    Args:
        pairs: the pair of networks of each scale, as an engine computes them.
        max_pixels: pictures of more pixels are refused, in both directions.
    """

    def __init__(self, pairs: Sequence[EnginePair], max_pixels: int) -> None:
        coders = {pair.scale: PictureCoder(pair) for pair in pairs}
        #: The pairs by their scales.
        self.coders = dict(sorted(coders.items()))
        #: Id of the pair of each scale, which its files carry.
        self.preset_ids = {scale: coder.pair.id for scale, coder in self.coders.items()}
        self.max_pixels = max_pixels

    def encode(
        self,
        pixels: np.ndarray,
        quality: float,
        scale: int,
        metadata: Metadata | None,
        codec: base.Codec,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        """Make a file.

        Args:
            pixels: uint8 (H, W, 1 or 3).
            quality: one of the codec's.
            scale: which pair; `PLAIN_SCALE` for the codec alone.
            metadata: what to put into the file.
            codec: what codes the compact picture.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            The file.

        Raises:
            ValueError: the codec has no such quality, or the picture is too large for it, or too
                thin for the pair; see `restores`.
        """
        bitstream = self.bitstream(pixels, quality, scale, codec, progress)
        return self.pack(bitstream, pixels.shape, quality, scale, metadata, codec)

    def bitstream(
        self,
        pixels: np.ndarray,
        quality: float,
        scale: int,
        codec: base.Codec,
        progress: Callable[[float], None] | None = None,
    ) -> bytes:
        """Code a picture's compact picture, which is nearly all of the work of a file.

        Args:
            pixels, quality, scale, codec, progress: as in `encode`.

        Returns:
            What the codec makes.

        Raises:
            ValueError: as `encode`.
        """
        codec.check_quality(quality)
        codec = codec.for_scale(scale)
        height, width, _ = pixels.shape
        largest = codec.max_size * max(scale, 1)
        if max(height, width) > largest:
            raise ValueError(
                f"{codec.name} has at most {codec.max_size} pixels in each direction, "
                f"{largest} at scale {scale}. Received: {width}x{height}"
            )
        if scale != PLAIN_SCALE:
            pixels = self.coder(scale, height, width).compact(pixels, codec.step(quality), progress)
        return codec.encode(pixels, quality)

    def pack(
        self,
        bitstream: bytes,
        shape: tuple[int, ...],
        quality: float,
        scale: int,
        metadata: Metadata | None,
        codec: base.Codec,
    ) -> CompactFile:
        """Make a file of a bitstream.

        Args:
            bitstream: of `bitstream`.
            shape: of the picture, (H, W, 1 or 3).
            quality, scale, metadata, codec: as in `encode`.

        Returns:
            The file.
        """
        height, width, channels = shape
        header = container.Header(
            preset_id=self.preset_ids.get(scale, container.PLAIN),
            scale=max(scale, 1),
            quality=round(quality),
            step=codec.for_scale(scale).step(quality),
            height=height,
            width=width,
            grey=channels == 1,
        )
        if metadata is not None:
            bitstream = carriers.embed_metadata(bitstream, metadata)
        return CompactFile(container.write(bitstream, header), header, scale, quality)

    def decode(
        self,
        content: bytes,
        ignore_checksum: bool = False,
        progress: Callable[[float], None] | None = None,
        effort: int = 1,
    ) -> np.ndarray:
        """Restore a file.

        Args:
            content: a compact file that the same pairs made.
            ignore_checksum: whether to restore what is left of a damaged file.
            progress: told while networks run which share of the picture is done, 0 to 1.
            effort: see `PictureCoder.restore`.

        Returns:
            uint8 (H, W, 3) RGB or (H, W, 1) grey, of the original's size.

        Raises:
            ValueError: the bytes are not a compact file, are of another preset or damaged, or the
                picture is too large, or there is no such effort.
        """
        check_effort(effort)
        header = container.read(content)
        limits.check_pixels(header.width, header.height, self.max_pixels)
        if not ignore_checksum:
            container.verify(content, header)
        shape = (header.height, header.width, 1 if header.grey else 3)
        if header.preset_id == container.PLAIN:
            return decode_bitstream(content, shape)
        if self.preset_ids.get(header.scale) != header.preset_id:
            mine = ", ".join(
                f"{preset_id:08x} at scale {scale}" for scale, preset_id in self.preset_ids.items()
            )
            raise ValueError(
                f"this file was made with the pair of id {header.preset_id:08x} "
                f"at scale {header.scale}. Received: a compressor of {mine or 'no pairs'}"
            )
        coder = self.coder(header.scale, header.height, header.width)
        decoded = decode_bitstream(content, coder.compact_shape(shape))
        conditions = condition.of_file(content, header.step)
        return coder.restore(decoded, conditions, shape[:2], progress, effort=effort)

    def coder(self, scale: int, height: int, width: int) -> PictureCoder:
        """Return the pair for a picture, unless it could not be restored.

        Args:
            scale, height, width: as in `restores`.

        Returns:
            The pair.

        Raises:
            ValueError: the picture is too thin.
        """
        coder = self.coders[scale]
        if not self.restores(scale, height, width):
            raise ValueError(
                f"a picture of {width}x{height} pixels is too thin to be restored: it would cost "
                f"as much as one of {coder.restoring_work((height, width)):,} pixels"
            )
        return coder

    def restores(self, scale: int, height: int, width: int) -> bool:
        """Tell whether a pair restores a picture: one may be so thin that tiles are mostly padding.

        Args:
            scale: of the pair.
            height, width: of the picture.

        Returns:
            Whether that takes no more than `most_work`.
        """
        return self.coders[scale].restoring_work((height, width)) <= most_work(height * width)


def most_work(pixels: Any) -> Any:
    """Tell how many pixels restoring a picture may compute, halos and padding included.

    Args:
        pixels: of the picture, an int or an integer tensor.

    Returns:
        The number, of the same type.
    """
    return _PADDING_FACTOR * pixels + _PADDING_PIXELS
