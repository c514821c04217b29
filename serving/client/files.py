"""What both clients share: options, input and output files, several files at a time."""

import argparse
import concurrent.futures
import os
import pathlib
import random
import secrets
import sys
import time
from collections.abc import Callable

import metadata

#: Endings of the files that each verb sends; other files of a folder are named and left alone.
SUFFIXES = {
    "encode": (".bmp", ".gif", ".jpeg", ".jpg", ".png"),
    "decode": (".jpeg", ".jpg"),
    "restore": (".jpeg", ".jpg"),
}
#: Name of the input, of the output, and the ending of the files that are made.
RESULT = {
    "encode": ("image_bytes", "code_bytes", ".jpg"),
    "decode": ("code_bytes", "image_bytes", ".png"),
    "restore": ("image_bytes", "image_bytes", ".png"),
}

#: Options and content of a file -> what the server makes of it.
Call = Callable[[argparse.Namespace, bytes], bytes]


class TryAgainError(Exception):
    """A failure that may be over in a moment: the server is busy, or not there yet."""


def parser(description: str, address: str) -> argparse.ArgumentParser:
    """Options that both clients have."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument(
        "verb", choices=list(RESULT), help="restore is for ordinary JPEGs, decode for compact files"
    )
    arguments.add_argument("inputs", nargs="+", help="files and folders")
    arguments.add_argument(
        "--output_dir", type=pathlib.Path, required=True, help="folder of the outputs"
    )
    arguments.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    arguments.add_argument(
        "--address", default=address, help="of the server (default: %(default)s)"
    )
    arguments.add_argument("--model", default="comrec", help="name (default: %(default)s)")
    aim = arguments.add_mutually_exclusive_group()
    aim.add_argument("--quality", type=int, help="1 to 100; the model's default otherwise")
    aim.add_argument("--max_bytes", type=int, help="of a file before its metadata, at most")
    arguments.add_argument(
        "--scale",
        type=int,
        default=0,
        help="with --quality or --max_bytes: 1 full size, 2 half, 0 the better (default)",
    )
    arguments.add_argument(
        "--strength", type=float, help="of restore, 0 to 1: how much of it is taken over"
    )
    arguments.add_argument(
        "--concurrency",
        type=_positive,
        default=4,
        help="files at the same time (default: %(default)s)",
    )
    arguments.add_argument(
        "--deadline", type=float, default=60.0, help="seconds for one try (default: %(default)s)"
    )
    arguments.add_argument(
        "--attempts", type=_positive, default=6, help="tries for one file (default: %(default)s)"
    )
    arguments.add_argument("--ca", help="certificates, PEM, to check the server's against")
    return arguments


def signature(options: argparse.Namespace) -> tuple[str, dict[str, int | float]]:
    """Name of the signature and the numbers it wants: over REST none may be left out."""
    if options.verb == "encode" and options.quality is not None:
        return "encode_quality", {"quality": options.quality, "scale": options.scale}
    if options.verb == "encode" and options.max_bytes is not None:
        return "encode_max_bytes", {"max_bytes": options.max_bytes, "scale": options.scale}
    if options.verb == "restore" and options.strength is not None:
        return "restore_strength", {"strength": options.strength}
    return options.verb, {}


def run(options: argparse.Namespace, call: Call) -> int:
    """All files, several at a time, with progress; returns the exit code."""
    jobs = _plan(options)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.concurrency) as pool:
        try:
            futures = {pool.submit(_work, options, call, *job): job[0] for job in jobs}
            for number, future in enumerate(concurrent.futures.as_completed(futures), 1):
                error = future.exception()
                if error is not None:
                    failed += 1
                    _say(f"{futures[future]}: {error}")
                elif future.result():
                    _say(f"{futures[future]}: {future.result()}")
                if sys.stderr.isatty():
                    print(f"\r{number} of {len(jobs)}", end="", file=sys.stderr)
        except KeyboardInterrupt:
            # Leaving the pool would send all that waits.
            pool.shutdown(wait=False, cancel_futures=True)
            _say("interrupted: what is being sent is finished")
            return 130
    _say(f"{len(jobs) - failed} of {len(jobs)} files done")
    return 1 if failed else 0


def _plan(options: argparse.Namespace) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """Sources and outputs; of a folder its whole tree."""
    jobs: list[tuple[pathlib.Path, pathlib.Path]] = []
    for given in map(pathlib.Path, options.inputs):
        if not given.exists():
            sys.exit(f"expected a file or folder that exists. Received: {given}")
        found = _files_below(given, options.output_dir) if given.is_dir() else [given]
        for source in found:
            if given.is_dir() and source.suffix.lower() not in SUFFIXES[options.verb]:
                _say(f"{source}: left alone, the server does not take it")
                continue
            relative = source.relative_to(given) if given.is_dir() else pathlib.Path(source.name)
            output = options.output_dir / relative.with_suffix(RESULT[options.verb][2])
            jobs.append((source, output))
    sources = {source.resolve() for source, _ in jobs}
    outputs: dict[pathlib.Path, pathlib.Path] = {}
    for source, output in jobs:
        places = {output.resolve()}
        if options.verb == "restore":
            # What is left as it is keeps its ending; beside itself it is not copied.
            places |= {output.with_suffix(source.suffix).resolve()} - {source.resolve()}
        if places & sources:
            place = (places & sources).pop()
            sys.exit(f"{source}: its output, {place}, is an input: choose another --output_dir")
        if output in outputs:
            sys.exit(f"{source} and {outputs[output]} would both become {output}")
        if output.exists() and not options.overwrite:
            sys.exit(f"{output} exists: pass --overwrite to replace it")
        outputs[output] = source
    return jobs


def _files_below(folder: pathlib.Path, output_dir: pathlib.Path) -> list[pathlib.Path]:
    """Files of a folder's tree, but for hidden ones, and those that an earlier run has written."""
    written = output_dir.resolve()
    found = []
    for place, below, names in os.walk(folder):
        here = pathlib.Path(place)
        below[:] = [name for name in below if name[0] != "." and (here / name).resolve() != written]
        found += [here / name for name in names if name[0] != "."]
    return sorted(path for path in found if path.is_file())


def _work(
    options: argparse.Namespace, call: Call, source: pathlib.Path, output: pathlib.Path
) -> str:
    """One file, written beside its place and renamed; returns what there is to say of it."""
    content = source.read_bytes()
    made = _attempts(options, call, content)
    if made == content:  # an ordinary JPEG that needs nothing, or would be harmed
        told = "kept as it is"
        output = output.with_suffix(source.suffix)
        if output.resolve() == source.resolve():
            return told
        if output.exists() and not options.overwrite:
            raise FileExistsError(f"{output} exists: pass --overwrite to replace it")
    else:
        made, told = metadata.carry(content, made)
    output.parent.mkdir(parents=True, exist_ok=True)
    beside = output.with_name(f".{secrets.token_hex(8)}")
    try:
        beside.write_bytes(made)
        os.replace(beside, output)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    return told


def _attempts(options: argparse.Namespace, call: Call, content: bytes) -> bytes:
    """Call, and try again with longer and longer waits if that may help."""
    for attempt in range(options.attempts):
        try:
            return call(options, content)
        except TryAgainError as error:
            if attempt + 1 == options.attempts:
                raise RuntimeError(str(error)) from error
        time.sleep(min(10.0, 0.2 * 2**attempt) * random.uniform(0.5, 1.0))  # noqa: S311
    raise AssertionError("there is at least one attempt")


def _positive(text: str) -> int:
    """A whole number of at least 1, for argparse."""
    if (number := int(text)) < 1:
        raise argparse.ArgumentTypeError(f"expected a whole number from 1 on. Received: {text}")
    return number


def _say(text: str) -> None:
    """A line on standard error, over the progress, without what would move a cursor."""
    line = "".join(letter if letter.isprintable() else ascii(letter)[1:-1] for letter in text)
    print(f"\r{line}" if sys.stderr.isatty() else line, file=sys.stderr)
