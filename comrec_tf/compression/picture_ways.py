"""Builds the ways in which files of one picture can be made; rate control chooses among them."""

import functools
from collections.abc import Callable, Sequence

import numpy as np

from comrec_tf.codecs import base, condition
from comrec_tf.compression.file_coder import FileCoder
from comrec_tf.compression.fit import Fit
from comrec_tf.compression.picture_coder import decode_bitstream
from comrec_tf.compression.rate_control import Choices
from comrec_tf.compression.result import PLAIN_SCALE, CompactFile
from comrec_tf.compression.ways import Way
from comrec_tf.images.metadata import Metadata

__all__ = ["choices_of"]

#: Share of the remaining search that is usually left after each restored file.
_MORE_TO_TRY = 0.8


def choices_of(
    coder: FileCoder,
    pixels: np.ndarray,
    codec: base.Codec,
    fit: Fit,
    scales: Sequence[int],
    *,
    plain: bool,
    metadata: Metadata | None,
    progress: Callable[[float], None] | None,
) -> Choices:
    """List the ways; they keep the files that they have made.

    Args:
        coder: makes and restores files.
        pixels: the picture, uint8 (H, W, 1 or 3).
        codec: what codes compact pictures.
        fit: what is known of files of the pairs and this codec.
        scales: the pairs; those are left out for which the picture is too thin.
        plain: whether the codec without networks is one of the ways.
        metadata: what files carry.
        progress: told after each file that was tried which share of the search is done, 0 to 1.

    Returns:
        What rate control chooses from.
    """
    tried = 0

    def looked() -> None:
        nonlocal tried
        tried += 1
        if progress is not None:
            progress(1 - _MORE_TO_TRY**tried)

    def way(name: str, scale: int, codec: base.Codec) -> Way:
        return _way(coder, name, scale, codec, pixels, metadata, looked)

    restoring = [scale for scale in scales if coder.restores(scale, *pixels.shape[:2])]
    if not restoring and not plain:
        restoring = list(scales)  # their first file says what is wrong
    ways = [way(str(scale), scale, codec) for scale in restoring]
    reference = codec.reference_encoder()
    if plain and reference is not codec:
        ways.append(way("0", PLAIN_SCALE, codec))
    return Choices(
        picture=pixels,
        ways=ways,
        reference=way("reference", PLAIN_SCALE, reference),
        plain=plain,
        fit=fit,
    )


def _way(
    coder: FileCoder,
    name: str,
    scale: int,
    codec: base.Codec,
    pixels: np.ndarray,
    metadata: Metadata | None,
    looked: Callable[[], None],
) -> Way:
    bitstream = functools.cache(lambda quality: coder.bitstream(pixels, quality, scale, codec))

    @functools.cache
    def file(quality: float) -> CompactFile:
        return coder.pack(bitstream(quality), pixels.shape, quality, scale, metadata, codec)

    def sketch(picture: np.ndarray, quality: float) -> CompactFile:
        if picture is not pixels:
            return coder.encode(picture, quality, scale, None, codec)
        return coder.pack(bitstream(quality), pixels.shape, quality, scale, None, codec)

    # The draft is what is restored next.
    @functools.lru_cache(maxsize=1)
    def decoded(file: CompactFile) -> np.ndarray:
        header = file.header
        shape = (header.height, header.width, 1 if header.grey else 3)
        return decode_bitstream(file.content, coder.coders[scale].compact_shape(shape))

    @functools.lru_cache(maxsize=1)
    def conditions(file: CompactFile) -> np.ndarray:
        return condition.of_file(file.content, file.header.step)

    def restore_tiles(
        file: CompactFile, corners: list[tuple[int, int]], side: int
    ) -> list[np.ndarray]:
        pair = coder.coders[scale]
        restored = pair.restore_tiles(decoded(file), conditions(file), corners, side)
        looked()
        return restored

    def restore(file: CompactFile) -> np.ndarray:
        restored = coder.decode(file.content)
        looked()
        return restored

    return Way(
        name=name,
        scale=scale,
        qualities=codec.qualities,
        file=file,
        sketch=sketch,
        restore=restore,
        restore_tiles=None if scale == PLAIN_SCALE else restore_tiles,
        draft=decoded if scale == 1 else None,
    )
