"""Compressor: the object a Python user holds, pictures in and compact files out."""

import os
from typing import Any

import numpy as np
import PIL.Image
import tensorflow as tf

from comrec_tf import coding, presets
from comrec_tf.codecs import base, container
from comrec_tf.images import files
from comrec_tf.models.com_rec import ComRec

__all__ = ["Compressor"]

_DEFAULT_QUALITY = 50
#: What libjpeg writes at most in each direction.
_MAX_JPEG_SIZE = 65500


class Compressor:
    """Turns pictures into compact files, and compact files into pictures.

    ::

        compressor = comrec_tf.Compressor.from_preset("comrec-half")
        content = compressor.encode(picture, quality=40)   # bytes of a standard JPEG
        restored = compressor.decode(content)              # uint8 array

    Args:
        model: the pair of networks.
        default_quality: what `encode` takes where no quality is given, 1 to 100.
        codec: another codec of the same file format than the model's own, say with other Huffman
            tables.
        max_pixels: pictures of more pixels are refused, in both directions.
    """

    def __init__(
        self,
        model: ComRec,
        *,
        default_quality: int = _DEFAULT_QUALITY,
        codec: base.Codec | None = None,
        max_pixels: int = 200_000_000,
    ) -> None:
        self._coder = coding.PictureCoder(model, codec)
        self._preset_id = presets.preset_id(model)
        self.default_quality = default_quality
        self.max_pixels = max_pixels

    @classmethod
    def from_preset(cls, name: str | os.PathLike[str], **kwargs: Any) -> "Compressor":
        """Make a compressor of a preset.

        Args:
            name: a preset's name, or a folder that holds one.
            **kwargs: further arguments of the class.

        Returns:
            The compressor.

        Raises:
            FileNotFoundError: there is no such preset.
            ValueError: the preset is damaged, or of a newer version.
        """
        card = presets.read_card(presets.find_preset(name))
        default_quality = card.get("default_quality", _DEFAULT_QUALITY)
        return cls(presets.load_preset(name), **{"default_quality": default_quality, **kwargs})

    def encode(self, picture: np.ndarray | PIL.Image.Image, quality: int | None = None) -> bytes:
        """Compress a picture.

        Args:
            picture: uint8 (H, W, 3) RGB, (H, W, 1) or (H, W) grey, or a Pillow picture of any mode
                (see `images.files.from_pil`); every size from 1x1 up.
            quality: JPEG quality of the compact picture, 1 to 100.

        Returns:
            The compact file: a standard JPEG, grey if the picture is.

        Raises:
            ValueError: the picture is of another shape, too large, or the quality out of range.
            TypeError: the picture is of another dtype or no picture.
        """
        pixels = self._pixels(picture)
        quality = self.default_quality if quality is None else quality
        height, width = pixels.shape[:2]
        header = container.Header(self._preset_id, self._coder.model.scale, quality, height, width)
        return container.write(self._coder.encode(pixels, quality), header)

    def decode(self, content: bytes) -> np.ndarray:
        """Restore a picture.

        Args:
            content: a compact file that `encode` made with the same preset.

        Returns:
            uint8 (H, W, 3) RGB or (H, W, 1) grey, of the original's size.

        Raises:
            ValueError: the bytes are no compact file, one of another preset, a damaged one, or the
                picture is too large.
        """
        header = container.read(content)
        model = self._coder.model
        if (header.preset_id, header.scale) != (self._preset_id, model.scale):
            raise ValueError(
                f"this file was made with the preset of id {header.preset_id:08x} "
                f"at scale {header.scale}. Received: a compressor of id {self._preset_id:08x} "
                f"and scale {model.scale}"
            )
        self._check_pixels(header.height, header.width)
        try:
            return self._coder.decode(content, header.quality, header.height, header.width)
        except tf.errors.InvalidArgumentError as error:
            raise ValueError(f"the JPEG inside is damaged: {error.message}") from error

    def decode_pil(self, content: bytes) -> PIL.Image.Image:
        """Restore a picture as a Pillow picture; see `decode`.

        Args:
            content: a compact file that `encode` made with the same preset.

        Returns:
            A picture of mode "RGB" or "L".

        Raises:
            ValueError: as `decode`.
        """
        return files.to_pil(self.decode(content))

    def _pixels(self, picture: np.ndarray | PIL.Image.Image) -> np.ndarray:
        pixels = files.from_pil(picture) if isinstance(picture, PIL.Image.Image) else picture
        if not isinstance(pixels, np.ndarray) or pixels.dtype != np.uint8:
            received = getattr(pixels, "dtype", type(pixels).__name__)
            raise TypeError(f"expected a uint8 array or a Pillow picture. Received: {received}")
        pixels = pixels[..., None] if pixels.ndim == 2 else pixels
        if pixels.ndim != 3 or pixels.shape[-1] not in (1, 3) or 0 in pixels.shape:
            raise ValueError(
                "expected a picture of shape (H, W, 3), (H, W, 1) or (H, W). "
                f"Received: shape={pixels.shape}"
            )
        height, width = pixels.shape[:2]
        self._check_pixels(height, width)
        if max(height, width) > _MAX_JPEG_SIZE * self._coder.model.scale:
            raise ValueError(
                f"a JPEG has at most {_MAX_JPEG_SIZE} pixels in each direction. Received: "
                f"{width}x{height} at scale {self._coder.model.scale}"
            )
        return pixels

    def _check_pixels(self, height: int, width: int) -> None:
        if height * width > self.max_pixels:
            raise ValueError(
                f"expected at most {self.max_pixels:,} pixels (max_pixels). "
                f"Received: {width}x{height}"
            )
