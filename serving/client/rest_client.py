#!/usr/bin/env python3
# ruff: noqa: S310, S311
"""Encode and decode files by TensorFlow Serving's REST API; needs Python's own library alone.

    python rest_client.py encode photos --output_dir=small --address=http://localhost:8501
    python rest_client.py decode small --output_dir=restored

A file that fails does not stop the others; exit code 1 if any failed.
"""

import argparse
import base64
import concurrent.futures
import json
import os
import pathlib
import random
import ssl
import sys
import tempfile
import time
import urllib.error
import urllib.request

#: Answers after which it is worth trying again.
RETRIED = {429, 503, 504}
SUFFIXES = {
    "encode": (".bmp", ".gif", ".jpeg", ".jpg", ".png"),
    "decode": (".jpeg", ".jpg"),
}
RESULT = {
    "encode": ("image_bytes", "code_bytes", ".jpg"),
    "decode": ("code_bytes", "image_bytes", ".png"),
}


def call(options: argparse.Namespace, content: bytes) -> bytes:
    """One file through the server, tried again with longer and longer waits."""
    given, wanted, _ = RESULT[options.verb]
    inputs: dict = {given: [{"b64": base64.b64encode(content).decode()}]}
    if options.verb == "encode" and options.quality:
        inputs["quality"] = [options.quality]
    body = json.dumps({"signature_name": options.verb, "inputs": inputs}).encode()
    request = urllib.request.Request(
        f"{options.address}/v1/models/{options.model}:predict",
        body,
        {"Content-Type": "application/json"},
    )
    context = ssl.create_default_context(cafile=options.ca) if options.ca else None
    for attempt in range(options.attempts):
        try:
            with urllib.request.urlopen(
                request, timeout=options.deadline, context=context
            ) as reply:
                outputs = json.load(reply)["outputs"]
            # A signature with one output answers with that alone.
            outputs = outputs[wanted] if isinstance(outputs, dict) else outputs
            return base64.b64decode(outputs[0]["b64"])
        except urllib.error.HTTPError as error:
            message = json.load(error).get("error", error.reason)
            if error.code not in RETRIED or attempt + 1 == options.attempts:
                raise RuntimeError(message) from error
        except OSError as error:
            if attempt + 1 == options.attempts:
                raise RuntimeError(f"{options.address}: {error}") from error
        time.sleep(min(10.0, 0.2 * 2**attempt) * random.uniform(0.5, 1.0))
    raise AssertionError("the last attempt returns or raises")


def work(options: argparse.Namespace, source: pathlib.Path, output: pathlib.Path) -> None:
    """One file, written beside its place and renamed."""
    content = call(options, source.read_bytes())
    output.parent.mkdir(parents=True, exist_ok=True)
    handle, beside = tempfile.mkstemp(dir=output.parent)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    os.chmod(beside, 0o644)
    os.replace(beside, output)


def plan(options: argparse.Namespace) -> list[tuple[pathlib.Path, pathlib.Path]]:
    """Sources and outputs; of a folder its whole tree."""
    jobs = []
    for given in map(pathlib.Path, options.inputs):
        found = sorted(p for p in given.rglob("*") if p.suffix.lower() in SUFFIXES[options.verb])
        for source in found if given.is_dir() else [given]:
            relative = source.relative_to(given) if given.is_dir() else pathlib.Path(source.name)
            jobs.append(
                (source, options.output_dir / relative.with_suffix(RESULT[options.verb][2]))
            )
    for source, output in jobs:
        if output.exists() and not options.overwrite:
            sys.exit(f"{output} exists: pass --overwrite to replace it")
        if not source.exists():
            sys.exit(f"expected a file or folder that exists. Received: {source}")
    return jobs


def parser(description: str, address: str) -> argparse.ArgumentParser:
    """Options that both clients have."""
    arguments = argparse.ArgumentParser(description=description)
    arguments.add_argument("verb", choices=["encode", "decode"])
    arguments.add_argument("inputs", nargs="+", help="files and folders")
    arguments.add_argument("--output_dir", type=pathlib.Path, required=True)
    arguments.add_argument("--overwrite", action="store_true", help="replace outputs that exist")
    arguments.add_argument(
        "--address", default=address, help="of the server (default: %(default)s)"
    )
    arguments.add_argument("--model", default="comrec", help="name (default: %(default)s)")
    arguments.add_argument("--quality", type=int, help="1 to 100; the model's default otherwise")
    arguments.add_argument("--concurrency", type=int, default=4, help="files at the same time")
    arguments.add_argument("--deadline", type=float, default=60.0, help="seconds for one try")
    arguments.add_argument("--attempts", type=int, default=6, help="tries for one file")
    arguments.add_argument("--ca", help="certificates, PEM, to check the server's against")
    return arguments


def run(options: argparse.Namespace, one: object) -> int:
    """All files, several at a time, with progress; returns the exit code."""
    jobs = plan(options)
    failed = 0
    with concurrent.futures.ThreadPoolExecutor(options.concurrency) as pool:
        futures = {pool.submit(one, options, *job): job[0] for job in jobs}
        for number, future in enumerate(concurrent.futures.as_completed(futures), 1):
            error = future.exception()
            if error is not None:
                failed += 1
                print(f"\r{futures[future]}: {error}", file=sys.stderr)
            if sys.stderr.isatty():
                print(f"\r{number} of {len(jobs)}", end="", file=sys.stderr)
    print(f"{len(jobs) - failed} of {len(jobs)} files done", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(run(parser(__doc__, "http://localhost:8501").parse_args(), work))
