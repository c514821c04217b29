"""What every format that Pillow reads and writes has in common."""

import abc
import io
from typing import Any, ClassVar

import numpy as np
import PIL.Image

from comrec_tf.codecs import base
from comrec_tf.images import damage, limits

__all__ = ["PillowCodec", "PillowFormat"]


class PillowFormat(base.Codec):
    """A codec whose files Pillow decodes."""

    #: Pillow's name of the format.
    _FORMAT: ClassVar[str]

    def decode(self, bitstream: bytes, channels: int = 0) -> np.ndarray:
        """Decode a bitstream; see `Codec.decode`."""
        with self._open(bitstream) as picture, damage.pillow_errors(f"damaged {self._FORMAT}"):
            limits.check_density(*picture.size, len(bitstream), self._FORMAT)
            limits.check_content(bitstream)
            pixels = np.asarray(picture.convert("L" if picture.mode == "L" else "RGB"))
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if channels == 1 and pixels.shape[-1] == 3:
            # The format or its encoder has no grey pictures: the channels differ by rounding only.
            return pixels[..., 1:2]
        return np.repeat(pixels, 3, -1) if channels > pixels.shape[-1] else pixels

    def shape(self, bitstream: bytes) -> tuple[int, int, int]:
        """Read a picture's shape; see `Codec.shape`."""
        with self._open(bitstream) as picture:
            return picture.height, picture.width, 1 if picture.mode == "L" else 3

    def _open(self, bitstream: bytes) -> PIL.Image.Image:
        with damage.pillow_errors(f"the bytes are not {self._FORMAT}"):
            return PIL.Image.open(io.BytesIO(bitstream), formats=[self._FORMAT])


class PillowCodec(PillowFormat):
    """A codec that encodes by Pillow too; a subclass has the options."""

    @abc.abstractmethod
    def _save_options(self, picture: np.ndarray, quality: float) -> dict[str, Any]:
        """Return the arguments of `PIL.Image.Image.save` for a picture (H, W, 1 or 3)."""

    def _prepared(self, picture: np.ndarray, quality: float) -> PIL.Image.Image:
        """Return the Pillow picture that is saved for a picture (H, W, 1 or 3)."""
        return PIL.Image.fromarray(picture[..., 0] if picture.shape[-1] == 1 else picture)

    def encode(self, picture: np.ndarray, quality: float) -> bytes:
        """Encode a picture; see `Codec.encode`."""
        self.check_quality(quality)
        buffer = io.BytesIO()
        try:
            self._prepared(picture, quality).save(
                buffer, self._FORMAT, **self._save_options(picture, quality)
            )
        except (OSError, ValueError, SyntaxError) as error:
            raise ValueError(f"Pillow cannot write {self._FORMAT}: {error}") from error
        return buffer.getvalue()
