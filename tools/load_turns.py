"""Compare servers under load: all run at once, and each is put under load in short turns.

    tools/load turns before=models/old@../older new=models/new,--engine=openvino --verb=decode

A server is NAME=MODEL, with @CHECKOUT where the code of another checkout shall run it, and with
flags of comrec_tf.serve by commas. A machine is seldom as fast in one minute as in the next, so the
turns are short, a turn in which other processes take more than `--others` of the machine does not
count, and what is compared is the median of those that do.
"""

import argparse
import collections
import contextlib
import os
import pathlib
import statistics
import sys
import time

from tools import load

_TICKS = os.sysconf("SC_CLK_TCK")


def main() -> int:
    """Measure and print; returns the exit code: 1 if a request was lost or answered wrong."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("servers", nargs="+", help="NAME=MODEL[@CHECKOUT][,FLAG...]; first to beat")
    parser.add_argument("--verb", default="decode", choices=["encode", "decode"])
    parser.add_argument("--sizes", default="256x256,768x512", help="WIDTHxHEIGHT, by commas")
    parser.add_argument("--clients", type=int, default=4)
    parser.add_argument("--seconds", type=float, default=5.0, help="of a turn")
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--others", type=float, default=0.05, help="share of the machine")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack:
        soaks = {}
        for index, text in enumerate(options.servers):
            name, _, rest = text.partition("=")
            soaks[name] = load.Soak(_options(rest, 18600 + 10 * index, options))
            stack.callback(soaks[name].close)
        for size in options.sizes.split(","):
            width, height = map(int, size.split("x"))
            for soak in soaks.values():
                soak.options.width, soak.options.height = width, height
                soak.prepare()
            _compare(f"{options.verb} of {size}", soaks, options)
        failed = sum(soak.counts["lost"] + soak.counts["wrong"] for soak in soaks.values())
    print(f"lost or wrong: {failed}")
    return 1 if failed else 0


def _options(text: str, port: int, options: argparse.Namespace) -> argparse.Namespace:
    place, *flags = text.split(",")
    model, _, checkout = place.partition("@")
    arguments = [model, f"--port={port}", f"--verbs={options.verb}", "--bad_share=0"]
    arguments += [f"--clients={options.clients}", f"--checkout={checkout or '.'}"]
    return load.parser().parse_args([*arguments, *(f"--serve_flag={flag}" for flag in flags)])


def _compare(what: str, soaks: dict[str, load.Soak], options: argparse.Namespace) -> None:
    speeds: dict[str, list[float]] = collections.defaultdict(list)
    latencies: dict[str, list[float]] = collections.defaultdict(list)
    for turn in range(options.rounds + 1):
        for name, soak in soaks.items():
            soak.seconds.clear()
            begun, ours, all_ = time.monotonic(), _ticks_of(soak), _ticks_of_all()
            soak.end = begun + options.seconds
            soak.put_under_load()
            elapsed = time.monotonic() - begun
            others = (_ticks_of_all() - all_) - (_ticks_of(soak) - ours)
            share = others / _TICKS / elapsed / (os.cpu_count() or 1)
            taken = [value for values in soak.seconds.values() for value in values]
            # The first turn prepares.
            counts = turn and share <= options.others
            print(
                f"  {what}, turn {turn}, {name}: {len(taken) / elapsed:.2f} a second; others "
                f"{share:.0%}{'' if counts else ', does not count'}",
                flush=True,
            )
            if counts:
                speeds[name].append(len(taken) / elapsed)
                latencies[name] += taken
    first = statistics.median(speeds[next(iter(soaks))] or [0.0])
    for name, soak in soaks.items():
        if not speeds[name] or not first:
            print(f"{what}, {name}: no turn without others")
            continue
        speed = statistics.median(speeds[name])
        marks = statistics.quantiles(latencies[name], n=100)
        engine = ", ".join(soak.engines[options.verb]) or "TensorFlow"
        print(
            f"{what}, {name}: {speed:.2f} a second, {speed / first:.2f} times the first; p50 "
            f"{marks[49]:.3f} s, p99 {marks[98]:.3f} s, {marks[98] / marks[49]:.2f} times that; "
            f"{len(speeds[name])} turns; by {engine}",
            flush=True,
        )


def _ticks_of_all() -> int:
    """Ticks that the machine has worked."""
    fields = pathlib.Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    user, nice, system, _, _, irq, softirq, *_ = map(int, fields)
    return user + nice + system + irq + softirq


def _ticks_of(soak: load.Soak) -> int:
    """Ticks that a server and this process have worked."""
    total = 0
    for pid in (soak.server.pid, os.getpid()):
        fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        total += int(fields[11]) + int(fields[12])
    return total


if __name__ == "__main__":
    sys.exit(main())
