"""What pipelines do with each file: compress or restore it, as the commands do.

Verbs are plain values that are sent to workers; what a worker loads for them stays there.
"""

import dataclasses
import os
from collections.abc import Callable
from typing import Any, NamedTuple, Protocol

from comrec_tf import vocabulary
from comrec_tf.compact_file import container
from comrec_tf.compression import input_file
from comrec_tf.compression.request import Request
from comrec_tf.compression.restoration import Restoration, kept_name

__all__ = ["Compress", "Made", "Restore", "Verb"]


class Made(NamedTuple):
    """An output before it is written.

    Attributes:
        content: all its bytes.
        output: where to.
        row: what the report says about it.
    """

    content: bytes
    output: str
    row: dict[str, Any]


#: Makes an output of an input's bytes, its path and the path that the output would have.
Worker = Callable[[bytes, str, str], Made]


class Verb(Protocol):
    """What a pipeline does with each file."""

    @property
    def suffix(self) -> str:
        """Ending of the outputs."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Endings of the inputs."""

    @property
    def outcome(self) -> dict[str, Any]:
        """What the bytes of the outputs depend on."""

    def load(self) -> tuple[Worker, Callable[[], int]]:
        """Load what a worker needs.

        Returns:
            What makes outputs, and what tells how many presets have been loaded for it.
        """

    def outputs(self, source: str, output: str) -> list[str]:
        """Places where the output of an input may be.

        Args:
            source: the input.
            output: its usual place.

        Returns:
            Paths, the usual place first.
        """

    def check_output(
        self, content: bytes, output: str, *, younger: bool, original: Callable[[], bytes]
    ) -> None:
        """Raise `FileExistsError` for a file that must not be taken for ours.

        Args:
            content: of a file at the output's place.
            output: the place.
            younger: whether it is younger than the input and than the first run into its folder;
                an older one is to be replaced.
            original: reads the input.
        """


@dataclasses.dataclass(frozen=True)
class Compress:
    """Compresses pictures.

    Attributes:
        request: what is asked of each.
    """

    request: Request
    suffixes = vocabulary.PICTURE_SUFFIXES

    @property
    def suffix(self) -> str:
        """Ending of the compact files."""
        return self.request.suffix

    @property
    def outcome(self) -> dict[str, Any]:
        """The request's outcome."""
        return self.request.outcome

    def load(self) -> tuple[Worker, Callable[[], int]]:
        """Load the preset; see `Verb.load`."""
        compressor = self.request.compressor()

        def make(content: bytes, source: str, output: str) -> Made:
            file = input_file.read(source, self.request, content)
            made, row = input_file.compress(file, self.request, compressor)
            return Made(made, input_file.kept_name(file, output) if row["kept"] else output, row)

        return make, lambda: 1

    def outputs(self, source: str, output: str) -> list[str]:
        """The usual place, and that of a file that is kept as it is; see `Verb.outputs`."""
        return input_file.places(source, output)

    def check_output(
        self, content: bytes, output: str, *, younger: bool, original: Callable[[], bytes]
    ) -> None:
        """Raise `FileExistsError` for any but a compact file and a copy; see `Verb`."""
        try:
            container.read(content)
        except ValueError:
            if not input_file.keeps(self.request) or content != original():
                raise FileExistsError(
                    f"{output} exists and is not a compact file: pass --overwrite to replace it"
                ) from None


@dataclasses.dataclass(frozen=True)
class Restore:
    """Restores compact files and ordinary JPEGs.

    Attributes:
        restoration: what is asked of each.
    """

    restoration: Restoration
    suffixes = vocabulary.COMPACT_SUFFIXES

    @property
    def suffix(self) -> str:
        """Ending of the restored pictures."""
        return self.restoration.suffix

    @property
    def outcome(self) -> dict[str, Any]:
        """The restoration's outcome."""
        return self.restoration.outcome

    def load(self) -> tuple[Worker, Callable[[], int]]:
        """Load presets as files name them, each once; see `Verb.load`."""
        compressor_of = self.restoration.loader()
        used = set()

        def make(content: bytes, source: str, output: str) -> Made:
            read = self.restoration.read(content)
            compressor = compressor_of(read.header)
            if compressor.scales:
                used.add(compressor)
            restored = self.restoration.restore(read, compressor)
            made, row = self.restoration.make(restored)
            row["kept"] = restored.is_kept
            return Made(made, kept_name(source, output) if restored.is_kept else output, row)

        return make, lambda: len(used)

    def outputs(self, source: str, output: str) -> list[str]:
        """The usual place, and that of a JPEG that is left as it is; see `Verb.outputs`."""
        if os.path.splitext(source)[1].lower() in (".jpg", ".jpeg", ".jxl"):
            return [output, kept_name(source, output)]
        return [output]

    def check_output(
        self, content: bytes, output: str, *, younger: bool, original: Callable[[], bytes]
    ) -> None:
        """Raise `FileExistsError` for an older file, which may be ours or not; see `Verb`."""
        if not younger:
            raise FileExistsError(
                f"{output} exists and is older than its input, or than the first run into this "
                "folder: pass --overwrite to replace it"
            )
