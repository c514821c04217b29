"""What the commands on Beam share: flags and options, running a pipeline, the report."""

import argparse
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text, outcome, plan

if TYPE_CHECKING:
    from comrec_tf.beam.verbs import Verb

__all__ = ["define", "run"]


def define(values: flags.FlagValues) -> None:
    """Define the flags that every command on Beam has.

    Args:
        values: where to.
    """
    plan.define_places(values)
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_integer(
            "threads",
            1,
            "Threads of the networks in each worker process, 0 for all cores: runners start a "
            "process for each core.",
            lower_bound=0,
            flag_values=values,
        )


def run(values: flags.FlagValues, words: Sequence[str], verb: "Verb") -> int:
    """Run a verb on all inputs.

    Args:
        values: flags of `define`.
        words: all that is no flag of the command: inputs, and options of Beam.
        verb: what is done with each file.

    Returns:
        The exit code; see `commands.outcome.report_counts`.

    Raises:
        UsageError: there is no input, or an option is unknown.
        ModuleNotFoundError: Beam is not installed.
        OSError, ValueError: the preset cannot be loaded, or an earlier run used the output folder
            with other flags.
    """
    try:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ModuleNotFoundError:
        raise vocabulary.missing_extra("Beam's commands need Apache Beam", "beam") from None
    inputs, options = _parted(words)
    # Workers may have another working folder.
    inputs = [_absolute(path) for path in plan.places(values, inputs)]
    from comrec_tf.beam import output_folder, pipeline

    pipeline.limit_threads(values.threads)  # this process works too, with the DirectRunner
    output = _absolute(values.output_dir)
    verb.load()  # what is missing is found before anything is written and workers start
    reports, since = output_folder.claim(output, verb.outcome, overwrite=values.overwrite)
    with_options = beam.Pipeline(options=PipelineOptions(options))
    made = (
        with_options
        | beam.Create(inputs)
        | pipeline.MakeFiles(
            output, verb, overwrite=values.overwrite, threads=values.threads, since=since
        )
    )
    for name, lines in made.items():
        lines | f"Report {name}" >> beam.io.WriteToText(f"{reports}/{name}", ".jsonl")
    result = with_options.run()
    result.wait_until_finish()
    return outcome.report_counts(pipeline.counts_of(result), reports, as_json=values.json)


def _absolute(path: str) -> str:
    return path.rstrip("/") if "://" in path else os.path.abspath(path)


def _parted(words: Sequence[str]) -> tuple[list[str], list[str]]:
    """Inputs and options of Beam; Beam would ignore anything else without a message."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    _, others = parser.parse_known_args(list(words))
    unknown = [word for word in others if word.startswith("-")]
    if unknown:
        raise frame.UsageError(
            f"expected flags of --help or options of Beam. Received: {unknown[0]}"
        )
    options = list(words)
    for word in others:
        options.remove(word)
    return others, options
