r"""Compress pictures by the million with Apache Beam, on one machine or on many.

    comrec beam-compress --input=photos -o small
    comrec beam-compress --input=gs://bucket/photos -o gs://bucket/small --bits_per_pixel=0.25 \
        --runner=DataflowRunner --project=PROJECT

Takes folders (the tree is kept), patterns (* within a folder, ** across folders) and files of
every file system that Beam or TensorFlow knows. The flags below are those of comrec compress; all
others are Beam's: --runner, --direct_num_workers, --flink_master and so on.

A run goes on where an earlier one ended: pictures whose compact file is there and younger than
the picture are passed over. Each run writes reports into a folder of its own below _comrec_tf in
the output: failed-*.jsonl has the pictures that failed and why, done-*.jsonl a line for each that
was compressed, with the hash of its file.

Exit codes: 0 all pictures compressed, 1 some or all failed, 2 a wrong command line,
130 interrupted.
"""

import argparse
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import flags as command_flags
from comrec_tf.commands import frame, help_text

__all__ = ["COMMAND", "main"]


def main(argv: Sequence[str]) -> int:
    """Run the command.

    Args:
        argv: the command line, the program's name first.

    Returns:
        The exit code; see the module.
    """
    return COMMAND.run(argv)


def _define(values: flags.FlagValues) -> None:
    command_flags.define(values)
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_list(
            "input", None, "Folders, patterns or files, between commas.", flag_values=values
        )
        flags.DEFINE_string(
            "output_dir", None, "Folder of the compact files.", short_name="o", flag_values=values
        )
        flags.DEFINE_bool(
            "overwrite", False, "Make files again that an earlier run has made.", flag_values=values
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_integer(
            "threads",
            1,
            "Threads of TensorFlow in each worker process, 0 for all cores: runners start a "
            "process for each core.",
            lower_bound=0,
            flag_values=values,
        )
        flags.DEFINE_bool("json", False, "Print the counters as JSON.", flag_values=values)
    flags.mark_flags_as_required(["input", "output_dir"], flag_values=values)


def _compress(values: flags.FlagValues, options: list[str]) -> int:
    request = command_flags.read(values)
    try:
        import apache_beam as beam
        from apache_beam.options.pipeline_options import PipelineOptions
    except ModuleNotFoundError:
        raise vocabulary.missing_extra("beam_compress needs Apache Beam", "beam") from None

    _check_options(options)
    from comrec_tf.beam import pipeline

    # Loaded here for its codec, and so that a missing preset is found before workers start.
    pipeline.limit_threads(values.threads)  # this process works too, with the DirectRunner
    compressor = request.compressor()
    # Workers may have another working folder.
    inputs, output = [_absolute(path) for path in values.input], _absolute(values.output_dir)
    reports = pipeline.claim(output, request, compressor, overwrite=values.overwrite)
    with_options = beam.Pipeline(options=PipelineOptions(options))
    outcome = (
        with_options
        | beam.Create(inputs)
        | pipeline.CompressPictures(
            output,
            request,
            compressor.codec.suffix,
            overwrite=values.overwrite,
            threads=values.threads,
        )
    )
    for name, lines in outcome.items():
        lines | f"Report {name}" >> beam.io.WriteToText(f"{reports}/{name}", ".jsonl")
    result = with_options.run()
    result.wait_until_finish()
    counts = pipeline.counts_of(result)
    _print(counts, as_json=values.json)
    if counts["failed"]:
        print(f"{counts['failed']} failed: see {reports}/failed-*.jsonl", file=sys.stderr)
        return frame.FAILURE
    return frame.SUCCESS


def _absolute(path: str) -> str:
    return path.rstrip("/") if "://" in path else os.path.abspath(path)


def _check_options(options: list[str]) -> None:
    """Refuse what is neither a flag of ours nor an option of Beam's, which Beam would pass over."""
    from apache_beam.options.pipeline_options import PipelineOptions

    parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False, conflict_handler="resolve")
    for kind in PipelineOptions.__subclasses__():
        kind._add_argparse_args(parser)
    _, unknown = parser.parse_known_args(options)
    if unknown:
        raise frame.UsageError(
            f"expected flags of --help or options of Beam. Received: {unknown[0]}"
        )


def _print(counts: dict[str, Any], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps(counts))
        return
    for name, value in counts.items():
        print(f"{name.replace('_', ' '):>14}  {value:,}")


COMMAND = frame.Command(
    "beam_compress", __doc__, _define, _compress, arguments="[OPTIONS OF BEAM]", pass_unknown=True
)

if __name__ == "__main__":
    sys.exit(main(sys.argv))
