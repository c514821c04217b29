"""Ordinary JPEGs, which comrec_tf did not make: their pixels, and what headers say about damage."""

import dataclasses
import io

import numpy as np
import PIL.Image

from comrec_tf.codecs import quantization
from comrec_tf.images import damage, files, limits, pixels
from comrec_tf.images.metadata import Metadata, of_pil

__all__ = ["SUBSAMPLINGS", "OrdinaryJpeg", "read"]

#: Names of how many times more samples luma has than chroma, across and down.
SUBSAMPLINGS = {
    (1, 1): "4:4:4",
    (2, 1): "4:2:2",
    (2, 2): "4:2:0",
    (1, 2): "4:4:0",
    (4, 1): "4:1:1",
}


@dataclasses.dataclass(frozen=True)
class OrdinaryJpeg:
    """A JPEG as it was decoded.

    Attributes:
        picture: uint8 (H, W, 1 or 3), grey or RGB, as the file stores it.
        table: (64,) steps of luma, rows of vertical frequency.
        chroma_table: the same of chroma; None of a grey picture.
        subsampling: "grey", "CMYK", or of chroma, say "4:2:0"; "other" where it has no name.
        orientation: EXIF's, 1 to 8, by which the picture is turned upright.
        metadata: what goes with the upright picture.
        notes: what was not kept of the file, in words.
    """

    picture: np.ndarray
    table: np.ndarray
    chroma_table: np.ndarray | None
    subsampling: str
    orientation: int
    metadata: Metadata
    notes: tuple[str, ...]

    def upright(self, picture: np.ndarray) -> np.ndarray:
        """Turn a picture upright.

        Args:
            picture: uint8, of the shape of `picture`.

        Returns:
            uint8, turned as `orientation` says.
        """
        return files.turn(picture, self.orientation)


def read(content: bytes, max_pixels: int) -> OrdinaryJpeg:
    """Decode a JPEG and read what its header says about the damage.

    Args:
        content: baseline or progressive JPEG: grey, YCbCr, RGB, CMYK or YCCK.
        max_pixels: a picture with more is refused before it is decoded.

    Returns:
        The picture and its tables.

    Raises:
        TypeError: these are no bytes, say a file's name.
        ValueError: the bytes are not a JPEG, are damaged, or have too many pixels.
    """
    if not isinstance(content, bytes | bytearray):
        raise TypeError(f"expected the bytes of a JPEG. Received: {type(content).__name__}")
    with (
        damage.pillow_errors("the JPEG is damaged"),
        PIL.Image.open(io.BytesIO(content), formats=["JPEG"]) as picture,
    ):
        limits.check_pixels(*picture.size, max_pixels)
        limits.check_density(*picture.size, len(content), "JPEG")
        limits.check_content(content)
        found, notes = of_pil(picture)
        orientation = files.take_orientation(picture)
        number = getattr(picture, "n_frames", 1)
        if number > 1:
            notes.append(f"the first of {number} pictures in it was taken")
        is_cmyk = picture.mode == "CMYK"
        table, chroma_table, factors = quantization.tables_of(picture)
        flat, flattened = pixels.of_pil(picture)
        subsampling = "CMYK" if is_cmyk else _subsampling(factors)
    return OrdinaryJpeg(
        picture=flat,
        table=table,
        chroma_table=chroma_table,
        subsampling=subsampling,
        orientation=orientation,
        metadata=found,
        notes=(*notes, *flattened),
    )


def _subsampling(factors: list[tuple[int, int]]) -> str:
    if len(factors) == 1:
        return "grey"
    (across, down), (chroma_across, chroma_down) = factors[:2]
    if across % chroma_across or down % chroma_down:
        return "other"
    return SUBSAMPLINGS.get((across // chroma_across, down // chroma_down), "other")
