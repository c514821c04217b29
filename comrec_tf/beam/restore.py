r"""Restore compact files and ordinary JPEGs by the million with Apache Beam.

    comrec beam-restore small -o restored
    comrec beam-restore gs://bucket/old -o gs://bucket/better -f jpeg -q 92 \
        --runner=DataflowRunner --project=PROJECT

Takes folders (the tree is kept), patterns (* within a folder, ** across folders) and files of
every file system that Beam or TensorFlow knows. The flags below are those of comrec restore; all
other flags are Beam's: --runner, --direct_num_workers, --flink_master and so on. A JPEG that needs
nothing, or where restoring would do harm, is copied as it is.

A run continues where an earlier one ended: files whose output is there, newer than the file and
than the first run, are passed over; an older output is only replaced with --overwrite. Each run
writes reports into its own folder below _comrec_tf in the output: failed-*.jsonl has the files that
failed and why, done-*.jsonl a line for each that was restored, with the hash of its output.

Exit codes: 0 all files restored or kept, 1 some or all failed, 2 a wrong command line,
130 interrupted.
"""

import sys

from absl import flags

from comrec_tf.beam import doors
from comrec_tf.commands import frame, restore_flags

__all__ = ["COMMAND", "main"]


def _define(values: flags.FlagValues) -> None:
    doors.define(values)
    restore_flags.define(values)


def _restore(values: flags.FlagValues, words: list[str]) -> int:
    from comrec_tf.beam import verbs

    return doors.run(values, words, verbs.Restore(restore_flags.read(values)))


COMMAND = frame.Command(
    "beam.restore",
    __doc__,
    _define,
    _restore,
    arguments="FILE... [OPTIONS OF BEAM]",
    pass_unknown=True,
)

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
