"""Compressor: what Python users work with; pictures to compact files and back."""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence

import numpy as np
import PIL.Image

from comrec_tf.codecs import base, catalog
from comrec_tf.compact_file import carriers
from comrec_tf.compression import given, jpeg_restoration, ordinary_jpeg, rate_control
from comrec_tf.compression.chroma import sampled
from comrec_tf.compression.file_coder import FileCoder
from comrec_tf.compression.fit import NO_FIT, Fit
from comrec_tf.compression.picture_ways import choices_of
from comrec_tf.compression.result import CompactFile
from comrec_tf.compression.target import Target, check_effort
from comrec_tf.engines.base import EnginePair, load_pairs
from comrec_tf.images import files
from comrec_tf.images.metadata import Metadata
from comrec_tf.presets import card, find

__all__ = ["Compressor"]


class Compressor:
    """Turns pictures into compact files, and compact files into pictures.

    ::

        compressor = comrec_tf.Compressor.from_preset("comrec")
        content = compressor.encode(picture, quality=40).content   # bytes of a standard JPEG
        content = compressor.encode_to(picture, comrec_tf.Target("max_bytes", 20_000)).content
        restored = compressor.decode(content)                      # uint8 array

    A process that has used libvips (for the codec mozjpeg) or TensorFlow must not be forked, as
    `multiprocessing` does on Linux up to Python 3.13: calls in the child raise `RuntimeError`.

    Args:
        pairs: the pair of networks of each scale, as an engine computes them.
        codec: what pictures are encoded with.
        fit: what is known of files of these pairs and this codec.
        default_quality: what `encode` takes if no quality is given, 1 to 100.
        max_pixels: pictures of more pixels are refused, in both directions.
    """

    def __init__(
        self,
        pairs: Sequence[EnginePair],
        codec: base.Codec,
        *,
        fit: Fit = NO_FIT,
        default_quality: int = 50,
        max_pixels: int = 200_000_000,
    ) -> None:
        #: What pictures are encoded with.
        self.codec = codec
        #: What rate control knows of the files.
        self.fit = fit
        self._files = FileCoder(pairs, max_pixels)
        #: Id of the pair of each scale, which its files carry.
        self.preset_ids = self._files.preset_ids
        self.default_quality = default_quality
        self.max_pixels = max_pixels

    @classmethod
    def from_preset(
        cls,
        name: str | os.PathLike[str],
        *,
        engine: str = "litert",
        codec: base.Codec | str | None = None,
        precision: str | None = None,
        max_pixels: int = 200_000_000,
    ) -> "Compressor":
        """Make a compressor of a preset.

        Args:
            name: a preset's name, or a folder that holds one.
            engine: what computes the networks, one of `vocabulary.ENGINES`.
            codec: another codec to encode with, or its name; "jpeg-xl" packs the preset's own.
            precision: of the engine "tensorflow", see `engines.tensorflow.load_pairs`; the others
                compute in float32.
            max_pixels: as for the class.

        Returns:
            The compressor.

        Raises:
            FileNotFoundError: there is no such preset.
            ValueError: the preset is damaged or of another version, or the engine or the precision
                unknown.
            ModuleNotFoundError: the engine is not installed.
        """
        described = card.read(find.find_preset(name))
        own = catalog.make_codec(described.codec.name, **described.codec.options)
        codec = catalog.make_codec_for(codec, own) if isinstance(codec, str) else codec
        options = {} if precision is None else {"precision": precision}
        return cls(
            load_pairs(name, engine, **options),
            codec or own,
            # The fit was made with the preset's own codec.
            fit=Fit.read(described.fit) if codec is None or codec.packs(own) else NO_FIT,
            default_quality=described.default_quality,
            max_pixels=max_pixels,
        )

    def with_codec(self, codec: base.Codec) -> "Compressor":
        """Return the same networks around another codec to encode with, without a fit."""
        return Compressor(
            [coder.pair for coder in self._files.coders.values()],
            codec,
            default_quality=self.default_quality,
            max_pixels=self.max_pixels,
        )

    @property
    def scales(self) -> tuple[int, ...]:
        """The scales that there are pairs for, rising."""
        return tuple(self._files.coders)

    def encode(
        self,
        picture: np.ndarray | PIL.Image.Image,
        quality: float | None = None,
        scale: int | None = None,
        metadata: Metadata | None = None,
        *,
        chroma: str | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        """Compress a picture at a given quality of the codec.

        Args:
            picture: uint8 (H, W, 3) RGB, (H, W, 1) or (H, W) grey, or a Pillow picture of any mode
                (see `images.files.from_pil`); of 1x1 pixels and more.
            quality: the codec's quality for the compact picture, 1 to 100; one of its `qualities`.
            scale: which pair, 1 or 2; the largest scale if None.
            metadata: EXIF, XMP and colour profile to put into the file.
            chroma: one of `target.CHROMA`, see `chroma.sampled`; as the codec has it if None.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            The compact file, whose content is a standard JPEG (or file of another codec).

        Raises:
            ValueError: the picture is of another shape, too large or too thin to be restored, the
                quality out of range, or there is no pair of that scale.
            TypeError: the picture is of another dtype or no picture.
        """
        pixels = given.pixels(picture, self.max_pixels)
        scale = self.scales[-1] if scale is None else scale
        given.check_scales([scale], self.scales)
        quality = self.default_quality if quality is None else quality
        codec = self.codec if chroma is None else sampled(self.codec, chroma, pixels)
        return self._files.encode(pixels, quality, scale, metadata, codec, progress)

    def encode_to(
        self,
        picture: np.ndarray | PIL.Image.Image,
        target: Target,
        scales: Sequence[int] | None = None,
        *,
        plain: bool = True,
        effort: int = 2,
        chroma: str = "auto",
        metadata: Metadata | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        """Compress a picture to a target: by quality, bytes, or score of the restored picture.

        Every scale and the codec without networks are considered, and the best for the target is
        taken. So the result is never worse than the codec alone (its reference encoder, which is
        also what a target of quality refers to).

        Args:
            picture: as in `encode`.
            target: what to reach.
            scales: which pairs to choose from; all if None.
            plain: whether the codec without networks may be chosen as well.
            effort: 1 to choose by the preset's fit alone, 2 by restoring a part of the picture, 3
                by restoring whole pictures, as often as necessary.
            chroma: one of `target.CHROMA`. "auto" gives drawings and coloured text full chroma, and
                quality then means plain JPEG with full chroma as well; see `compression.chroma`.
            metadata: EXIF, XMP and colour profile to put into the file; their bytes count.
            progress: told after each file which share of the search is done, 0 to 1; an estimate.

        Returns:
            The file and what was chosen. If the target is out of reach, the nearest file, with
            `met` False.

        Raises:
            ValueError, TypeError: as `encode`.
        """
        search = self.search(
            picture,
            scales,
            plain=plain,
            effort=effort,
            chroma=chroma,
            metadata=metadata,
            progress=progress,
        )
        return search(target)

    def search(
        self,
        picture: np.ndarray | PIL.Image.Image,
        scales: Sequence[int] | None = None,
        *,
        plain: bool = True,
        effort: int = 2,
        chroma: str = "auto",
        metadata: Metadata | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Callable[[Target], CompactFile]:
        """Prepare to compress one picture to several targets; each uses what was found for others.

        Args:
            picture, scales, plain, effort, chroma, metadata, progress: as in `encode_to`.

        Returns:
            A function from a target to the file that `encode_to` would return.

        Raises:
            ValueError, TypeError: as `encode`.
        """
        check_effort(effort)
        choices = self.choices(
            picture, scales, plain=plain, chroma=chroma, metadata=metadata, progress=progress
        )
        return functools.partial(rate_control.choose, choices, effort=effort)

    def choices(
        self,
        picture: np.ndarray | PIL.Image.Image,
        scales: Sequence[int] | None = None,
        *,
        plain: bool = True,
        chroma: str = "auto",
        metadata: Metadata | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> rate_control.Choices:
        """List the ways in which files of a picture can be made.

        Args:
            picture, scales, plain, chroma, metadata, progress: as in `encode_to`.

        Returns:
            What rate control chooses from; its ways keep the files that they have made.

        Raises:
            ValueError, TypeError: as `encode`.
        """
        pixels = given.pixels(picture, self.max_pixels)
        scales = self.scales if scales is None else scales
        given.check_scales(scales, self.scales)
        codec = sampled(self.codec, chroma, pixels)
        return choices_of(
            self._files,
            pixels,
            codec,
            # The fit was made with the codec's usual chroma.
            self.fit if codec is self.codec else NO_FIT,
            scales,
            plain=plain,
            metadata=metadata,
            progress=progress,
        )

    def decode(
        self,
        content: bytes,
        *,
        effort: int = 1,
        ignore_checksum: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Restore a picture.

        Args:
            content: a compact file that `encode` made with the same preset.
            effort: 1 to restore once; 2 and 3 to take the mean of what the pair at full size makes
                of four and of eight mirrored and transposed views, in so many times the time.
            ignore_checksum: whether to restore what is left of a damaged file.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            uint8 (H, W, 3) RGB or (H, W, 1) grey, of the original's size.

        Raises:
            ValueError: the bytes are not a compact file, are of another preset or damaged, the
                picture is too large, or there is no such effort.
        """
        return self._files.decode(content, ignore_checksum, progress, effort)

    def decode_pil(self, content: bytes) -> PIL.Image.Image:
        """Restore a picture as a Pillow picture; see `decode`.

        Args:
            content: a compact file that `encode` made with the same preset.

        Returns:
            A picture of mode "RGB" or "L"; `info` has "exif" and "icc_profile" where the file has.

        Raises:
            ValueError: as `decode`.
        """
        picture = files.to_pil(self.decode(content))
        extra = dataclasses.asdict(carriers.extract_metadata(content))
        picture.info.update({name: value for name, value in extra.items() if value})
        return picture

    def restore_jpeg(
        self,
        content: bytes,
        *,
        strength: float = 1.0,
        effort: int = 1,
        progress: Callable[[float], None] | None = None,
    ) -> jpeg_restoration.RestoredJpeg:
        """Restore an ordinary JPEG, one that comrec_tf did not make, by the pair at full size.

        It is left as it is where restoring would do harm; `jpeg_restoration` says when.

        Args:
            content: a JPEG; of a compact file, the picture that viewers show is restored.
            strength: how much of the restoration is applied, 0 to 1.
            effort: as in `decode`.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            The picture, upright, and what was done to it.

        Raises:
            ValueError: the bytes are no JPEG or damaged, the picture is too large or too thin,
                `strength` or `effort` is out of range, or the preset has no pair at full size.
        """
        given.check_restoring(strength, self.scales)
        jpeg = ordinary_jpeg.read(content, self.max_pixels)
        coder = self._files.coder(1, *jpeg.picture.shape[:2])
        return jpeg_restoration.restore(jpeg, coder, strength, effort, progress)
