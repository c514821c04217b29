"""A SavedModel of TensorFlow's own operations, which TensorFlow Serving runs as it is."""

import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.exporting import batches, warm_up
from comrec_tf.exporting.apart import apart
from comrec_tf.exporting.decoding import Decoding, require_pixels
from comrec_tf.exporting.encoding import ANY_SCALE, Encoding
from comrec_tf.exporting.restoring import Restoring
from comrec_tf.graph import jpeg, orientation, picture_files
from comrec_tf.models import picture_coder
from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import card, weights

__all__ = ["SIGNATURES", "export_signatures"]

#: What the signatures do. Over REST every input must be given, so for each optional input there is
#: also a signature without it.
SIGNATURES = {
    "serving_default": "the same as encode",
    "encode": "picture files to compact files",
    "encode_quality": "the same at a given quality and scale",
    "encode_max_bytes": "the same in so many bytes at most",
    "decode": "compact files to PNG",
    "decode_jpeg": "compact files to JPEG",
    "decode_jpeg_quality": "the same of a given quality",
    "encode_pixels": "pixels of one size to compact files",
    "encode_pixels_quality": "the same at a given quality and scale",
    "decode_pixels": "compact files of one size to pixels",
    "restore": "ordinary JPEGs to PNG, restored by a pair at full size; where there is one",
    "restore_strength": "the same by a share",
}
_QUALITY = 50
_JPEG_QUALITY = 95

_Function = Callable[..., dict[str, tf.Tensor]]


def export_signatures(
    models: ComRec | Sequence[ComRec],
    path: str | os.PathLike[str],
    *,
    scale: int | None = None,
    default_quality: int = _QUALITY,
    max_pixels: int = 100_000_000,
    preset: str | os.PathLike[str] | None = None,
) -> None:
    """Write a SavedModel with the signatures of `SIGNATURES`.

    Ordinary JPEGs need a pair at full size; without one the model cannot restore them.

    Results are those of `Compressor` except for rounding: a pixel of a compact or a restored
        picture
    may be off by a grey level. A batch may hold pictures of different sizes. A wrong input is an
    INVALID_ARGUMENT with a message. With the model there are requests that run each signature;
    servers run them when they load the model.

    Args:
        models: the pair of networks, or one for each scale. The model decodes files of all of them,
            and of the codec without networks.
        path: the folder to make, for TensorFlow Serving ``MODEL/VERSION``.
        scale: which pair encodes if a request does not say, 0 for the better one; the largest scale
            if None.
        default_quality: used if a request has no quality.
        max_pixels: larger pictures are refused.
        preset: folder of the preset of `models`, which is copied into the SavedModel: the embedded
            server runs it on its own engine.

    Raises:
        ValueError: the codec is not made of TensorFlow operations, or there is no pair of `scale`.
        FileExistsError: `path` exists.
        OSError: it cannot be written.
    """
    models = [models] if isinstance(models, ComRec) else list(models)
    endpoints = _Endpoints(models, scale, max_pixels, default_quality)
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists: export another version")
    archive = keras.export.ExportArchive()
    for name, (function, inputs) in endpoints.functions().items():
        # Not as a `tf.function`, which would lose the default values.
        archive.add_endpoint(name, function, input_signature=inputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Under another name first: a server that watches the folder must never see half a model.
    beside = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        archive.write_out(beside / "model", verbose=False)
        loaded = tf.saved_model.load(os.fspath(beside / "model")).signatures
        warm_up.write(beside / "model", warm_up.requests(loaded, endpoints.scales))
        if preset is not None:
            _copy_preset(preset, beside / "model" / vocabulary.PRESET_IN_MODEL)
        os.rename(beside / "model", path)
    except tf.errors.OpError as error:
        raise OSError(f"{path} cannot be written: {error.message}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Endpoints:
    """What the signatures compute."""

    def __init__(
        self, models: list[ComRec], scale: int | None, max_pixels: int, default_quality: int
    ) -> None:
        coders = {model.scale: picture_coder.PictureCoder(model) for model in models}
        codec = jpeg.exportable(models[0].codec)
        ids = {model.scale: weights.preset_id(model) for model in models}
        self.scales = sorted(coders)
        self._scale = self.scales[-1] if scale is None else scale
        if self._scale not in (ANY_SCALE, *self.scales):
            raise ValueError(f"expected a scale of {[0, *self.scales]}. Received: scale={scale}")
        self._default_quality = default_quality
        self._max_pixels = max_pixels
        self._encoding = Encoding(coders, codec, ids)
        self._decoding = Decoding(coders, codec, ids, max_pixels)
        # Ordinary JPEGs were not made smaller.
        self._restoring = Restoring(coders[1], codec, max_pixels) if 1 in coders else None
        self._jpeg = jpeg.GraphJpeg(JpegCodec(chroma_subsampling="4:4:4"))
        self._jpeg_at = apart(
            self._jpeg.encode, tf.TensorSpec([None, None, None], tf.uint8), _NUMBER
        )
        self._read = apart(self._read_file, _TEXT)

    def functions(self) -> dict[str, tuple[_Function, list[tf.TensorSpec]]]:
        """Return the functions and their inputs, by the names of their signatures."""
        files = tf.TensorSpec([None], tf.string, "image_bytes")
        codes = tf.TensorSpec([None], tf.string, "code_bytes")
        pixels = tf.TensorSpec([None, None, None, 3], tf.uint8, "pixels")
        quality, scale, max_bytes = (
            tf.TensorSpec([None], tf.int32, name) for name in ("quality", "scale", "max_bytes")
        )
        # Only a tensor becomes a default of the signature (SignatureDef.defaults), which TensorFlow
        # Serving fills in over gRPC but not over REST.
        usual_scale = tf.constant([self._scale])

        def encode(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._usual(self._picture, batches.listed(image_bytes, "image_bytes"))

        def encode_quality(
            image_bytes: tf.Tensor, quality: tf.Tensor, scale: tf.Tensor = usual_scale
        ) -> dict[str, tf.Tensor]:
            return self._at_quality(self._picture, image_bytes, quality, scale)

        def encode_max_bytes(
            image_bytes: tf.Tensor, max_bytes: tf.Tensor, scale: tf.Tensor = usual_scale
        ) -> dict[str, tf.Tensor]:
            return self._within(image_bytes, max_bytes, scale)

        def encode_pixels(pixels: tf.Tensor) -> dict[str, tf.Tensor]:
            return self._usual(self._checked, pixels)

        def encode_pixels_quality(
            pixels: tf.Tensor, quality: tf.Tensor, scale: tf.Tensor = usual_scale
        ) -> dict[str, tf.Tensor]:
            return self._at_quality(self._checked, pixels, quality, scale)

        def decode(code_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            def png(content: tf.Tensor) -> tf.Tensor:
                return picture_files.png(self._decoding.decode(content))

            return {
                "image_bytes": batches.each(png, [batches.listed(code_bytes, "code_bytes")], _TEXT)
            }

        def decode_jpeg(code_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            def jpeg(content: tf.Tensor) -> tf.Tensor:
                return self._jpeg.encode(self._decoding.decode(content), _JPEG_QUALITY)

            return {
                "image_bytes": batches.each(jpeg, [batches.listed(code_bytes, "code_bytes")], _TEXT)
            }

        def decode_jpeg_quality(code_bytes: tf.Tensor, quality: tf.Tensor) -> dict[str, tf.Tensor]:
            def jpeg(content: tf.Tensor, quality: tf.Tensor) -> tf.Tensor:
                return self._jpeg_at(self._decoding.decode(content), quality)

            given = batches.listed(code_bytes, "code_bytes")
            items = [given, batches.for_each(quality, given, "quality")]
            return {"image_bytes": batches.each(jpeg, items, _TEXT)}

        def decode_pixels(code_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            spec = tf.TensorSpec([None, None, 3], tf.uint8)

            def restored(content: tf.Tensor) -> tf.Tensor:
                picture = self._decoding.decode(content)
                copies = tf.where(tf.equal(tf.shape(picture)[-1], 1), 3, 1)
                return tf.ensure_shape(tf.tile(picture, [1, 1, copies]), spec.shape)

            return {
                "pixels": batches.each(restored, [batches.listed(code_bytes, "code_bytes")], spec)
            }

        functions: dict[str, tuple[_Function, list[tf.TensorSpec]]] = {
            "serving_default": (encode, [files]),
            "encode": (encode, [files]),
            "encode_quality": (encode_quality, [files, quality, scale]),
            "encode_max_bytes": (encode_max_bytes, [files, max_bytes, scale]),
            "decode": (decode, [codes]),
            "decode_jpeg": (decode_jpeg, [codes]),
            "decode_jpeg_quality": (decode_jpeg_quality, [codes, quality]),
            "encode_pixels": (encode_pixels, [pixels]),
            "encode_pixels_quality": (encode_pixels_quality, [pixels, quality, scale]),
            "decode_pixels": (decode_pixels, [codes]),
        }
        if self._restoring is not None:
            functions |= _restoring_functions(self._restoring)
        return functions

    def _usual(
        self, read: Callable[[tf.Tensor], tf.Tensor], given: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        def one(content: tf.Tensor) -> tuple[tf.Tensor, ...]:
            picture = read(content)
            if self._scale == ANY_SCALE:
                quality, scale = tf.constant(self._default_quality), tf.constant(ANY_SCALE)
                code, quality, scale = self._encoding.at_quality(picture, quality, scale)
            else:
                code, quality, scale = self._encoding.at_known_quality(
                    picture, self._default_quality, self._scale
                )
            return code, *_size(picture), quality, scale

        return dict(zip(_OUTPUTS, batches.each(one, [given], _OUTPUT_SPECS), strict=True))

    def _at_quality(
        self,
        read: Callable[[tf.Tensor], tf.Tensor],
        given: tf.Tensor,
        quality: tf.Tensor,
        scale: tf.Tensor,
    ) -> dict[str, tf.Tensor]:
        def one(content: tf.Tensor, quality: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, ...]:
            picture = read(content)
            code, quality, scale = self._encoding.at_quality(picture, quality, scale)
            return code, *_size(picture), quality, scale

        if given.dtype == tf.string:
            given = batches.listed(given, "image_bytes")
        items = [
            given,
            batches.for_each(quality, given, "quality"),
            batches.for_each(scale, given, "scale"),
        ]
        return dict(zip(_OUTPUTS, batches.each(one, items, _OUTPUT_SPECS), strict=True))

    def _within(
        self, image_bytes: tf.Tensor, max_bytes: tf.Tensor, scale: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        def one(content: tf.Tensor, limit: tf.Tensor, scale: tf.Tensor) -> tuple[tf.Tensor, ...]:
            picture = self._picture(content)
            code, quality, scale, met = self._encoding.within(picture, limit, scale)
            return code, *_size(picture), quality, scale, met

        given = batches.listed(image_bytes, "image_bytes")
        items = [
            given,
            batches.for_each(max_bytes, given, "max_bytes"),
            batches.for_each(scale, given, "scale"),
        ]
        specs = (*_OUTPUT_SPECS, tf.TensorSpec([], tf.bool))
        return dict(zip((*_OUTPUTS, "met"), batches.each(one, items, specs), strict=True))

    def _picture(self, content: tf.Tensor) -> tf.Tensor:
        """A file's picture, upright."""
        return self._read(content)

    def _read_file(self, content: tf.Tensor) -> tf.Tensor:
        size = picture_files.size(content)
        with require_pixels(size, self._max_pixels):
            content = tf.identity(content)
        return orientation.upright(picture_files.decode(content), orientation.read(content))

    def _checked(self, picture: tf.Tensor) -> tf.Tensor:
        with require_pixels(tf.shape(picture, tf.int64)[:2], self._max_pixels):
            return tf.identity(picture)


_TEXT = tf.TensorSpec([], tf.string)
_NUMBER = tf.TensorSpec([], tf.int32)
_OUTPUTS = ("code_bytes", "height", "width", "quality", "scale")
_OUTPUT_SPECS = (_TEXT, _NUMBER, _NUMBER, _NUMBER, _NUMBER)


def _restoring_functions(
    restoring: Restoring,
) -> dict[str, tuple[_Function, list[tf.TensorSpec]]]:
    def restored(image_bytes: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        given = batches.listed(image_bytes, "image_bytes")
        items = [given, batches.for_each(strength, given, "strength")]
        specs = (_TEXT, tf.TensorSpec([], tf.bool), _NUMBER)
        made = batches.each(lambda *item: tuple(restoring.restore(*item)), items, specs)
        return dict(zip(("image_bytes", "restored", "quality"), made, strict=True))

    def restore(image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        return restored(image_bytes, tf.constant([1.0]))

    def restore_strength(image_bytes: tf.Tensor, strength: tf.Tensor) -> dict[str, tf.Tensor]:
        return restored(image_bytes, strength)

    files = tf.TensorSpec([None], tf.string, "image_bytes")
    strength = tf.TensorSpec([None], tf.float32, "strength")
    return {
        "restore": (restore, [files]),
        "restore_strength": (restore_strength, [files, strength]),
    }


def _size(picture: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    shape = tf.shape(picture)
    return shape[0], shape[1]


def _copy_preset(preset: str | os.PathLike[str], folder: pathlib.Path) -> None:
    described = card.read(preset)
    folder.mkdir(parents=True)
    lite = [lite for pair in described.pairs for lite in (pair.com_lite, pair.rec_lite)]
    for name in (card.FILE, *(one.file for one in lite if one is not None)):
        shutil.copyfile(described.folder / name, folder / name)
