"""Request: what a compressing command asks of every file, and how one picture is compressed."""

import dataclasses
import math
from typing import TYPE_CHECKING, Any

from comrec_tf import vocabulary
from comrec_tf.compression.target import METRICS, Target
from comrec_tf.presets import card, find

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy as np

    from comrec_tf.compression.compressor import Compressor
    from comrec_tf.compression.result import CompactFile
    from comrec_tf.images.metadata import Metadata

__all__ = ["Request", "TargetMissedError"]


class TargetMissedError(ValueError):
    """A limit of bytes cannot be kept."""


@dataclasses.dataclass(frozen=True)
class Request:
    """What a command asks of every file; plain values, so that it can be sent to other processes.

    Attributes:
        preset: name or folder.
        codec: name; the preset's own if None.
        aim: one of the kinds of `target.TARGETS`.
        value: of the aim; None for the preset's default quality.
        scale: of the pair; None for the best of all and of the codec alone.
        metadata: whether EXIF, XMP and colour profile are kept.
        engine: what computes the networks, one of `vocabulary.ENGINES`.
        precision: of the engine "tensorflow", or None; see `Compressor.from_preset`.
        metric: what pictures are judged by, one of `target.METRICS`.
        effort: how hard to search, one of `target.EFFORTS`.
        chroma: one of `target.CHROMA`; codecs that have no choice are left alone by "auto".
        best_effort: whether a file that exceeds a limit of bytes is written anyway.
        allow_larger: whether a JPEG, WebP or AVIF is compressed even where that makes it no
            smaller.
        first_frame: whether the first picture of an animation or of several pages is taken; such
            files are refused otherwise.
        max_pixels: of a picture; larger ones are refused.
    """

    preset: str
    codec: str | None
    aim: str
    value: float | None
    scale: int | None
    metadata: bool
    engine: str = "litert"
    precision: str | None = None
    metric: str = METRICS[0]
    effort: int = 2
    chroma: str = "auto"
    best_effort: bool = False
    allow_larger: bool = False
    first_frame: bool = False
    max_pixels: int = 150_000_000

    @property
    def outcome(self) -> dict[str, Any]:
        """What the files depend on; a run with another outcome makes them again.

        Raises:
            FileNotFoundError, ValueError: as `suffix`.
        """
        values = dataclasses.asdict(self)
        # The engine decides between pairs only in ties; the others, which files are refused.
        for name in ("engine", "precision", "best_effort", "first_frame", "max_pixels"):
            del values[name]
        return {**values, "ids": find.ids_of(self.preset)}

    @property
    def suffix(self) -> str:
        """Ending of the compact files.

        Raises:
            FileNotFoundError, ValueError: there is no such preset, or its card is damaged.
        """
        if self.codec:
            return vocabulary.CODEC_SUFFIXES[self.codec]
        return card.read(find.find_preset(self.preset)).suffix

    @property
    def scales(self) -> tuple[int, ...]:
        """Scales that the preset has a pair of networks for.

        Raises:
            FileNotFoundError, ValueError: as `suffix`.
        """
        return tuple(pair.scale for pair in card.read(find.find_preset(self.preset)).pairs)

    def compressor(self) -> "Compressor":
        """Load the preset.

        Returns:
            What `compress` takes.

        Raises:
            FileNotFoundError, ValueError, ModuleNotFoundError: as `Compressor.from_preset` and
                `catalog.make_codec`.
            ValueError: the preset has no pair of the scale.
        """
        import numpy as np

        from comrec_tf.compression.compressor import Compressor

        compressor = Compressor.from_preset(
            self.preset,
            engine=self.engine,
            codec=self.codec,
            precision=self.precision,
            max_pixels=self.max_pixels,
        )
        if self.codec:  # a missing package is an error once, not for every file
            compressor.codec.encode(np.zeros((8, 8, 1), np.uint8), compressor.codec.qualities[0])
        if self.scale is not None:
            card.pair_of(card.read(find.find_preset(self.preset)), self.scale)
        return compressor

    def compress(
        self,
        compressor: "Compressor",
        picture: "np.ndarray",
        metadata: "Metadata | None",
        progress: "Callable[[float], None] | None" = None,
    ) -> tuple[bytes, dict[str, Any]]:
        """Compress one picture.

        Args:
            compressor: of `compressor`.
            picture: uint8 (H, W, 1 or 3).
            metadata: of the picture's file; kept if the request says so.
            progress: told from time to time which share of the work is done, 0 to 1.

        Returns:
            The compact file, and a row that describes it.

        Raises:
            ValueError: the picture is too large for the codec or the compressor.
        """
        metadata = metadata if self.metadata else None
        value = compressor.default_quality if self.value is None else self.value
        if self.scale is not None and self.aim == "quality":
            file = compressor.encode(
                picture, value, self.scale, metadata, chroma=self.chroma, progress=progress
            )
            return file.content, _row(file, None)
        target = Target(self.aim, value, self.metric)
        file = compressor.encode_to(
            picture,
            target,
            None if self.scale is None else [self.scale],
            plain=self.scale is None,
            effort=self.effort,
            chroma=self.chroma,
            metadata=metadata,
            progress=progress,
        )
        return file.content, _row(file, target.judged_by)

    def limit(self, num_pixels: int) -> float:
        """Compute how many bytes a file may have.

        Args:
            num_pixels: of the picture.

        Returns:
            The limit; infinity if the request does not limit bytes.
        """
        if self.value is not None and self.aim == "max_bytes":
            return self.value
        if self.value is not None and self.aim == "bits_per_pixel":
            return self.value * num_pixels / 8
        return math.inf

    def check(self, row: dict[str, Any], metadata: "Metadata | None") -> None:
        """Refuse a file that is larger than asked for, unless `best_effort`.

        Args:
            row: what `compress` returned, or of a file that is kept.
            metadata: of the picture's file.

        Raises:
            TargetMissedError: the file is too large; the message says what made it so.
        """
        limit = self.limit(row["pixels"])
        if row["met"] or self.best_effort or limit == math.inf:
            return
        parts = {} if metadata is None or not self.metadata else vars(metadata)
        name, largest = max(
            ((name, len(part)) for name, part in parts.items()),
            key=lambda part: part[1],
            default=("", 0),
        )
        if row["bytes_after"] - sum(map(len, parts.values())) <= limit:
            what = {"exif": "EXIF", "xmp": "XMP", "icc_profile": "the colour profile"}[name]
            raise TargetMissedError(
                f"{what} takes {largest:,} of {int(limit):,} bytes: --nometadata leaves it out"
            )
        if row.get("kept"):
            raise TargetMissedError(
                f"as a compact file, which is not compressed again, it takes "
                f"{row['bytes_after']:,} of {int(limit):,} bytes: --best_effort copies it anyway"
            )
        more = "" if self.scale is None else "; --scale=auto may find a smaller one"
        raise TargetMissedError(
            f"its smallest file, of quality {row['quality']}, takes {row['bytes_after']:,} of "
            f"{int(limit):,} bytes: --best_effort writes it anyway{more}"
        )


def _row(file: "CompactFile", metric: str | None) -> dict[str, Any]:
    num_pixels = file.header.height * file.header.width
    return {
        "pixels": num_pixels,
        "bytes_after": len(file.content),
        "bits_per_pixel": 8 * len(file.content) / num_pixels,
        "scale": file.scale or "plain",
        "quality": file.header.quality,
        "score": file.score,
        "metric": metric,
        "psnr": None,
        "met": file.met,
    }
