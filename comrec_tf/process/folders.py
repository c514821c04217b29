"""Folders of inputs, searched to the bottom, and what of them cannot be searched."""

import os
from collections.abc import Callable, Iterator

__all__ = ["files_below"]


def files_below(
    folder: str,
    output_dir: str | os.PathLike[str] | None,
    unreadable: Callable[[OSError], None],
    linked: Callable[[str], None],
) -> Iterator[str]:
    """List the files of a folder and of all folders below it, but for what is hidden.

    Links to folders are not followed: they may lead back to where they are.

    Args:
        folder: where to search.
        output_dir: a folder that is left out where it is below, since what an earlier run has
            written is no input; None for none.
        unreadable: told the error of each folder that cannot be read; may raise it.
        linked: told the path of each link to a folder.

    Yields:
        Paths, which begin with `folder`.
    """
    left_out = None if output_dir is None else os.path.realpath(output_dir)
    for place, below, names in os.walk(folder, onerror=unreadable):
        paths = {name: os.path.join(place, name) for name in below}
        below[:] = [
            name
            for name in below
            if not name.startswith(".") and os.path.realpath(paths[name]) != left_out
        ]
        for name in below:
            if os.path.islink(paths[name]):
                linked(paths[name])
        yield from (os.path.join(place, name) for name in names if not name.startswith("."))
