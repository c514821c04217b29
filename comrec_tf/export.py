"""Export a preset: a SavedModel for TensorFlow Serving, .tflite files, files for web pages.

    comrec export --preset=comrec -o models/comrec --model_version=1

writes models/comrec/1, of TensorFlow operations alone, with the signatures encode (the default),
decode and others; serving/README.md describes them.

    comrec export -f litert -o networks

writes both networks of each pair as .tflite files for other programs: 8-bit RGB or grey tile in,
8-bit tile out.

    comrec export -f web --preset=comrec,comrec-fast -o site

writes static files with which pages restore pictures, and a demo page; serving/web/README.md
describes them. Ordinary JPEGs are restored by the first preset.

Exit codes: 0 exported, 1 an error that the message describes, 2 a wrong command line.
"""

import pathlib
import sys

from absl import flags

from comrec_tf import vocabulary
from comrec_tf.commands import frame, help_text

__all__ = ["COMMAND", "main"]

#: What `export_signatures` takes for each value of --scale.
_SCALES = {None: None, "auto": 0, "1": 1, "2": 2}


def _define(values: flags.FlagValues) -> None:
    with help_text.group(values, help_text.IN_AND_OUT):
        flags.DEFINE_string(
            "output_dir",
            None,
            "Folder of the model, in which versions are folders; or of the other files.",
            short_name="o",
            flag_values=values,
        )
        flags.DEFINE_enum(
            "format",
            "saved_model",
            ["saved_model", "litert", "web"],
            "What to write: a SavedModel, the networks as .tflite files, or files for web pages.",
            short_name="f",
            flag_values=values,
        )
        flags.DEFINE_integer(
            "model_version",
            1,
            "Version of the model; servers take the largest.",
            lower_bound=1,
            flag_values=values,
        )
        flags.DEFINE_string(
            "web_source",
            None,
            "The folder serving/web. Default: the one next to the package.",
            flag_values=values,
        )
    frame.define_preset_flag(values, "Several, between commas, with --format=web.")
    with help_text.group(values, help_text.NETWORK):
        flags.DEFINE_enum(
            "scale",
            None,
            ["auto", "1", "2"],
            "How many times smaller the compact picture is where a request does not say, or auto "
            "for the better. Default: the largest of the preset.",
            flag_values=values,
        )
        flags.DEFINE_enum(
            "precision",
            "float32",
            list(vocabulary.PRECISIONS),
            "Arithmetic of RecCNN in a SavedModel; other formats are float32. mixed_bfloat16 is "
            "faster on CPUs with instructions for it, and slower on others; restored pixels differ "
            "by a grey level or two.",
            flag_values=values,
        )
    with help_text.group(values, help_text.RUN):
        flags.DEFINE_integer(
            "max_pixels",
            100_000_000,
            "Pixels of a picture at most; larger ones are refused.",
            lower_bound=1,
            flag_values=values,
        )
    flags.mark_flag_as_required("output_dir", flag_values=values)
    flags.register_multi_flags_validator(
        ["format", "precision"],
        lambda given: given["format"] == "saved_model" or given["precision"] == "float32",
        "expected --format=saved_model with --precision",
        flag_values=values,
    )


def _export(values: flags.FlagValues, positional: list[str]) -> int:
    if values.format == "web":
        return _export_web(values)
    if values.format == "litert":
        return _export_litert(values)
    path = pathlib.Path(values.output_dir) / str(values.model_version)
    if path.exists():
        raise FileExistsError(f"{path} exists: export another --model_version")
    import tensorflow as tf

    from comrec_tf.exporting import signatures
    from comrec_tf.presets import card, find, weights

    # TensorFlow's warnings name parts of the graph that users do not know.
    tf.get_logger().setLevel("ERROR")
    preset = find.find_preset(values.preset)
    described = card.read(preset)
    signatures.export_signatures(
        weights.load_pairs(values.preset, rec_precision=values.precision),
        path,
        scale=_SCALES[values.scale],
        max_pixels=values.max_pixels,
        default_quality=described.default_quality,
        preset=preset,
    )
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"{path}: {size / 1e6:.1f} MB")
    return frame.SUCCESS


def _export_litert(values: flags.FlagValues) -> int:
    from comrec_tf.exporting import lite_models
    from comrec_tf.presets import weights

    pairs = weights.load_pairs(values.preset)
    for path in lite_models.write_lite_models(pairs, values.output_dir):
        print(f"{path}: {path.stat().st_size / 1e6:.1f} MB")
    return frame.SUCCESS


def _export_web(values: flags.FlagValues) -> int:
    path = pathlib.Path(values.output_dir)
    if path.exists() and any(path.iterdir()):
        raise FileExistsError(f"expected a new or empty folder. Received: {path}")
    from comrec_tf.exporting import web_site

    # Checked before TensorFlow is imported, which takes seconds.
    source = web_site.find_source(values.web_source)
    web_site.write_site(values.preset.split(","), path, source)
    size = sum(file.stat().st_size for file in path.rglob("*") if file.is_file())
    print(f"{path}: {size / 1e6:.1f} MB; serving/web/README.md says which headers it needs")
    return frame.SUCCESS


COMMAND = frame.Command("export", __doc__, _define, _export)

#: Runs the command; see `frame.Command.run`.
main = COMMAND.run

if __name__ == "__main__":
    sys.exit(main(sys.argv))
