"""A folder of static files with which web pages restore pictures: models, module, demo page.

::

    index.html, demo.*              the demo page
    examples/                       pictures that it shows
    comrec.js, comrec-auto.js       the module, and one for pages without own code
    comrec-worker.js                loaded with the first picture
    models.json, models/            the list of pairs, and their networks
    runtime/                        @litertjs/core's WebAssembly

The module is made by npm in ``serving/web``, which says what headers a server should send.
"""

import hashlib
import json
import os
import pathlib
import shutil
from collections.abc import Sequence
from typing import Any

from comrec_tf.compression import jpeg_restoration
from comrec_tf.exporting import tile_models, web_examples
from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import weights

__all__ = ["DEFAULT_SIDE", "MODULE", "find_source", "write_models", "write_site"]

#: Height and width of a restored tile: a picture of 768x512 pixels has six of them.
DEFAULT_SIDE = 256

#: The module's files, the demo's script among them.
MODULE = ("comrec.js", "comrec-auto.js", "comrec-worker.js", "demo.js")
_DEMO = ("index.html", "demo.css", "demo.svg")
_RUNTIME = pathlib.PurePath("node_modules", "@litertjs", "core", "wasm")
#: One file for browsers with relaxed SIMD, one for threads, one for all others.
_VARIANTS = ("litert_wasm", "litert_wasm_threaded", "litert_wasm_compat")


def write_models(
    models: Sequence[ComRec], folder: str | os.PathLike[str], side: int = DEFAULT_SIDE
) -> dict[str, Any]:
    """Write networks and the manifest that names them.

    Args:
        models: pairs of any presets; the first of scale 1 restores ordinary JPEGs, by the rule of
            `compression.jpeg_restoration`.
        folder: where to; made where missing.
        side: height and width of a restored tile in pixels.

    Returns:
        The manifest, as it is in models.json.

    Raises:
        ValueError: `side` does not fit a pair.
        OSError: the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    (folder / "models").mkdir(parents=True, exist_ok=True)
    pairs = {}
    ordinary = None
    for model in models:
        shape = tile_models.tile_shape(model, side)
        content = tile_models.tile_model_bytes(model, side)
        digest = hashlib.sha256(content).hexdigest()
        preset_id = f"{weights.preset_id(model):08x}"
        # The name changes with the content, so that caches may keep it forever.
        file = f"models/{preset_id}-{digest[:8]}.tflite"
        (folder / file).write_bytes(content)
        pairs[preset_id] = {
            "file": file,
            "sha256": digest,
            "scale": shape.scale,
            "side": shape.side,
            "halo": shape.halo,
            "conditions": model.rec.num_conditions,
        }
        if ordinary is None and shape.scale == 1:
            ordinary = {"pair": preset_id, **jpeg_restoration.rule(told_tables=model.rec.tables)}
    manifest = {"version": 3, "runtime": "runtime/", "ordinary": ordinary, "pairs": pairs}
    (folder / "models.json").write_text(json.dumps(manifest) + "\n")
    return manifest


def find_source(folder: str | os.PathLike[str] | None = None) -> pathlib.Path:
    """Find the module's folder and check that it was built.

    Args:
        folder: `serving/web`, or None for the one next to the package.

    Returns:
        The folder, which has the built module and the runtime.

    Raises:
        FileNotFoundError: something is missing; the message says what to run.
    """
    beside = pathlib.Path(__file__).parents[2] / "serving" / "web"
    source = beside if folder is None else pathlib.Path(folder)
    if not (source / "package.json").is_file():
        raise FileNotFoundError(
            "expected the folder serving/web of comrec_tf's source code (--web_source). "
            f"Received: {source}"
        )
    built = [source / "dist" / name for name in MODULE]
    runtime = [source / _RUNTIME / f"{name}_internal.wasm" for name in _VARIANTS]
    missing = [os.fspath(path) for path in [*built, *runtime] if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"expected the web module to be built: run `npm ci` in {source}. Missing: {missing[0]}"
        )
    return source


def write_site(
    preset_names: Sequence[str], folder: str | os.PathLike[str], source: pathlib.Path
) -> None:
    """Write everything that a server needs.

    Args:
        preset_names: presets whose files the site can restore; the first restores ordinary JPEGs
            and makes the demo's examples.
        folder: the site's; made where missing.
        source: what `find_source` returned.

    Raises:
        FileNotFoundError: there is no such preset.
        ValueError: a preset is damaged, or made for another codec than JPEG.
        OSError: a file cannot be read or written.
    """
    folder = pathlib.Path(folder)
    models = [model for name in preset_names for model in weights.load_pairs(name)]
    for model in models:
        if model.codec.suffix != ".jpg":
            raise ValueError(
                "expected presets around JPEG: pages read no other compact files. "
                f"Received: one around {model.codec.name}"
            )
    write_models(models, folder)
    _copy_module(source, folder)
    web_examples.write_examples(preset_names[0], folder / "examples")


def _copy_module(source: pathlib.Path, folder: pathlib.Path) -> None:
    """Module, runtime and demo page."""
    (folder / "runtime").mkdir(parents=True, exist_ok=True)
    for name in MODULE:
        shutil.copy(source / "dist" / name, folder)
    for name in _DEMO:
        shutil.copy(source / "demo" / name, folder)
    for name in _VARIANTS:
        for suffix in ("js", "wasm"):
            shutil.copy(source / _RUNTIME / f"{name}_internal.{suffix}", folder / "runtime")
