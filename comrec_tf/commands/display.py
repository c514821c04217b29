"""What a command shows: a progress bar, a table, a report."""

import json
import sys
from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import rich.console
import rich.progress

__all__ = ["Bar", "progress", "report", "table"]

_T = TypeVar("_T")


def report(
    columns: dict[str, tuple[str, str]],
    rows: list[dict[str, Any]],
    failures: list[dict[str, str]],
    *,
    total: dict[str, Any] | None = None,
    as_json: bool = False,
    stream: bool = False,
) -> None:
    """Print what was done.

    Args:
        columns: by key of a row, the column's name and the format of its values; values of None
            stay empty.
        rows: what `run` returned.
        failures: likewise.
        total: one more row, for several files.
        as_json: whether as JSON, with all keys of the rows, in place of a table.
        stream: whether standard output belongs to the result; the report goes to standard error.
    """
    file = sys.stderr if stream else sys.stdout
    if as_json:
        content = {"files": rows, "failures": failures, "total": total}
        print(json.dumps(content, indent=2), file=file)
        return
    shown = [*rows, {"file": "total", **total}] if total and len(rows) > 1 else rows
    # A column that no row has a value for says nothing.
    kept = {
        key: value
        for key, value in columns.items()
        if any(row.get(key) is not None for row in shown)
    }
    table(
        [name for name, _ in kept.values()],
        [
            [
                "" if row.get(key) is None else form.format(row[key])
                for key, (_, form) in kept.items()
            ]
            for row in shown
        ],
        file=file,
    )


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


def table(header: Sequence[str], rows: Iterable[Sequence[str]], file: Any = None) -> None:
    """Print a table; the first column to the left, the rest to the right.

    Args:
        header: names of the columns.
        rows: cells.
        file: where to; standard output if None.
    """
    # Not by rich, which takes 16 KB for a row of a folder of thousands.
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        first, *rest = (
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        )
        print("  ".join([first, *rest]).rstrip(), file=file)


class Bar:
    """Progress on standard error: files, megapixels per second, time left."""

    def __init__(self, description: str, num_files: int) -> None:
        console = rich.console.Console(stderr=True)
        self._progress = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(),
            rich.progress.MofNCompleteColumn(),
            rich.progress.TextColumn("{task.fields[rate]}"),
            rich.progress.TimeRemainingColumn(),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task(description, total=num_files, rate="")
        self._pixels = 0

    def __enter__(self) -> "Bar":
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def update(self, num_pixels: int) -> None:
        """One more file is done."""
        self._pixels += num_pixels
        elapsed = self._progress.tasks[self._task].elapsed or 0.0
        rate = f"{self._pixels / 1e6 / elapsed:.1f} megapixels/s" if elapsed else ""
        self._progress.update(self._task, advance=1, rate=rate)
