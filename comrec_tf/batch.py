"""Many files through one command: outputs named first, failures collected, progress, a table."""

import os
import pathlib
import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

import rich.console
import rich.progress
import rich.table
from absl import flags

__all__ = ["define_output_flags", "for_each_file", "planned_outputs", "progress", "table"]

_T = TypeVar("_T")


def progress(items: Sequence[_T], description: str) -> Iterable[_T]:
    """Show on standard error, where that is a terminal, how far a loop has come.

    Args:
        items: what to loop over.
        description: what is being done.

    Returns:
        The items.
    """
    console = rich.console.Console(stderr=True)
    return rich.progress.track(items, description, console=console, disable=not console.is_terminal)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print a table on standard output; the first column to the left, the rest to the right.

    Args:
        header: names of the columns.
        rows: cells.
    """
    grid = rich.table.Table(box=None, pad_edge=False, header_style="bold")
    for index, name in enumerate(header):
        grid.add_column(name, justify="right" if index else "left", no_wrap=True)
    for row in rows:
        grid.add_row(*row)
    # As wide as its content where nobody looks, so that a program can read it.
    console = rich.console.Console(width=None if sys.stdout.isatty() else 200)
    console.print(grid)


def define_output_flags(values: flags.FlagValues) -> None:
    """Define the flags of a command that makes a file of each file.

    Args:
        values: where to.
    """
    flags.DEFINE_string("output_dir", None, "Folder of the outputs.", flag_values=values)
    flags.mark_flag_as_required("output_dir", flag_values=values)
    flags.DEFINE_bool("overwrite", False, "Replace outputs that exist.", flag_values=values)


def planned_outputs(
    inputs: Sequence[str], output_dir: str, suffix: str, *, overwrite: bool
) -> list[pathlib.Path]:
    """Name an output for each input, before anything is written.

    Args:
        inputs: the input files.
        output_dir: folder of the outputs.
        suffix: ending of the outputs.
        overwrite: whether files that exist may be replaced.

    Returns:
        A path for each input.

    Raises:
        ValueError: there is no input, or two inputs, or an input and an output, would be one file.
        FileExistsError: an output exists and `overwrite` is False.
    """
    if not inputs:
        raise ValueError("expected files. Received: none")
    outputs = [pathlib.Path(output_dir) / (pathlib.Path(path).stem + suffix) for path in inputs]
    origins: dict[pathlib.Path, str] = {}
    sources = {os.path.realpath(path) for path in inputs}
    for origin, output in zip(inputs, outputs, strict=True):
        if output in origins:
            raise ValueError(
                f"expected inputs of different names. Received: {origins[output]} and {origin}, "
                f"which would both become {output}"
            )
        origins[output] = origin
        if os.path.realpath(output) in sources:
            raise ValueError(f"{output} is an input: choose another --output_dir")
        if output.exists() and not overwrite:
            raise FileExistsError(f"{output} exists: pass --overwrite to replace it")
    return outputs


def for_each_file(
    inputs: Sequence[str],
    outputs: Sequence[pathlib.Path],
    description: str,
    work: Callable[[str, pathlib.Path], _T],
) -> tuple[list[_T], list[str]]:
    """Work on file after file; one that fails does not stop the others.

    Args:
        inputs: the input files.
        outputs: the output files.
        description: what is being done.
        work: reads one input and writes one output; `OSError` and `ValueError` are its failures.

    Returns:
        What `work` returned, and a message for each failure, which is also printed at the end.
    """
    rows, failures = [], []
    for path, output in progress(list(zip(inputs, outputs, strict=True)), description):
        try:
            rows.append(work(path, output))
        except (OSError, ValueError) as error:
            message = str(error)
            failures.append(message if path in message else f"{path}: {message}")
    for failure in failures:
        print(failure, file=sys.stderr)
    if failures:
        print(f"{len(failures)} of {len(inputs)} files failed", file=sys.stderr)
    return rows, failures
