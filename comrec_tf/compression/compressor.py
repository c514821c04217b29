"""Compressor: the object a Python user holds, pictures in and compact files out."""

import dataclasses
import functools
import os
from collections.abc import Callable, Sequence

import numpy as np
import PIL.Image

from comrec_tf import metrics
from comrec_tf.codecs import base, catalog
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression import rate_control
from comrec_tf.compression.picture_coder import PictureCoder, decode_bitstream
from comrec_tf.compression.result import PLAIN_SCALE, CompactFile
from comrec_tf.engines.base import EnginePair, load_pairs
from comrec_tf.images import files
from comrec_tf.images.metadata import Metadata
from comrec_tf.presets import card, find

__all__ = ["Compressor"]

#: How much more than its own pixels a picture may cost to restore, where it is so thin that tiles
#: are mostly padding: so many times its pixels, and so many pixels besides.
_PADDING_FACTOR, _PADDING_PIXELS = 8, 4_000_000


#: Share of a search that is still to do after each file that was restored, as it usually is.
_MORE_TO_TRY = 0.8


class Compressor:
    """Turns pictures into compact files, and compact files into pictures.

    ::

        compressor = comrec_tf.Compressor.from_preset("comrec")
        content = compressor.encode(picture, quality=40).content   # bytes of a standard JPEG
        content = compressor.encode_to(picture, comrec_tf.Target("max_bytes", 20_000)).content
        restored = compressor.decode(content)                      # uint8 array

    Args:
        pairs: the pair of networks of each scale, as an engine computes them.
        codec: what pictures are encoded with.
        default_quality: what `encode` takes where no quality is given, 1 to 100.
        max_pixels: pictures of more pixels are refused, in both directions.
    """

    def __init__(
        self,
        pairs: Sequence[EnginePair],
        codec: base.Codec,
        *,
        default_quality: int = 50,
        max_pixels: int = 200_000_000,
    ) -> None:
        #: What pictures are encoded with.
        self.codec = codec
        coders = {pair.scale: PictureCoder(pair) for pair in pairs}
        self._coders = dict(sorted(coders.items()))
        #: Id of the pair of each scale, which its files carry.
        self.preset_ids = {scale: coder.pair.id for scale, coder in self._coders.items()}
        self.default_quality = default_quality
        self.max_pixels = max_pixels

    @classmethod
    def from_preset(
        cls,
        name: str | os.PathLike[str],
        *,
        engine: str = "litert",
        codec: base.Codec | None = None,
        precision: str | None = None,
        max_pixels: int = 200_000_000,
    ) -> "Compressor":
        """Make a compressor of a preset.

        Args:
            name: a preset's name, or a folder that holds one.
            engine: what computes the networks, one of `vocabulary.ENGINES`.
            codec: another codec than the preset's own to encode with.
            precision: of the engine "tensorflow", see `engines.tensorflow.load_pairs`; the engine
                "litert" computes in float32.
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
        options = {} if precision is None else {"precision": precision}
        return cls(
            load_pairs(name, engine, **options),
            codec or catalog.make_codec(described.codec.name, **described.codec.options),
            default_quality=described.default_quality,
            max_pixels=max_pixels,
        )

    def with_codec(self, codec: base.Codec) -> "Compressor":
        """Return the same networks around another codec to encode with."""
        return Compressor(
            [coder.pair for coder in self._coders.values()],
            codec,
            default_quality=self.default_quality,
            max_pixels=self.max_pixels,
        )

    @property
    def scales(self) -> tuple[int, ...]:
        """The scales there is a pair for."""
        return tuple(self._coders)

    def encode(
        self,
        picture: np.ndarray | PIL.Image.Image,
        quality: float | None = None,
        scale: int | None = None,
        metadata: Metadata | None = None,
        *,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        """Compress a picture at a given quality of the codec.

        Args:
            picture: uint8 (H, W, 3) RGB, (H, W, 1) or (H, W) grey, or a Pillow picture of any mode
                (see `images.files.from_pil`); every size from 1x1 up.
            quality: the codec's quality for the compact picture, 1 to 100; one of its `qualities`.
            scale: which pair, 1 or 2; the largest scale if None.
            metadata: EXIF, XMP and colour profile to put into the file.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            The compact file, whose content is a standard JPEG (or file of another codec).

        Raises:
            ValueError: the picture is of another shape, too large, the quality out of range, or
                there is no pair of that scale.
            TypeError: the picture is of another dtype or no picture.
        """
        pixels = self._pixels(picture)
        scale = self.scales[-1] if scale is None else scale
        if scale not in self._coders:
            raise ValueError(f"expected a scale of {self.scales}. Received: scale={scale}")
        quality = self.default_quality if quality is None else quality
        return self._encode(pixels, quality, scale, metadata, self.codec, progress)

    def encode_to(
        self,
        picture: np.ndarray | PIL.Image.Image,
        target: rate_control.Target,
        scales: Sequence[int] | None = None,
        *,
        plain: bool = True,
        metadata: Metadata | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        """Compress a picture to a target: by quality, bytes, or PSNR of the restored picture.

        Every scale, and the codec without networks, is tried by real encodes; whichever
        serves the target best is taken, so that nobody is worse off than with the codec alone (its
        reference encoder, which a target of quality means as well).

        Args:
            picture: as in `encode`.
            target: what to reach.
            scales: which pairs to choose from; all if None.
            plain: whether the codec without networks may be chosen as well.
            metadata: EXIF, XMP and colour profile to put into the file; their bytes count.
            progress: told after each file that was tried which share of the search is done, 0 to 1;
                an estimate, since nobody knows how many it will take.

        Returns:
            The file and what was chosen. Where a target is out of reach, the nearest there is, with
            `met` False.

        Raises:
            ValueError, TypeError: as `encode`.
        """
        search = self.search(picture, scales, plain=plain, metadata=metadata, progress=progress)
        return search(target)

    def search(
        self,
        picture: np.ndarray | PIL.Image.Image,
        scales: Sequence[int] | None = None,
        *,
        plain: bool = True,
        metadata: Metadata | None = None,
        progress: Callable[[float], None] | None = None,
    ) -> Callable[[rate_control.Target], CompactFile]:
        """Prepare to compress one picture to several targets.

        What was encoded and restored for one target is kept for the next.

        Args:
            picture, scales, plain, metadata, progress: as in `encode_to`.

        Returns:
            What makes of a target the choice that `encode_to` makes.

        Raises:
            ValueError, TypeError: as `encode`.
        """
        pixels = self._pixels(picture)
        scales = self.scales if scales is None else scales
        for scale in scales:
            if scale not in self._coders:
                raise ValueError(f"expected scales of {self.scales}. Received: {scale}")

        tried = 0

        def psnr(content: bytes) -> float:
            nonlocal tried
            tried += 1
            if progress is not None:
                progress(1 - _MORE_TO_TRY**tried)
            return metrics.psnr(pixels, self.decode(content))

        def candidate(scale: int, codec: base.Codec) -> rate_control.Candidate:
            return rate_control.Candidate(
                scale=scale,
                qualities=codec.qualities,
                encode=functools.cache(
                    lambda quality: self._encode(pixels, quality, scale, metadata, codec)
                ),
                psnr=functools.cache(psnr),
            )

        candidates = [candidate(scale, self.codec) for scale in scales]
        reference = self.codec.reference_encoder()
        if plain and reference is not self.codec:
            candidates.append(candidate(PLAIN_SCALE, self.codec))
        return functools.partial(
            rate_control.choose,
            candidates,
            candidate(PLAIN_SCALE, reference),
            num_pixels=pixels.shape[0] * pixels.shape[1],
            allow_plain=plain,
        )

    def decode(
        self,
        content: bytes,
        *,
        ignore_checksum: bool = False,
        progress: Callable[[float], None] | None = None,
    ) -> np.ndarray:
        """Restore a picture.

        Args:
            content: a compact file that `encode` made with the same preset.
            ignore_checksum: whether to restore what is left of a damaged file.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            uint8 (H, W, 3) RGB or (H, W, 1) grey, of the original's size.

        Raises:
            ValueError: the bytes are no compact file, one of another preset, a damaged one, or the
                picture is too large.
        """
        header = container.read(content)
        self._check_size(header.height, header.width)
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
        coder = self._coders[header.scale]
        work = coder.restoring_work(shape[:2])
        if work > _PADDING_FACTOR * header.height * header.width + _PADDING_PIXELS:
            raise ValueError(
                f"a picture of {header.width}x{header.height} pixels is too thin to be restored: "
                f"it would cost as much as one of {work:,} pixels"
            )
        decoded = decode_bitstream(content, coder.compact_shape(shape))
        return coder.restore(decoded, header.step, shape[:2], progress)

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

    def _encode(
        self,
        pixels: np.ndarray,
        quality: float,
        scale: int,
        metadata: Metadata | None,
        codec: base.Codec,
        progress: Callable[[float], None] | None = None,
    ) -> CompactFile:
        codec.check_quality(quality)
        height, width, channels = pixels.shape
        largest = codec.max_size * max(scale, 1)
        if max(height, width) > largest:
            raise ValueError(
                f"{codec.name} has at most {codec.max_size} pixels in each direction, "
                f"{largest} at scale {scale}. Received: {width}x{height}"
            )
        step = codec.step(quality)
        compact = pixels
        if scale != PLAIN_SCALE:
            compact = self._coders[scale].compact(pixels, step, progress)
        bitstream = codec.encode(compact, quality)
        header = container.Header(
            preset_id=self.preset_ids.get(scale, container.PLAIN),
            scale=max(scale, 1),
            quality=round(quality),
            step=step,
            height=height,
            width=width,
            grey=channels == 1,
        )
        if metadata is not None:
            bitstream = carriers.embed_metadata(bitstream, metadata)
        return CompactFile(container.write(bitstream, header), header, scale, quality)

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
        self._check_size(*pixels.shape[:2])
        return pixels

    def _check_size(self, height: int, width: int) -> None:
        if height * width > self.max_pixels:
            raise ValueError(
                f"expected at most {self.max_pixels:,} pixels (max_pixels). "
                f"Received: {width}x{height}"
            )
