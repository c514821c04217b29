"""Input files of a compressing command: what each holds, and what becomes of it.

A picture is compressed. A compact file is copied, and so is a JPEG, WebP or AVIF that no way makes
smaller: it is *kept*, under an ending of its own format.
"""

import contextlib
import dataclasses
import io
import os
import pathlib
from collections.abc import Callable
from typing import Any

from comrec_tf.compact_file import carriers, container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.request import Request
from comrec_tf.images import files, limits

__all__ = ["InputFile", "compress", "keeps", "kept_name", "places", "read"]

#: Endings of the files that may be kept, by their format, the usual one first.
_ENDINGS = {
    "jpeg": (".jpg", ".jpeg"),
    "webp": (".webp",),
    "avif": (".avif",),
    "jpeg2000": (".j2k",),
    "jpeg-xl": (".jxl",),
}
#: Formats of ordinary files that are worth keeping.
_WORTH_KEEPING = ("jpeg", "webp", "avif")


@dataclasses.dataclass(frozen=True)
class InputFile:
    """A file to compress.

    Attributes:
        num_bytes: of the file.
        num_pixels: of its picture, or of the one that a compact file restores to.
        form: its format as in `carriers.file_format`; empty if it is of none of these.
        content: all its bytes, where it is of one of these formats; empty otherwise.
        read: what other files hold; None for a compact file, which holds no picture to compress.
    """

    num_bytes: int
    num_pixels: int
    form: str
    content: bytes
    read: files.PictureFile | None = None


def read(path: str, request: Request, content: bytes | None = None) -> InputFile:
    """Read a file to compress.

    Args:
        path: its path.
        request: what is asked of each file.
        content: all its bytes, where they have been read already; the path is only named then.

    Returns:
        The file.

    Raises:
        OSError: as `images.files.load`.
        ValueError: the file has too many bytes or pixels, or is a damaged compact file.
    """
    num_bytes = os.path.getsize(path) if content is None else len(content)
    limits.check_bytes(num_bytes, request.max_pixels)
    start = files.first_bytes(path) if content is None else content[:12]
    form = ""
    with contextlib.suppress(ValueError):
        form = carriers.file_format(start)
    if form:
        content = pathlib.Path(path).read_bytes() if content is None else content
        if carriers.extract(content) is not None:
            header = container.read(content)
            return InputFile(num_bytes, header.height * header.width, form, content)
    found = files.load(
        path if content is None else io.BytesIO(content),
        name=path,
        max_pixels=request.max_pixels,
        first_frame=request.first_frame,
    )
    whole = content if form and content is not None else b""
    return InputFile(num_bytes, found.num_pixels, form, whole, found)


def compress(
    file: InputFile,
    request: Request,
    compressor: Compressor,
    progress: Callable[[float], None] | None = None,
) -> tuple[bytes, dict[str, Any]]:
    """Make what becomes of a file.

    Args:
        file: what `read` returned.
        request: what is asked of it.
        compressor: of the request.
        progress: told from time to time which share of the work is done, 0 to 1.

    Returns:
        A compact file, or the file itself where it is kept, and a row that describes it; its "kept"
        says which.

    Raises:
        ValueError: as `Request.compress`; or the metadata of a compact file cannot be taken out.
        TargetMissedError: as `Request.check`.
    """
    if file.read is None:
        return _copy(file, request)
    content, row = request.compress(compressor, file.read.picture, file.read.metadata, progress)
    limit = request.limit(file.num_pixels)
    may_be_kept = file.form in _WORTH_KEEPING and keeps(request)
    if may_be_kept and file.num_bytes <= min(limit, len(content)):
        return file.content, _kept(
            file, file.content, limit, "no way makes it smaller: kept as it is"
        )
    request.check(row, file.read.metadata)
    notes = list(file.read.notes)
    if len(content) >= file.num_bytes:
        notes.append("became larger: the original file is smaller, and exact")
    return content, row | {
        "bytes_before": file.num_bytes,
        "of_before": len(content) / file.num_bytes,
        "ssim": None,
        "kept": False,
        "exceeds_limit": not row["met"] and len(content) > limit,
        "notes": notes,
    }


def keeps(request: Request) -> bool:
    """Tell whether any ordinary file may be kept.

    Args:
        request: what is asked of each file.

    Returns:
        False where larger files are wanted, and where metadata is not: there are more places for
        it than are read here, say comments and captions.
    """
    return request.metadata and not request.allow_larger


def kept_name(file: InputFile, output: str) -> str:
    """Name the copy of a file that is kept.

    Args:
        file: the file, of one of the formats that may be kept.
        output: where its compact file would have gone.

    Returns:
        The same place with an ending of the file's format.
    """
    return _renamed(output, _ENDINGS[file.form])


def places(source: str, output: str) -> list[str]:
    """List where the output of a file may be, as far as the file's name tells.

    Args:
        source: the file.
        output: where its compact file goes.

    Returns:
        That place, and the one of a copy if it has another name.
    """
    ending = os.path.splitext(source)[1].lower()
    forms = [form for form in _WORTH_KEEPING if ending in _ENDINGS[form]]
    return list(dict.fromkeys([output, *(_renamed(output, _ENDINGS[form]) for form in forms)]))


def _renamed(output: str, endings: tuple[str, ...]) -> str:
    stem, ending = os.path.splitext(output)
    return output if ending.lower() in endings else stem + endings[0]


def _copy(file: InputFile, request: Request) -> tuple[bytes, dict[str, Any]]:
    """A compact file, without its metadata where that is unwanted."""
    content, how = file.content, "copied as it is"
    if not request.metadata:
        content, how = carriers.without_metadata(file.content), "copied without metadata"
        container.verify(content, container.read(content))  # the picture is what it was
    limit = request.limit(file.num_pixels)
    row = _kept(file, content, limit, f"is a compact file already: {how}")
    request.check(row, carriers.extract_metadata(file.content))
    return content, row


def _kept(file: InputFile, content: bytes, limit: float, note: str) -> dict[str, Any]:
    return {
        "pixels": file.num_pixels,
        "bytes_before": file.num_bytes,
        "bytes_after": len(content),
        "of_before": len(content) / file.num_bytes,
        "bits_per_pixel": 8 * len(content) / file.num_pixels,
        "scale": "kept",
        "quality": None,
        "score": None,
        "metric": None,
        "psnr": None,
        "ssim": None,
        "met": len(content) <= limit,
        "kept": True,
        "exceeds_limit": len(content) > limit,
        "notes": [note],
    }
