"""Folders of inputs, searched to the bottom, and what of them cannot be searched."""

import os
import pathlib
from collections.abc import Callable, Iterator

__all__ = ["files_below", "is_hidden"]


def files_below(
    folder: str,
    output_dir: str | os.PathLike[str] | None,
    unreadable: Callable[[OSError], None],
    linked: Callable[[str], None] | None,
) -> Iterator[str]:
    """List the files of a folder and of all folders below it, but for what is hidden.

    Args:
        folder: where to search.
        output_dir: a folder that is left out where it is below, since what an earlier run has
            written is no input; None for none.
        unreadable: told the error of each folder that cannot be read; may raise it.
        linked: told the path of each link to a folder, which is not followed; None to follow all
            but those that lead back to where the search has come through.

    Yields:
        Paths, which begin with `folder`.
    """
    left_out = None if output_dir is None else os.path.realpath(output_dir)
    for place, below, names in os.walk(folder, onerror=unreadable, followlinks=linked is None):
        paths = {name: os.path.join(place, name) for name in below if not is_hidden(name)}
        below[:] = [name for name, path in paths.items() if os.path.realpath(path) != left_out]
        links = [name for name in below if os.path.islink(paths[name])]
        if linked is None:
            back = {name for name in links if _is_back(folder, paths[name])}
            below[:] = [name for name in below if name not in back]
        else:
            for name in links:
                linked(paths[name])
        yield from (os.path.join(place, name) for name in names if not is_hidden(name))


def is_hidden(path: str) -> bool:
    """Tell whether a file is hidden, or in a hidden folder.

    Args:
        path: below the folder that is searched, with slashes.

    Returns:
        True if a name in it begins with a dot.
    """
    return any(name.startswith(".") for name in path.split("/"))


def _is_back(folder: str, link: str) -> bool:
    """Tell whether a link below a folder leads to one that the walk has come through."""
    target = os.path.realpath(link)
    through = pathlib.PurePath(link).relative_to(folder).parents
    places = (os.path.realpath(os.path.join(folder, parent)) for parent in through)
    return any(os.path.commonpath([place, target]) == target for place in places)
