"""Request: what is asked of every file of a compressing command, and one picture's way there."""

import dataclasses
from typing import TYPE_CHECKING, Any

from comrec_tf import vocabulary
from comrec_tf.presets import card, find

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.compression.result import CompactFile
    from comrec_tf.images.metadata import Metadata

__all__ = ["Request"]


@dataclasses.dataclass(frozen=True)
class Request:
    """What is asked of every file of a command; plain values, so that it travels between processes.

    Attributes:
        preset: name or folder.
        codec: name; the preset's own if None.
        aim: one of the kinds of `rate_control.TARGETS`.
        value: of the aim; None for the preset's default quality.
        scale: of the pair; None for the best of all and of the codec alone.
        metadata: whether EXIF and colour profile are kept.
        engine: what computes the networks, one of `vocabulary.ENGINES`.
        precision: of the engine "tensorflow", or None; see `Compressor.from_preset`.
    """

    preset: str
    codec: str | None
    aim: str
    value: float | None
    scale: int | None
    metadata: bool
    engine: str = "litert"
    precision: str | None = None

    @property
    def outcome(self) -> dict[str, Any]:
        """What the bytes of the files depend on, for journals; another outcome is made anew."""
        values = dataclasses.asdict(self)
        for name in ("engine", "precision"):
            del values[name]  # which pair is chosen hangs on them only in ties
        return values

    @property
    def suffix(self) -> str:
        """Ending of the compact files.

        Raises:
            FileNotFoundError, ValueError: there is no such preset, or its card is damaged.
        """
        if self.codec:
            return vocabulary.CODEC_SUFFIXES[self.codec]
        return card.read(find.find_preset(self.preset)).suffix

    def compressor(self) -> "Compressor":
        """Load the preset.

        Returns:
            What `compress` takes.

        Raises:
            FileNotFoundError, ValueError, ModuleNotFoundError: as `Compressor.from_preset` and
                `catalog.make_codec`.
        """
        from comrec_tf.codecs import catalog
        from comrec_tf.compression.compressor import Compressor

        return Compressor.from_preset(
            self.preset,
            engine=self.engine,
            codec=catalog.make_codec(self.codec) if self.codec else None,
            precision=self.precision,
        )

    def compress(
        self,
        compressor: "Compressor",
        picture: "np.ndarray",
        metadata: "Metadata | None",
    ) -> tuple[bytes, dict[str, Any]]:
        """Compress one picture.

        Args:
            compressor: of `compressor`.
            picture: uint8 (H, W, 1 or 3).
            metadata: what the picture's file says besides; kept if the request says so.

        Returns:
            The compact file, and a row that describes it.

        Raises:
            ValueError: the picture is too large for the codec or the compressor.
        """
        from comrec_tf.compression.rate_control import Target

        metadata = metadata if self.metadata else None
        value = compressor.default_quality if self.value is None else self.value
        if self.scale is not None and self.aim == "quality":
            file = compressor.encode(picture, value, self.scale, metadata)
            return file.content, _row(file)
        file = compressor.encode_to(
            picture,
            Target(self.aim, value),
            None if self.scale is None else [self.scale],
            plain=self.scale is None,
            metadata=metadata,
        )
        return file.content, _row(file)


def _row(file: "CompactFile") -> dict[str, Any]:
    num_pixels = file.header.height * file.header.width
    return {
        "pixels": num_pixels,
        "bytes_after": len(file.content),
        "bits_per_pixel": 8 * len(file.content) / num_pixels,
        "scale": file.scale or "plain",
        "quality": file.header.quality,
        "psnr": file.score,
        "met": None if file.met else "missed",
    }
