"""The boundary to Pillow: whatever it raises for a damaged file becomes one kind of error."""

import contextlib
from collections.abc import Iterator

import PIL
import PIL.Image

__all__ = ["pillow_errors"]


@contextlib.contextmanager
def pillow_errors(what: str, kind: type[Exception] = ValueError) -> Iterator[None]:
    """Convert what Pillow raises: a dozen kinds, RuntimeError and MemoryError among them.

    Args:
        what: the file, or what is wrong with it; the message begins with it.
        kind: of the error that is raised instead.

    Raises:
        OSError: the file cannot be opened at all; not converted, since it names the file.
    """
    try:
        yield
    except PIL.UnidentifiedImageError as error:
        raise kind(f"{what}: not a picture that Pillow reads") from error
    except PIL.Image.DecompressionBombError as error:
        raise kind(f"{what}: far more pixels than Pillow decodes") from error
    except MemoryError as error:
        raise kind(f"{what}: too little memory to decode it") from error
    except Exception as error:
        if isinstance(error, OSError) and error.filename is not None:
            raise
        raise kind(f"{what}: {str(error) or type(error).__name__}") from error
