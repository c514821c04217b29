"""Plan: the inputs of a command and the output of each, decided before anything is written."""

import collections
import dataclasses
import os
import pathlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from absl import flags

from comrec_tf.commands import frame, help_text, journal
from comrec_tf.commands.inputs import Found
from comrec_tf.process import storage

__all__ = ["STREAM", "Job", "Plan", "define_flags", "define_places", "make", "places"]

#: Stands for standard input as an input, for standard output as an output.
STREAM = storage.STREAM


@dataclasses.dataclass(frozen=True)
class Job:
    """One file to make of another.

    Attributes:
        source: the input file, or `STREAM`.
        output: the output file, or `STREAM`.
    """

    source: str
    output: str


@dataclasses.dataclass
class Plan:
    """What is to be done, and what is not.

    Attributes:
        jobs: to do, in order.
        skipped: inputs that are not taken, and why: the command fails for them at its end.
        passed_over: files of folders that the command does not work on, and their kind.
        num_done: how many an earlier run has done.
        log: knows what earlier runs have done; None for standard input.
        resume: whether to continue where they ended, and to record what is done.
        inputs: real paths of all inputs, of those that are skipped or done too: no output, wherever
            it goes in the end, may replace one.
    """

    jobs: list[Job]
    skipped: dict[str, str] = dataclasses.field(default_factory=dict)
    passed_over: dict[str, str] = dataclasses.field(default_factory=dict)
    num_done: int = 0
    log: journal.Journal | None = None
    resume: bool = False
    inputs: frozenset[str] = frozenset()

    @property
    def is_stream(self) -> bool:
        """Whether the result goes to standard output."""
        return any(job.output == STREAM for job in self.jobs)

    @property
    def num_passed_over(self) -> dict[str, int]:
        """How many files were passed over, by their kind."""
        return dict(sorted(collections.Counter(self.passed_over.values()).items()))

    def is_input(self, output: str) -> bool:
        """Tell whether an output would replace an input.

        Args:
            output: the file.

        Returns:
            True if it is one of the inputs, by whatever path.
        """
        return os.path.realpath(output) in self.inputs

    def may_replace(self, output: str) -> bool:
        """Tell whether a file that exists may be replaced without --overwrite.

        Args:
            output: the file.

        Returns:
            True if an earlier run made it and this one resumes that.
        """
        return self.resume and self.log is not None and self.log.owns(output)


def define_places(values: flags.FlagValues, *, stream: bool = False) -> None:
    """Define the flags that say where files come from and go to, the same in all commands.

    Args:
        values: where to.
        stream: whether the command takes `STREAM`, which needs no output folder.
    """
    unless = " Default: none; needed except for standard input." if stream else ""
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_list(
            "input",
            [],
            "More inputs, between commas, besides those that follow the flags. Default: none.",
            flag_values=values,
        )
        flags.DEFINE_string(
            "output_dir",
            None,
            f"Folder of the outputs; of an input folder it gets the same tree.{unless}",
            short_name="o",
            flag_values=values,
        )
        if not stream:
            flags.mark_flag_as_required("output_dir", flag_values=values)
        flags.DEFINE_bool("overwrite", False, "Replace outputs that exist.", flag_values=values)
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool("json", False, "Print the report as JSON.", flag_values=values)


def places(values: flags.FlagValues, positional: Sequence[str]) -> list[str]:
    """Read the inputs.

    Args:
        values: the flags of `define_places`.
        positional: the inputs that follow the flags.

    Returns:
        All inputs.

    Raises:
        UsageError: there is none.
    """
    inputs = [*values.input, *positional]
    if not inputs:
        raise frame.UsageError("expected files, folders or globs. Received: nothing")
    return inputs


def define_flags(values: flags.FlagValues) -> None:
    """Define the flags of a command that makes a file of each file.

    Args:
        values: where to.
    """
    define_places(values, stream=True)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_enum(
            "on_clash",
            "skip",
            ["skip", "number", "error"],
            "What to do where two inputs would become one output, an output exists, or would "
            "replace an input: name and skip those inputs, put a number behind the output's name, "
            "or do nothing at all.",
            flag_values=values,
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_bool(
            "resume",
            False,
            f"Go on where an earlier run ended: keep a journal, {journal.NAME}, in the output "
            "folder, and pass over what it says is done if input, flags and preset are unchanged "
            "and the output has the hash it was written with. What the journal does not know is "
            "only replaced with --overwrite.",
            flag_values=values,
        )
        flags.DEFINE_bool(
            "dry_run",
            False,
            "Print what would be made of what, and make nothing.",
            short_name="n",
            flag_values=values,
        )


def make(
    inputs: Sequence[str],
    values: flags.FlagValues,
    *,
    suffix: str,
    suffixes: Sequence[str],
    options: Mapping[str, Any],
    is_output: Callable[[str], bool] = lambda path: False,
    outputs_of: Callable[[str, str], Sequence[str]] = lambda source, output: [output],
) -> Plan:
    """Name an output for each input.

    Args:
        inputs: files, globs, folders (searched to the bottom), or `STREAM` alone; those of --input
            are added.
        values: the flags of `define_flags`.
        suffix: ending of the outputs.
        suffixes: endings of the files that are taken from a folder.
        options: as in `journal.Journal`.
        is_output: tells whether an earlier run made a file of the output folder.
        outputs_of: lists, for an input and its usual output, that and where else it may go in the
            end, as far as its name tells: some inputs are copied, under another ending.

    Returns:
        The plan.

    Raises:
        UsageError: there is no input or no output folder, or `STREAM` and flags do not go together.
        FileNotFoundError: an input does not exist, or a folder or glob holds no file.
        FileExistsError: there is a clash and --on_clash=error.
        OSError: the output folder cannot be written.
    """
    inputs = places(values, inputs)
    if STREAM in inputs:
        if len(inputs) > 1 or values.output_dir is not None or values.resume:
            raise frame.UsageError(
                "expected - alone, without --output_dir and --resume: it reads standard input and "
                f"writes standard output. Received: {' '.join(inputs)}"
            )
        return Plan([Job(STREAM, STREAM)])
    if values.output_dir is None:
        raise frame.UsageError("expected --output_dir=FOLDER. Received: nothing")

    found = Found(inputs, suffixes, values.output_dir)
    plan = Plan([], skipped=found.skipped, passed_over=found.passed_over)
    inside = os.path.join(os.path.realpath(values.output_dir), "")
    files = []
    for source, relative in found.files:
        if os.path.realpath(source).startswith(inside) and is_output(source):
            plan.passed_over[source] = "output of an earlier run"
        else:
            files.append((source, relative))
    plan.log = journal.Journal(values.output_dir, dict(options))
    plan.resume = values.resume
    plan.inputs = frozenset(os.path.realpath(source) for source, _ in files)
    unfit = set(plan.skipped)
    _assign(plan, plan.log, files, values, suffix, outputs_of)
    clashes = [f"{file}: {why}" for file, why in plan.skipped.items() if file not in unfit]
    if clashes and values.on_clash == "error":
        raise FileExistsError("\n".join(clashes))
    if plan.resume:
        due = [job for job in plan.jobs if not plan.log.is_done(job.source, job.output)]
        plan.jobs, plan.num_done = due, len(plan.jobs) - len(due)
    if plan.jobs and not values.dry_run:
        storage.check_writable(values.output_dir)
    return plan


def _assign(
    plan: Plan,
    log: journal.Journal,
    found: Sequence[tuple[str, str]],
    values: flags.FlagValues,
    suffix: str,
    outputs_of: Callable[[str, str], Sequence[str]],
) -> None:
    """Give each input an output that nothing else has, or say why it has none."""
    claims = _claims(found, pathlib.Path(values.output_dir), suffix)
    taken: set[str] = set()

    def obstacle(source: str, output: str) -> str | None:
        reasons = (blocked(source, place, output) for place in outputs_of(source, output))
        return next(filter(None, reasons), None)

    def blocked(source: str, place: str, output: str) -> str | None:
        if place != output and os.path.realpath(place) == os.path.realpath(source):
            return None  # the copy of an input that is where it belongs
        if plan.is_input(place):
            return f"its output, {place}, is an input: choose another --output_dir"
        if values.overwrite or not os.path.lexists(place):
            return None
        if not plan.may_replace(place):
            return f"{place} exists: pass --overwrite to replace it"
        if values.on_clash == "number" and not log.is_of(source, place):
            return f"{place} is another input's"
        return None

    def free_name(source: str, output: str) -> str:
        name = next(
            name
            for name in _numbered(output)
            if name not in taken
            and (name == output or name not in claims)
            and obstacle(source, name) is None
        )
        taken.add(name)
        return name

    for output, claimants in claims.items():
        for source in claimants:
            if values.on_clash == "number":
                plan.jobs.append(Job(source, free_name(source, output)))
                continue
            why = obstacle(source, output)
            if len(claimants) > 1:
                why = f"{' and '.join(claimants)} would become one file, {output}"
            if why is None:
                plan.jobs.append(Job(source, output))
            else:
                plan.skipped[source] = why


def _claims(
    found: Sequence[tuple[str, str]], folder: pathlib.Path, suffix: str
) -> dict[str, list[str]]:
    """The inputs that would become each output; a file that is named twice counts once."""
    claims: dict[str, list[str]] = {}
    for source, relative in found:
        output = str(folder / pathlib.PurePath(relative).with_suffix(suffix))
        others = claims.setdefault(output, [])
        if not any(os.path.realpath(source) == os.path.realpath(other) for other in others):
            others.append(source)
    return claims


def _numbered(output: str) -> Iterator[str]:
    """The name, then the name with -2, -3 and so on before its ending."""
    yield output
    stem, ending = os.path.splitext(output)
    number = 2
    while True:
        yield f"{stem}-{number}{ending}"
        number += 1
