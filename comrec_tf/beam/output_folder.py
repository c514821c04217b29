"""The output folder of a pipeline: whose it is, so that runs of different requests do not mix."""

import datetime
import json
from typing import Any, NamedTuple

from apache_beam.io.filesystems import FileSystems

from comrec_tf.beam import places

__all__ = ["REPORTS", "Claim", "claim"]

#: Folder of the reports, in the output folder.
REPORTS = "_comrec_tf"


class Claim(NamedTuple):
    """What `claim` returns.

    Attributes:
        reports: a folder for the reports of this run.
        since: when files of this outcome were begun, by the clock of their file system, seconds
            since 1970; what is older is nobody's, or of another outcome.
    """

    reports: str
    since: float


def claim(output: str, outcome: dict[str, Any], *, overwrite: bool) -> Claim:
    """Note in the output folder how its files are made, so that runs do not mix.

    Args:
        output: folder of the files.
        outcome: of the verb.
        overwrite: whether files of another outcome may be there, to be made again.

    Returns:
        What the run needs to know of the folder.

    Raises:
        ValueError: an earlier run into this folder had another outcome.
        OSError: the folder cannot be written.
    """
    path = FileSystems.join(output, REPORTS, "request.json")
    note = json.dumps(outcome).encode()
    found = places.read_bytes(path) if FileSystems.exists(path) else b""
    if found and not overwrite and (there := json.loads(found)) != outcome:
        changed = {
            name: there.get(name)
            for name in {**there, **outcome}
            if there.get(name) != outcome.get(name)
        }
        raise ValueError(
            f"{output} was begun with {changed}: go on with the same flags, choose "
            "another --output_dir, or pass --overwrite"
        )
    if not found or (overwrite and found != note):  # the note keeps the time of the first run
        places.write_whole(path, note)
    now = datetime.datetime.now(datetime.timezone.utc)
    reports = FileSystems.join(output, REPORTS, now.strftime("%Y-%m-%dT%H-%M-%S.%f"))
    return Claim(reports, places.changed(path))
