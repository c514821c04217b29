"""From a configuration to the pair and the codecs that it asks for."""

import json
import math
from typing import Any

from comrec_tf.codecs import base, catalog
from comrec_tf.models import growth
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.presets import weights
from comrec_tf.training.config import NETWORKS, TrainingConfig

__all__ = ["build_model", "codec_mix", "networks_of"]


def build_model(config: TrainingConfig) -> ComRec:
    """Make the pair that a configuration asks for.

    Args:
        config: the run.

    Returns:
        New networks, or those of `config.preset`, RecCNN grown to what the configuration asks
        for; not compiled.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: the networks cannot be made so, or the preset's are others.
    """
    # What is the default of every codec is no option of some.
    sampled = config.chroma_subsampling != "4:2:0"
    options = {"chroma_subsampling": config.chroma_subsampling} if sampled else {}
    if config.preset:
        model = weights.load_preset(config.preset, config.precision, config.scale)
        _check_networks(config, model)
        rec = _grown(config, model.rec)
        codec = model.codec
        if config.codec or options:
            codec = _codec(config.codec or codec.name, options)
        return ComRec(model.com, rec, codec, dtype=config.precision)
    codec = _codec(config.codec or "jpeg", options)
    asked = {name: getattr(config, name) for name in NETWORKS}
    chosen: dict[str, Any] = {
        name: NETWORKS[name] if value is None else value for name, value in asked.items()
    }
    shared: dict[str, Any] = {
        "channels": chosen["channels"],
        "scale": config.scale,
        "conditioned": chosen["conditioned"],
        "dtype": config.precision,
    }
    return ComRec(
        ComCNN(filters=chosen["com_filters"], skip=chosen["com_skip"], **shared),
        RecCNN(
            depth=chosen["rec_depth"] or None,
            filters=chosen["rec_filters"] or None,
            resolution=chosen["resolution"],
            tables=chosen["tables"],
            **shared,
        ),
        codec,
        dtype=config.precision,
    )


def networks_of(model: ComRec) -> dict[str, Any]:
    """Tell what a pair says about the fields of `config.NETWORKS`.

    Args:
        model: the pair.

    Returns:
        Values by the names of the fields.
    """
    return {
        "channels": model.channels,
        "com_filters": model.com.filters,
        "com_skip": model.com.skip,
        "resolution": model.rec.resolution,
        "rec_depth": model.rec.depth,
        "rec_filters": model.rec.filters,
        "conditioned": model.rec.conditioned,
        "tables": model.rec.tables,
    }


def _check_networks(config: TrainingConfig, model: ComRec) -> None:
    """Raise `ValueError` for networks that a preset's cannot become; RecCNN may grow."""
    for name, own in networks_of(model).items():
        asked = getattr(config, name)
        grows = name in ("rec_depth", "rec_filters", "tables")
        if asked is not None and not grows and asked != own:
            raise ValueError(
                f"{name} must be that of the preset {config.preset}, {own!r}, or be left out. "
                f"Received: {asked!r}"
            )


def _grown(config: TrainingConfig, rec: RecCNN) -> RecCNN:
    """RecCNN of a preset in the form that a configuration asks for."""
    depth, filters = config.rec_depth or rec.depth, config.rec_filters or rec.filters
    tables = rec.tables if config.tables is None else config.tables
    if (depth, filters, tables) == (rec.depth, rec.filters, rec.tables):
        return rec
    return growth.grown(rec, depth=depth, filters=filters, tables=tables)


def codec_mix(text: str) -> list[tuple[base.Codec, float]]:
    """Make the codecs that a run learns behind.

    Args:
        text: see `TrainingConfig.codec_mix`.

    Returns:
        The codecs with their weights; none where the pair's own is the only one.

    Raises:
        ValueError: a codec is unknown, or a weight no positive number.
    """
    mix = []
    for part in filter(None, text.split(",")):
        name, _, weight = part.strip().rpartition(":")
        try:
            share = float(weight)
        except ValueError:
            share = 0.0
        if not 0.0 < share < math.inf:
            raise ValueError(f"codec_mix expects CODEC:WEIGHT,... Received: {part!r}")
        mix.append((_codec(name, {}), share))
    return mix


def _codec(text: str, options: dict[str, Any]) -> base.Codec:
    """Make a codec of NAME/OPTION=VALUE/..., numbers as JSON writes them."""
    name, *parts = text.split("/")
    options = dict(options)
    for part in parts:
        option, _, value = part.partition("=")
        try:
            options[option] = json.loads(value)
        except json.JSONDecodeError:
            options[option] = value
    return catalog.make_codec(name, **options)
