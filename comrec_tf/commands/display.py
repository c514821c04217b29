"""What a command shows while it works, and as tables; rich is imported once work begins."""

import contextlib
import os
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, TextIO, TypeVar

if TYPE_CHECKING:
    import rich.progress

__all__ = ["Progress", "printable", "printing", "progress", "rows", "table"]

_T = TypeVar("_T")
#: Seconds between two lines of progress where there is no terminal to redraw.
_BETWEEN_LINES = 5.0


def printable(text: str) -> str:
    """Make a text safe to print, whatever a file is named.

    Args:
        text: may hold bytes that are not text (as `os.fsdecode` keeps them) and control characters.

    Returns:
        The text with those escaped, on one line.
    """
    return "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)


@contextlib.contextmanager
def printing(stream: TextIO | None) -> Iterator[None]:
    """Print to a reader who may stop before the end, as `head` does: what is left is dropped.

    Args:
        stream: where to, standard output or standard error; None where that is closed.

    Raises:
        OSError: it cannot be written, say because a disk is full.
    """
    try:
        yield
        if stream is not None:
            stream.flush()
    except OSError as error:
        if stream is not None:
            # Python would try to write what is left, and fail, once more at its end.
            with open(os.devnull, "wb") as nothing:
                os.dup2(nothing.fileno(), stream.fileno())
        if not isinstance(error, BrokenPipeError):
            raise


def rows(
    columns: dict[str, tuple[str, Any]],
    rows: Sequence[dict[str, Any]],
    total: dict[str, Any] | None = None,
    file: Any = None,
) -> None:
    """Print rows as a table.

    Args:
        columns: by key of a row, the column's name and the format of its values, a format string
            or a function. A value of None is left empty; a column without values is left out.
        rows: with "file".
        total: one more row, where there are several.
        file: where to; standard output if None.
    """
    shown = [*rows, {"file": "total", **total}] if total and len(rows) > 1 else rows

    def cell(row: dict[str, Any], key: str) -> str:
        form = columns[key][1]
        if row.get(key) is None:
            return ""
        return printable(form(row[key]) if callable(form) else form.format(row[key]))

    cells = {key: [cell(row, key) for row in shown] for key in columns}
    kept = [key for key in columns if any(cells[key])]
    table(
        [columns[key][0] for key in kept],
        list(zip(*(cells[key] for key in kept), strict=True)),
        file=file,
    )


def table(header: Sequence[str], rows: Iterable[Sequence[str]], file: Any = None) -> None:
    """Print a table; the first column to the left, the rest to the right.

    Args:
        header: names of the columns.
        rows: cells.
        file: where to; standard output if None.
    """
    # Not by rich, which takes 16 KB of memory for each row: too much for thousands of files.
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            cell.rjust(width) if index else cell.ljust(width)
            for index, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip(), file=file)


def progress(items: Sequence[_T], description: str) -> Iterator[_T]:
    """Show on standard error how far a loop has come: a bar, or lines where there is no terminal.

    Args:
        items: what to loop over.
        description: what is being done.

    Yields:
        The items.
    """
    import rich.console
    import rich.progress

    console = rich.console.Console(stderr=True)
    if console.is_terminal:
        yield from rich.progress.track(items, description, console=console)
        return
    begun = said = time.monotonic()
    for done, item in enumerate(items):
        yield item
        now = time.monotonic()
        if now - said >= _BETWEEN_LINES:
            said, share = now, (done + 1) / len(items)
            left = _duration((now - begun) * (1 / share - 1))
            print(f"{description}: {share:.0%}, {left} left", file=sys.stderr, flush=True)


class Progress:
    """How far a run over many pictures has come, on standard error.

    A bar on a terminal; elsewhere a line every few seconds. Pictures are weighed by the bytes of
    their files, since that is known of all of them from the start.

    Args:
        description: what is being done.
        weights: of the files, in order.
    """

    def __init__(self, description: str, weights: Sequence[int]) -> None:
        import rich.console
        import rich.progress

        self._description = description
        self._weights = weights
        self._whole = sum(weights)
        self._index = 0
        self._weight_done = 0
        self._pixels_done = 0.0
        self._pixels = self._fraction = 0.0
        self._begun: float | None = None
        console = rich.console.Console(stderr=True)
        self._stop = threading.Event()
        self._lines = None if console.is_terminal else threading.Thread(target=self._print_lines)
        self._bar = rich.progress.Progress(
            rich.progress.TextColumn("{task.description}"),
            rich.progress.BarColumn(bar_width=18),  # the line fits 80 columns
            _in_words(self),
            console=console,
            disable=not console.is_terminal,
        )
        self._task = self._bar.add_task(description, total=1.0)

    def __enter__(self) -> "Progress":
        self._bar.start()
        if self._lines is not None:
            self._lines.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._stop.set()
        if self._lines is not None:
            self._lines.join()
        self._bar.stop()

    def begin(self, num_pixels: int) -> None:
        """Note that the work on the next picture begins.

        Args:
            num_pixels: of the picture.
        """
        if self._begun is None:
            self._begun = time.monotonic()
        self._pixels, self._fraction = float(num_pixels), 0.0

    def advance(self, fraction: float) -> None:
        """Note how much of the picture is done.

        Args:
            fraction: 0 to 1; less than before is ignored.
        """
        self._fraction = min(1.0, max(self._fraction, fraction))
        self._bar.update(self._task, completed=self.share)

    def finish(self) -> None:
        """Note that the picture is done, or has failed."""
        self._weight_done += self._weights[self._index]
        self._index += 1
        self._pixels_done += self._pixels
        self._pixels = self._fraction = 0.0
        self._bar.update(self._task, completed=self.share)

    @property
    def share(self) -> float:
        """Share of all the work that is done, 0 to 1."""
        current = self._weights[self._index] if self._index < len(self._weights) else 0
        return (self._weight_done + self._fraction * current) / max(1, self._whole)

    def __str__(self) -> str:
        parts = [f"{self._index} of {len(self._weights)} files"]
        pixels = self._pixels_done + self._fraction * self._pixels
        if self._begun is not None and pixels and self.share:
            elapsed = max(1e-3, time.monotonic() - self._begun)
            # Two digits, since one decimal would be 0.0 on a slow machine.
            parts.append(f"{_two_digits(pixels / 1e6 / elapsed)} megapixels/s")
            parts.append(f"{_duration(elapsed * (1 / self.share - 1))} left")
        elif self._pixels:
            parts.append(f"{self._pixels / 1e6:.1f} megapixels begun")
        return ", ".join(parts)

    def _print_lines(self) -> None:
        while not self._stop.wait(_BETWEEN_LINES):
            print(f"{self._description}: {self.share:.0%}, {self}", file=sys.stderr, flush=True)


def _in_words(shown: Progress) -> "rich.progress.ProgressColumn":
    """A column of rich that shows a `Progress` in words."""
    import rich.progress
    import rich.text

    class Words(rich.progress.ProgressColumn):
        def render(self, task: rich.progress.Task) -> rich.text.Text:
            return rich.text.Text(str(shown))

    return Words()


def _two_digits(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.2g}"


def _duration(seconds: float) -> str:
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"
