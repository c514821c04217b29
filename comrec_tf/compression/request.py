"""Request: what is asked of every file of a compressing command, and one picture's way there."""

import dataclasses
from typing import TYPE_CHECKING, Any

from comrec_tf.presets import cards

if TYPE_CHECKING:
    import numpy as np

    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.images.metadata import Metadata

__all__ = ["CODEC_SUFFIXES", "SUFFIXES", "Request"]

#: Endings of the files that are taken from a folder.
SUFFIXES = (
    ".avif .bmp .gif .j2k .jp2 .jpeg .jpg .png .ppm .tif .tiff .webp".split()  # noqa: SIM905
)
#: Endings by codec; `codecs.catalog` knows them too, but imports TensorFlow.
CODEC_SUFFIXES = {
    "jpeg": ".jpg",
    "jpeg-flat": ".jpg",
    "mozjpeg": ".jpg",
    "jpegli": ".jpg",
    "webp": ".webp",
    "avif": ".avif",
    "jpeg2000": ".j2k",
}


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
        precision: of RecCNN, where its work is looked at; see `Compressor.from_preset`.
    """

    preset: str
    codec: str | None
    aim: str
    value: float | None
    scale: int | None
    metadata: bool
    precision: str

    @property
    def outcome(self) -> dict[str, Any]:
        """What the bytes of the files depend on, for journals; another outcome is made anew."""
        values = dataclasses.asdict(self)
        del values["precision"]  # which pair is chosen hangs on it only in ties
        return values

    @property
    def suffix(self) -> str:
        """Ending of the compact files.

        Raises:
            FileNotFoundError, ValueError: there is no such preset, or its card is damaged.
        """
        if self.codec:
            return CODEC_SUFFIXES[self.codec]
        card = cards.read_card(cards.find_preset(self.preset))
        if "suffix" not in card:
            raise ValueError(
                f'the card of {self.preset} must name the "suffix" of its files, say ".jpg"'
            )
        return card["suffix"]

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

        options = {"codec": catalog.make_codec(self.codec)} if self.codec else {}
        return Compressor.from_preset(self.preset, self.precision, **options)

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
            content = compressor.encode(picture, value, self.scale, metadata)
            return content, _row(content, None, True)
        choice = compressor.encode_to(
            picture,
            Target(self.aim, value),
            None if self.scale is None else [self.scale],
            plain=self.scale is None,
            metadata=metadata,
        )
        return choice.content, _row(choice.content, choice.psnr, choice.met)


def _row(content: bytes, psnr: float | None, met: bool) -> dict[str, Any]:
    from comrec_tf.compact_file import container

    header = container.read(content)
    num_pixels = header.height * header.width
    return {
        "pixels": num_pixels,
        "bytes_after": len(content),
        "bits_per_pixel": 8 * len(content) / num_pixels,
        "scale": "plain" if header.preset_id == container.PLAIN else header.scale,
        "quality": header.quality,
        "psnr": psnr,
        "met": None if met else "missed",
    }
