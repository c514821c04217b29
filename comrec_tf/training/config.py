"""Everything that decides a training run, in one frozen dataclass."""

import dataclasses
import json
import os
import pathlib
from typing import Any

from comrec_tf import storage, vocabulary

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
}


def _field(default: Any, help: str) -> Any:
    return dataclasses.field(default=default, metadata={"help": help})


def _network(help: str) -> Any:
    """A field that decides the networks."""
    return _field(None, help)


@dataclasses.dataclass(frozen=True, kw_only=True)
class TrainingConfig:
    """A training run; each field is a flag of ``python -m comrec_tf.train``.

    The metadata of each field holds its description under "help". The fields of `NETWORKS` are None
    where they are left to the preset, or to the values there.

    Raises:
        ValueError: a field is outside its range.
    """

    train_data: tuple[str, ...] = dataclasses.field(
        metadata={"help": "Folders, globs or files of the pictures to learn from."}
    )
    valid_data: tuple[str, ...] = dataclasses.field(
        metadata={"help": "Folders, globs or files of the pictures to validate with."}
    )
    preset: str = _field(
        "",
        "Preset (name or folder) to go on from, with its networks; empty for new ones.",
    )
    channels: int | None = _network("3 for colour (YCbCr) and grey, 1 for luma alone.")
    scale: int = _field(2, "How many times smaller the compact picture is, 1 or 2.")
    com_filters: int | None = _network("Feature maps of ComCNN.")
    com_skip: bool | None = _network(
        "Whether ComCNN adds to the bicubic picture; suits the joint objective."
    )
    resolution: str | None = _network('RecCNN: "full" is the paper\'s, "compact" 11 times cheaper.')
    rec_depth: int | None = _network("Convolutions of RecCNN; 0 for its default.")
    rec_filters: int | None = _network("Feature maps of RecCNN; 0 for its default.")
    conditioned: bool | None = _network("Whether the networks are told the quality.")
    codec: str = _field(
        "",
        f"The codec inside: one of {', '.join(vocabulary.CODEC_SUFFIXES)}, with options as "
        "jpeg-flat/dead_zone=0.1; empty for the preset's own, or jpeg.",
    )
    codec_mix: str = _field(
        "",
        "Codecs to learn behind, each with its weight: mozjpeg:2,jpeg-flat/dead_zone=0.1:1,"
        "jpeg/chroma_subsampling=4:4:4:1; empty for the pair's own alone.",
    )
    quality_min: int = _field(5, "Lowest quality of the codec to train for.")
    quality_max: int = _field(80, "Highest quality; the lowest again for one quality alone.")
    chroma_subsampling: str = _field("4:2:0", 'Chroma of the codec, "4:2:0" or "4:4:4".')
    patch_size: int = _field(96, "Side of a training patch in pixels, even.")
    batch_size: int = _field(16, "Patches in a batch.")
    patches_per_picture: int = _field(16, "Patches cut each time a picture is decoded.")
    grey_share: float = _field(0.1, "Share of the patches that lose their colour, 0 to 1.")
    precision: str = _field(
        "float32", 'Arithmetic of the networks: "float32", "mixed_float16" or "mixed_bfloat16".'
    )
    objective: str = _field(
        "alternate",
        '"alternate": the paper\'s two losses in turn; "joint": distortion plus rate at once.',
    )
    rate_weight: float = _field(0.1, "Weight of the rate in the joint objective.")
    step_balance: float = _field(
        0.0,
        "Weight of an example in RecCNN's loss: its quantiser step to the power of minus this; 1 "
        "for about the same at every quality, 0 for the paper's.",
    )
    epochs: int = _field(20, "Epochs.")
    steps_per_epoch: int = _field(200, "Steps in an epoch.")
    com_learning_rate: float = _field(1e-4, "Adam's rate for ComCNN at the start; 0 freezes it.")
    rec_learning_rate: float = _field(1e-3, "Adam's rate for RecCNN at the start; 0 freezes it.")
    schedule: str = _field("cosine", 'How the rates fall: "cosine" or "constant".')
    clip_norm: float = _field(0.0, "Largest norm of a network's gradient; 0 for any.")
    ema_momentum: float = _field(
        0.0, "What a running mean of the weights keeps at each step, as 0.999; 0 for no mean."
    )
    early_stop_epochs: int = _field(0, "Stop after so many epochs without a better one; 0: never.")
    warmup_steps: int = _field(100, "Steps over which the rates rise from zero.")
    final_learning_rate: float = _field(0.01, "Share of the rates left at the end of the cosine.")
    strategy: str = _field(
        "one", 'Devices: "one", "mirrored" (all of this machine) or "multi_worker" (TF_CONFIG).'
    )
    strict: bool = _field(False, "Whether a broken picture is an error; else it is skipped.")
    seed: int = _field(0, "Seed of weights and data.")

    def __post_init__(self) -> None:
        for name in ("train_data", "valid_data"):
            object.__setattr__(self, name, tuple(getattr(self, name)))
        checks = {
            "train_data": bool(self.train_data) and all(self.train_data),
            "valid_data": bool(self.valid_data) and all(self.valid_data),
            "channels": self.channels in (None, 1, 3),
            "scale": self.scale in (1, 2),
            "quality_min": 1 <= self.quality_min <= 100,
            "quality_max": self.quality_min <= self.quality_max <= 100,
            "patch_size": self.patch_size >= 2 and self.patch_size % 2 == 0,
            "batch_size": self.batch_size >= 1,
            "patches_per_picture": self.patches_per_picture >= 1,
            "grey_share": 0.0 <= self.grey_share <= 1.0,
            "epochs": self.epochs >= 1,
            "steps_per_epoch": self.steps_per_epoch >= 1,
            "com_learning_rate": self.com_learning_rate >= 0.0,
            "rec_learning_rate": self.rec_learning_rate >= 0.0,
            "precision": self.precision in vocabulary.PRECISIONS,
            "strategy": self.strategy in vocabulary.STRATEGIES,
            "objective": self.objective in vocabulary.OBJECTIVES,
            "rate_weight": self.rate_weight >= 0.0,
            "step_balance": self.step_balance >= 0.0,
            "schedule": self.schedule in ("cosine", "constant"),
            "clip_norm": self.clip_norm >= 0.0,
            "ema_momentum": 0.0 <= self.ema_momentum < 1.0,
            "early_stop_epochs": self.early_stop_epochs >= 0,
            "warmup_steps": self.warmup_steps >= 1,
            "final_learning_rate": 0.0 <= self.final_learning_rate <= 1.0,
        }
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
            raise ValueError(f"{path} is no training configuration: {error}") from error
