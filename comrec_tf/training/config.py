"""Everything that decides a training run, in one frozen dataclass."""

import dataclasses
import json
import os
import pathlib
from collections.abc import Mapping, Sequence
from typing import Any

from comrec_tf import vocabulary
from comrec_tf.process import storage

__all__ = ["NETWORKS", "TrainingConfig"]

#: What decides the networks of a new pair, where a run does not say it. A run that goes on from a
#: preset has the preset's.
NETWORKS = {
    "channels": 3,
    "com_filters": 32,
    "com_skip": False,
    "resolution": "compact",
    "rec_depth": 0,
    "rec_filters": 0,
    "conditioned": True,
    "tables": False,
}


def _field(
    default: Any,
    help: str,
    group: str = "Run",
    *,
    low: float | None = None,
    high: float | None = None,
    choices: Sequence[Any] = (),
) -> Any:
    """A field, what it means, the group that it stands in, and which values it takes."""
    metadata = {"help": help, "group": group, "low": low, "high": high, "choices": tuple(choices)}
    return dataclasses.field(default=default, metadata=metadata)


def _target(default: Any, help: str, **values: Any) -> Any:
    """A field that says what is trained for."""
    return _field(default, help, "Target", **values)


def _network(help: str, **values: Any) -> Any:
    """A field that decides the networks."""
    return _field(None, help, "Network", **values)


def _takes(metadata: Mapping[str, Any], value: Any) -> bool:
    """Whether a field of that metadata takes a value; None stands for the preset's."""
    low, high, choices = metadata["low"], metadata["high"], metadata["choices"]
    if value is None or choices:
        return value is None or value in choices
    return (low is None or value >= low) and (high is None or value <= high)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A training run; each field is a flag of ``comrec train``.

    The metadata of each field holds its description under "help", its group in that command's help
    under "group", and what it takes: from "low" to "high", or "choices". The fields of `NETWORKS`
    are None where they are left to the preset, or to the values there.

    Raises:
        ValueError: a field is outside its range.
    """

    train_data: tuple[str, ...] = _field(
        dataclasses.MISSING,
        "Folders, globs or files of the pictures to learn from, between commas.",
        "Input and output",
    )
    valid_data: tuple[str, ...] = _field(
        dataclasses.MISSING,
        "Folders, globs or files of the pictures to validate with, between commas.",
        "Input and output",
    )
    preset: str = _field(
        "",
        "Name of a preset, or its folder, to go on from with its networks; its pair of the other "
        "scale goes into what the run writes. Default: new networks.",
        "Network",
    )
    join: str = _field(
        "",
        "Name of a preset, or its folder, whose pair of the other scale goes into what the run "
        "writes. Default: that of --preset, where it has one.",
        "Network",
    )
    channels: int | None = _network(
        "3 for colour (YCbCr) and grey, 1 for luma alone.", choices=(1, 3)
    )
    scale: int = _field(
        2, "How many times smaller the compact picture is.", "Network", choices=(1, 2)
    )
    com_filters: int | None = _network("Feature maps of ComCNN.", low=1)
    com_skip: bool | None = _network(
        "Whether ComCNN adds to the bicubic picture; suits the joint objective."
    )
    resolution: str | None = _network(
        "RecCNN: full is the paper's, compact 11 times cheaper.", choices=("full", "compact")
    )
    rec_depth: int | None = _network(
        "Convolutions of RecCNN; 0 for its default. More than a preset's make it grow.", low=0
    )
    rec_filters: int | None = _network(
        "Feature maps of RecCNN; 0 for its default. More than a preset's make it grow.", low=0
    )
    conditioned: bool | None = _network("Whether the networks are told the quality.")
    tables: bool | None = _network(
        "Whether RecCNN is told what JPEG's tables say, too. A preset's RecCNN can learn it."
    )
    codec: str = _target(
        "",
        f"The codec inside: one of {', '.join(vocabulary.CODEC_SUFFIXES)}, with options as "
        "jpeg-flat/weight=30. Default: the preset's own, or jpeg.",
    )
    codec_mix: str = _target(
        "",
        "Codecs to learn behind, each with its weight: jpeg-trellis:2,jpeg:1,"
        "jpeg/chroma_subsampling=4:4:4:1. Default: the pair's own alone.",
    )
    quality_min: int = _target(5, "Lowest quality of the codec to train for.", low=1, high=100)
    quality_max: int = _target(
        80, "Highest quality; the lowest again for one quality alone.", low=1, high=100
    )
    chroma_subsampling: str = _target("4:2:0", 'Chroma of the codec, "4:2:0" or "4:4:4".')
    patch_size: int = _field(96, "Side of a training patch in pixels, even.", low=2)
    batch_size: int = _field(16, "Patches in a batch.", low=1)
    patches_per_picture: int = _field(16, "Patches cut each time a picture is decoded.", low=1)
    grey_share: float = _field(0.1, "Share of the patches that lose their colour.", low=0, high=1)
    precision: str = _field(
        "float32", "Arithmetic of the networks.", "Network", choices=vocabulary.PRECISIONS
    )
    objective: str = _target(
        "alternate",
        "alternate: the paper's two losses in turn; joint: distortion plus rate at once.",
        choices=vocabulary.OBJECTIVES,
    )
    rate_weight: float = _target(0.1, "Weight of the rate in the joint objective.", low=0)
    step_balance: float = _target(
        0.0,
        "Weight of an example in RecCNN's loss: its quantiser step to the power of minus this; 1 "
        "for about the same at every quality, 0 for the paper's.",
        low=0,
    )
    epochs: int = _field(20, "Epochs.", low=1)
    steps_per_epoch: int = _field(200, "Steps in an epoch.", low=1)
    com_learning_rate: float = _field(
        1e-4, "Adam's rate for ComCNN at the start; 0 freezes it.", low=0
    )
    rec_learning_rate: float = _field(
        1e-3, "Adam's rate for RecCNN at the start; 0 freezes it.", low=0
    )
    schedule: str = _field("cosine", "How the rates fall.", choices=("cosine", "constant"))
    clip_norm: float = _field(0.0, "Largest norm of a network's gradient; 0 for any.", low=0)
    ema_momentum: float = _field(
        0.0,
        "What a running mean of the weights keeps at each step, as 0.999; 0 for no mean. Below 1.",
        low=0,
        high=1,
    )
    early_stop_epochs: int = _field(
        0, "Stop after so many epochs without a better one; 0: never.", low=0
    )
    warmup_steps: int = _field(100, "Steps over which the rates rise from zero.", low=1)
    final_learning_rate: float = _field(
        0.01, "Share of the rates left at the end of the cosine.", low=0, high=1
    )
    strategy: str = _field(
        "one",
        "Devices: one, mirrored (all of this machine) or multi_worker (TF_CONFIG).",
        choices=vocabulary.STRATEGIES,
    )
    strict: bool = _field(
        False, "Whether a broken picture is an error; else it is skipped.", "Input and output"
    )
    seed: int = _field(0, "Seed of weights and data.", low=0, high=2**32 - 1)  # as NumPy's

    def __post_init__(self) -> None:
        for name in ("train_data", "valid_data"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        checks = {
            "train_data": bool(self.train_data) and all(self.train_data),
            "valid_data": bool(self.valid_data) and all(self.valid_data),
            "quality_max": self.quality_min <= self.quality_max,
            "patch_size": self.patch_size % 2 == 0,
            "ema_momentum": self.ema_momentum < 1.0,
        }
        for field in dataclasses.fields(self):
            valid = _takes(field.metadata, getattr(self, field.name))
            checks[field.name] = checks.get(field.name, True) and valid
        described = {field.name: field.metadata["help"] for field in dataclasses.fields(self)}
        for name, valid in checks.items():
            if not valid:
                raise ValueError(
                    f"{name} is out of range ({described[name]}) Received: "
                    f"{name}={getattr(self, name)!r}"
                )

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the configuration as JSON.

        Args:
            path: the file.

        Raises:
            OSError: it cannot be written.
        """
        content = json.dumps(dataclasses.asdict(self), indent=2) + "\n"
        storage.write_atomically(path, content.encode())

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "TrainingConfig":
        """Read what `save` wrote.

        Args:
            path: the file.

        Returns:
            The configuration.

        Raises:
            OSError: it cannot be read.
            ValueError: it is no configuration of this version.
        """
        try:
            return cls(**json.loads(pathlib.Path(path).read_text()))
        except (TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is not a training configuration: {error}") from error
