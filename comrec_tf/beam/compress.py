r"""Compress pictures by the million with Apache Beam, on one machine or on many.

    comrec beam-compress photos -o small
    comrec beam-compress gs://bucket/photos -o gs://bucket/small --bits_per_pixel=0.25 \
        --runner=DataflowRunner --project=PROJECT

Takes folders (the tree is kept), patterns (* within a folder, ** across folders) and files of
every file system that Beam or TensorFlow knows. The flags below are those of comrec compress, and
what becomes of each file is the same, kept files included; all other flags are Beam's: --runner,
--direct_num_workers, --flink_master and so on.

A run continues where an earlier one ended: pictures whose compact file or copy is there and newer
than the picture are passed over. Each run writes reports into its own folder below _comrec_tf in
the output: failed-*.jsonl has the pictures that failed and why, done-*.jsonl a line for each other,
with the hash of its file and what was not kept of the picture.

Exit codes: 0 all pictures compressed or kept, 1 some or all failed, 2 a wrong command line, 3 a
limit of bytes cannot be kept for some, 130 interrupted.
"""

import sys

from absl import flags

from comrec_tf.beam import doors
from comrec_tf.commands import flags as command_flags
from comrec_tf.commands import frame

__all__ = ["COMMAND", "main"]


def _define(values: flags.FlagValues) -> None:
    doors.define(values)
    command_flags.define(values)


def _compress(values: flags.FlagValues, words: list[str]) -> int:
    from comrec_tf.beam import verbs

    return doors.run(values, words, verbs.Compress(command_flags.read(values)))


COMMAND = frame.Command(
    "beam.compress",
    __doc__,
    _define,
    _compress,
    arguments="PICTURE... [OPTIONS OF BEAM]",
    pass_unknown=True,
)

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
