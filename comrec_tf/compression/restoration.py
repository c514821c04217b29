"""Restoration: what a restoring command asks of every file, and how one file is restored."""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Callable
from typing import Any

import numpy as np

from comrec_tf import vocabulary
from comrec_tf.codecs import jpeg_xl
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.jpeg_restoration import RestoredJpeg
from comrec_tf.images import files, limits
from comrec_tf.images.metadata import Metadata
from comrec_tf.presets import find

__all__ = ["JPEG_ENDINGS", "Restoration", "Restored", "Source", "kept_name"]

#: Endings of JPEGs, which may be copied as they are, the usual one first.
JPEG_ENDINGS = (".jpg", ".jpeg")


@dataclasses.dataclass(frozen=True)
class Source:
    """A file to restore.

    Attributes:
        content: all of it.
        header: of a compact file; None for an ordinary JPEG, and if nothing is to be restored.
        num_pixels: of the restored picture.
    """

    content: bytes
    header: container.Header | None
    num_pixels: int


@dataclasses.dataclass(frozen=True)
class Restored:
    """A restored picture.

    Attributes:
        content: the file that it was restored from.
        picture: uint8 (H, W, 1 or 3).
        metadata: EXIF, XMP and colour profile.
        ordinary: what was done to an ordinary JPEG; None for a compact file.
    """

    content: bytes
    picture: np.ndarray
    metadata: Metadata
    ordinary: RestoredJpeg | None = None

    @property
    def is_kept(self) -> bool:
        """Whether it is an ordinary JPEG that was left as it is."""
        return self.ordinary is not None and not self.ordinary.restored


@dataclasses.dataclass(frozen=True)
class Restoration:
    """What a command asks of every file; plain values, so that it can be sent to other processes.

    Attributes:
        preset: name or folder; empty for the preset that each file names, and for ordinary JPEGs
            the default.
        strength: how much of the restoration ordinary JPEGs get, 0 to 1.
        effort: of restoring, see `Compressor.decode`.
        form: one of `vocabulary.RESTORED_SUFFIXES`.
        quality: of the files of "jpeg" and "webp", 1 to 100.
        ignore_checksum: whether what is left of damaged compact files is restored.
        engine: what computes the networks, one of `vocabulary.ENGINES`.
        precision: of the engine "tensorflow", or None; see `Compressor.from_preset`.
        max_pixels: of a picture; larger ones are refused.
    """

    preset: str = ""
    strength: float = 1.0
    effort: int = 1
    form: str = "png"
    quality: int = 90
    ignore_checksum: bool = False
    engine: str = "litert"
    precision: str | None = None
    max_pixels: int = 150_000_000

    @property
    def outcome(self) -> dict[str, Any]:
        """What the files depend on; a run with another outcome makes them again.

        Compact files name their networks themselves; ordinary JPEGs take those of the preset.
        """
        ids: dict[str, str] = {}
        with contextlib.suppress(FileNotFoundError, ValueError):  # told by each file that needs it
            ids = find.ids_of(self.preset or vocabulary.DEFAULT_PRESET)
        return {
            "restore": self.preset,
            "ids": ids,
            "format": [self.form, None if self.form == "png" else self.quality],
            "strength": self.strength,
            "effort": self.effort,
        }

    @property
    def suffix(self) -> str:
        """Ending of the restored files."""
        return vocabulary.RESTORED_SUFFIXES[self.form]

    def loader(self) -> Callable[[container.Header | None], Compressor]:
        """Make a function that gives the compressor for a file, and loads each preset once.

        Returns:
            A function of `Source.header`, which raises what `find.find_preset_by_id` and
            `Compressor.from_preset` raise.
        """

        @functools.cache
        def load(folder: str) -> Compressor:
            return Compressor.from_preset(
                folder, engine=self.engine, precision=self.precision, max_pixels=self.max_pixels
            )

        def compressor_of(header: container.Header | None) -> Compressor:
            if header is None:
                return load(self.preset or vocabulary.DEFAULT_PRESET)
            if header.preset_id == container.PLAIN:  # the picture itself: no network is run
                return Compressor([], JpegCodec(), max_pixels=self.max_pixels)
            return load(self.preset or os.fspath(find.find_preset_by_id(header.preset_id)))

        return compressor_of

    def read(self, content: bytes) -> Source:
        """Read a file's header.

        Args:
            content: a compact file or an ordinary JPEG, which JPEG XL may have packed.

        Returns:
            The file.

        Raises:
            ValueError: it is neither, or damaged, or of too many pixels.
        """
        form = carriers.file_format(content)
        if form in ("jpeg", "jpeg-xl") and carriers.extract(content) is None:
            sized = self.read_size(content)
            if form == "jpeg-xl":  # a JPEG that somebody packed
                return dataclasses.replace(sized, content=jpeg_xl.unpack(content))
            return sized
        header = container.read(content)
        limits.check_pixels(header.width, header.height, self.max_pixels)
        return Source(content, header, header.height * header.width)

    def read_size(self, content: bytes) -> Source:
        """Read the size of the picture inside a file, compact or not.

        Args:
            content: a file of any codec.

        Returns:
            The file, without a header.

        Raises:
            ValueError: it is no such file, or damaged, or of too many pixels.
        """
        height, width = carriers.picture_size(content)
        limits.check_pixels(width, height, self.max_pixels)
        return Source(content, None, height * width)

    def restore(
        self,
        source: Source,
        compressor: Compressor,
        progress: Callable[[float], None] | None = None,
    ) -> Restored:
        """Restore a file.

        Args:
            source: what `read` returned.
            compressor: what a `loader` gave for its header.
            progress: told while networks run which share of the picture is done, 0 to 1.

        Returns:
            The picture.

        Raises:
            ValueError: as `Compressor.decode` and `Compressor.restore_jpeg`.
        """
        if source.header is None:
            done = compressor.restore_jpeg(
                source.content, strength=self.strength, effort=self.effort, progress=progress
            )
            return Restored(source.content, done.picture, done.metadata, done)
        try:
            picture = compressor.decode(
                source.content,
                effort=self.effort,
                ignore_checksum=self.ignore_checksum,
                progress=progress,
            )
        except container.DamagedError as error:
            raise ValueError(
                f"{error}; --ignore_checksum restores it where it can still be decoded"
            ) from error
        return Restored(source.content, picture, carriers.extract_metadata(source.content))

    def make(self, restored: Restored) -> tuple[bytes, dict[str, Any]]:
        """Make the output's bytes.

        Args:
            restored: what `restore` returned.

        Returns:
            The file, of `form` or the JPEG itself where it is kept, and a row that describes it.

        Raises:
            OSError: the picture is too large for the format.
        """
        height, width = restored.picture.shape[:2]
        row: dict[str, Any] = {
            "size": f"{width}x{height}",
            "pixels": height * width,
            "bytes_before": len(restored.content),
            "kind": "compact" if restored.ordinary is None else "ordinary",
            "restored": "compact file",
        }
        if restored.ordinary is not None:
            row |= _row(restored.ordinary)
        content = restored.content
        if not restored.is_kept:
            content = files.encode(restored.picture, restored.metadata, self.form, self.quality)
        return content, row | {"bytes_after": len(content)}


def kept_name(source: str, output: str) -> str:
    """Name the copy of a JPEG that is left as it is.

    Args:
        source: its path.
        output: where its restored picture would have gone.

    Returns:
        The same place with an ending of JPEGs.
    """
    ending = os.path.splitext(source)[1]
    ending = ending if ending.lower() in JPEG_ENDINGS else JPEG_ENDINGS[0]
    return os.path.splitext(output)[0] + ending


def _row(done: RestoredJpeg) -> dict[str, Any]:
    """What the report says about an ordinary JPEG."""
    says = f"ordinary, about quality {done.fit.quality}"
    if not done.restored:
        says = f"no: {done.reason}"
    elif done.reason:
        says += f", {done.reason}"
    return {
        "restored": says,
        "quality": done.fit.quality,
        "fit_error": round(done.fit.error, 3),
        "told_quality": done.quality,
        "subsampling": done.subsampling,
        "notes": list(done.notes) if done.restored else [],
    }
