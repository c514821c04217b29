"""A SavedModel of TensorFlow operations alone that TensorFlow Serving runs as it is."""

import logging
import os
import pathlib
import shutil
import tempfile
from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compact_file import container
from comrec_tf.graph import codecs, compact_file, jpeg, picture_files
from comrec_tf.models import picture_coder
from comrec_tf.models.com_rec import ComRec
from comrec_tf.presets import weights

__all__ = ["SIGNATURES", "export_signatures"]

_log = logging.getLogger(__name__)

#: Signatures with what they do.
SIGNATURES = {
    "serving_default": "the same as encode",
    "encode": "picture files to compact files",
    "decode": "compact files to PNG",
    "decode_jpeg": "compact files to JPEG of a given quality",
    "encode_pixels": "pixels of one size to compact files",
    "decode_pixels": "compact files of one size to pixels",
}
_QUALITY = 50
_JPEG_QUALITY = 95


def export_signatures(
    models: ComRec | Sequence[ComRec],
    path: str | os.PathLike[str],
    *,
    scale: int | None = None,
    default_quality: int = _QUALITY,
    max_pixels: int = 100_000_000,
    warm_up: bool = True,
) -> None:
    """Write a SavedModel with the signatures of `SIGNATURES`.

    Results are those of `Compressor`: files byte for byte, restored pictures within a grey level.
    A batch may hold pictures of different sizes. What is wrong with an input is an
    INVALID_ARGUMENT that says so.

    Args:
        models: the pair of networks, or one for each scale: files of each are decoded, and of the
            codec without networks.
        path: the folder to make, for TensorFlow Serving ``MODEL/VERSION``.
        scale: which pair encodes; the largest scale if None.
        default_quality: where a request brings no quality.
        max_pixels: larger pictures are refused.
        warm_up: whether to write requests that TensorFlow Serving runs when it loads the model;
            left out with a warning where tensorflow-serving-api is not installed.

    Raises:
        ValueError: the codec is not made of TensorFlow operations, or there is no pair of `scale`.
        FileExistsError: `path` exists.
        OSError: it cannot be written.
    """
    models = [models] if isinstance(models, ComRec) else list(models)
    endpoints = _Endpoints(models, scale, max_pixels)
    path = pathlib.Path(path)
    if path.exists():
        raise FileExistsError(f"{path} exists: export another version")
    archive = keras.export.ExportArchive()
    for name, (function, inputs) in endpoints.functions(default_quality).items():
        # Not as a `tf.function`, which would lose the default values.
        archive.add_endpoint(name, function, input_signature=inputs)
    path.parent.mkdir(parents=True, exist_ok=True)
    # Beside its place: a server that watches the folder must never see half a model.
    beside = pathlib.Path(tempfile.mkdtemp(dir=path.parent, prefix=f".{path.name}."))
    try:
        archive.write_out(beside / "model", verbose=False)
        if warm_up:
            _write_warm_up(beside / "model")
        os.rename(beside / "model", path)
    except tf.errors.OpError as error:
        raise OSError(f"{path} cannot be written: {error.message}") from error
    finally:
        shutil.rmtree(beside, ignore_errors=True)


class _Endpoints:
    """What the signatures compute."""

    def __init__(self, models: list[ComRec], scale: int | None, max_pixels: int) -> None:
        self._coders = {model.scale: picture_coder.PictureCoder(model) for model in models}
        self._codec = jpeg.exportable(models[0].codec)
        self._scale = max(self._coders) if scale is None else scale
        if self._scale not in self._coders:
            raise ValueError(f"expected a scale of {list(self._coders)}. Received: scale={scale}")
        self._ids = {model.scale: weights.preset_id(model) for model in models}
        self._max_pixels = max_pixels

    def functions(
        self, default_quality: int
    ) -> dict[str, tuple[Callable[..., Any], list[tf.TensorSpec]]]:
        """Functions and what they take, by the names of their signatures."""
        files = tf.TensorSpec([None], tf.string, "image_bytes")
        codes = tf.TensorSpec([None], tf.string, "code_bytes")
        pixels = tf.TensorSpec([None, None, None, 3], tf.uint8, "pixels")

        # A default must be a tensor to become one of the signature (SignatureDef.defaults).
        usual, usual_jpeg = tf.constant([default_quality]), tf.constant([_JPEG_QUALITY])

        def encode(image_bytes: tf.Tensor, quality: tf.Tensor = usual) -> dict[str, tf.Tensor]:
            return self._each(self._encode_file, image_bytes, quality)

        def encode_pixels(pixels: tf.Tensor, quality: tf.Tensor = usual) -> dict[str, tf.Tensor]:
            return self._each(self._encode_pixels, pixels, quality)

        def decode(code_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            png = tf.map_fn(
                lambda content: self._decode(content, tf.io.encode_png, _TEXT),
                code_bytes,
                fn_output_signature=_TEXT,
                parallel_iterations=1,
            )
            return {"image_bytes": png}

        def decode_jpeg(
            code_bytes: tf.Tensor, quality: tf.Tensor = usual_jpeg
        ) -> dict[str, tf.Tensor]:
            codec = jpeg.GraphJpeg(JpegCodec(chroma_subsampling="4:4:4"))

            def one(item: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
                content, quality = item
                return self._decode(content, lambda picture: codec.encode(picture, quality), _TEXT)

            items = (code_bytes, _for_each(quality, code_bytes))
            written = tf.map_fn(one, items, fn_output_signature=_TEXT, parallel_iterations=1)
            return {"image_bytes": written}

        def decode_pixels(code_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
            spec = tf.TensorSpec([None, None, 3], tf.uint8)

            def as_colour(picture: tf.Tensor) -> tf.Tensor:
                return tf.repeat(picture, 3, -1) if picture.shape[-1] == 1 else picture

            restored = tf.map_fn(
                lambda content: self._decode(content, as_colour, spec),
                code_bytes,
                fn_output_signature=spec,
                parallel_iterations=1,
            )
            return {"pixels": restored}

        quality = tf.TensorSpec([None], tf.int32, "quality")
        return {
            "serving_default": (encode, [files, quality]),
            "encode": (encode, [files, quality]),
            "decode": (decode, [codes]),
            "decode_jpeg": (decode_jpeg, [codes, quality]),
            "encode_pixels": (encode_pixels, [pixels, quality]),
            "decode_pixels": (decode_pixels, [codes]),
        }

    def _each(
        self, one: Callable[..., Any], inputs: tf.Tensor, quality: tf.Tensor
    ) -> dict[str, tf.Tensor]:
        code, height, width = tf.map_fn(
            lambda item: one(*item),
            (inputs, _for_each(quality, inputs)),
            fn_output_signature=(_TEXT, _NUMBER, _NUMBER),
            parallel_iterations=1,
        )
        return {"code_bytes": code, "height": height, "width": width}

    def _encode_file(
        self, content: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        size = picture_files.size(content)
        with _require_pixels(size, self._max_pixels):
            picture = picture_files.decode(tf.identity(content))
        return self._encode(picture, quality)

    def _encode_pixels(
        self, picture: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        with _require_pixels(tf.shape(picture, tf.int64)[:2], self._max_pixels):
            return self._encode(tf.identity(picture), quality)

    def _encode(
        self, picture: tf.Tensor, quality: tf.Tensor
    ) -> tuple[tf.Tensor, tf.Tensor, tf.Tensor]:
        coder = self._coders[self._scale]
        shape = tf.shape(picture)
        longest = self._codec.codec.max_size * self._scale
        with (
            compact_file.require(
                (quality >= 1) & (quality <= 100),
                "quality must be from 1 to 100. Received:",
                quality,
            ),
            compact_file.require(
                tf.reduce_max(shape[:2]) <= longest,
                f"a picture must have at most {longest} pixels in each direction. Received:",
                shape[:2],
            ),
        ):
            quality = tf.identity(quality)
        step = codecs.step(self._codec.codec, quality)

        def bitstream(channels: int) -> tf.Tensor:
            pixels = tf.ensure_shape(picture, [None, None, channels])
            compact = coder.compact(pixels, step)
            return self._codec.encode(tf.ensure_shape(compact, pixels.shape), quality)

        if picture.shape[-1] is None:
            grey = tf.equal(shape[-1], 1)
            code = tf.cond(grey, lambda: bitstream(1), lambda: bitstream(3))
        else:
            grey = tf.constant(picture.shape[-1] == 1)
            code = bitstream(picture.shape[-1])
        header = {
            "preset_id": tf.constant(self._ids[self._scale], tf.int64),
            "scale": tf.constant(self._scale, tf.int64),
            "quality": tf.cast(quality, tf.int64),
            "step": step,
            "height": tf.cast(shape[0], tf.int64),
            "width": tf.cast(shape[1], tf.int64),
            "grey": tf.cast(grey, tf.int64),
        }
        return compact_file.write(code, header), shape[0], shape[1]

    def _decode(
        self, content: tf.Tensor, finish: Callable[[tf.Tensor], tf.Tensor], spec: tf.TensorSpec
    ) -> tf.Tensor:
        header = compact_file.read(content)
        size = tf.stack([header["height"], header["width"]])
        with _require_pixels(size, self._max_pixels):
            height, width = tf.unstack(tf.cast(size, tf.int32))
            content = tf.identity(content)
        # What made the file: no networks, or one of the pairs.
        known = tf.constant(
            [[container.PLAIN, 1], *([self._ids[s], s] for s in self._coders)], tf.int64
        )
        given = tf.stack([header["preset_id"], header["scale"]])
        fits = tf.reduce_all(tf.equal(known, given), 1)
        expected = -(-size // header["scale"])
        received = tf.cast(tf.io.extract_jpeg_shape(content)[:2], tf.int64)
        names = ", ".join(f"{i:d} at scale {s}" for s, i in self._ids.items())
        with (
            compact_file.require(
                tf.reduce_any(fits),
                f"this server restores files of the pairs of id {names}. Received: id, scale",
                given,
            ),
            compact_file.require(
                tf.reduce_all(tf.equal(expected, received)),
                "the picture inside must be of the size that the header says. Received:",
                received,
                "expected:",
                expected,
            ),
        ):
            index = 2 * tf.argmax(tf.cast(fits, tf.int32)) + header["grey"]

        def branch(coder: picture_coder.PictureCoder | None, channels: int) -> tf.Tensor:
            decoded = self._codec.decode(content, channels)
            if coder is None:
                return finish(decoded)
            restored = coder.reconstruct(decoded, header["step"], height, width)
            return finish(tf.ensure_shape(restored, [None, None, channels]))

        branches = [
            lambda coder=coder, channels=channels: branch(coder, channels)
            for coder in (None, *self._coders.values())
            for channels in (3, 1)
        ]
        return tf.ensure_shape(tf.switch_case(tf.cast(index, tf.int32), branches), spec.shape)


_TEXT = tf.TensorSpec([], tf.string)
_NUMBER = tf.TensorSpec([], tf.int32)


def _for_each(quality: tf.Tensor, inputs: tf.Tensor) -> tf.Tensor:
    """A quality for each input, of one for all or one each."""
    count = tf.shape(inputs)[:1]
    with compact_file.require(
        tf.reduce_any(tf.equal(tf.size(quality), tf.stack([1, count[0]]))),
        "expected one quality, or one for each input. Received:",
        tf.shape(quality),
    ):
        return tf.broadcast_to(quality, count)


def _require_pixels(size: tf.Tensor, max_pixels: int) -> tf.control_dependencies:
    return compact_file.require(
        tf.reduce_all(size > 0) & (size[0] * size[1] <= max_pixels),
        f"a picture must have at most {max_pixels} pixels. Received: height, width",
        size,
    )


def _write_warm_up(folder: pathlib.Path) -> None:
    """Requests for each signature that takes files, in the form that TensorFlow Serving reads."""
    try:
        from tensorflow_serving.apis import predict_pb2, prediction_log_pb2
    except ImportError:
        _log.warning(
            "no warm-up requests are written: they need tensorflow-serving-api "
            '(pip install "comrec-tf[serving]")'
        )
        return
    loaded = tf.saved_model.load(os.fspath(folder))
    inputs: dict[str, dict[str, tf.Tensor]] = {}
    for channels in (1, 3):
        picture = tf.io.encode_png(tf.zeros([64, 64, channels], tf.uint8))
        code = loaded.signatures["encode"](
            image_bytes=picture[None], quality=tf.constant([_QUALITY])
        )["code_bytes"]
        inputs[f"encode {channels}"] = {"image_bytes": picture[None]}
        inputs[f"decode {channels}"] = {"code_bytes": code}
    (folder / "assets.extra").mkdir()
    with tf.io.TFRecordWriter(
        os.fspath(folder / "assets.extra" / "tf_serving_warmup_requests")
    ) as writer:
        for name, tensors in inputs.items():
            request = predict_pb2.PredictRequest()
            request.model_spec.name = "warmup"
            request.model_spec.signature_name = name.split()[0]
            for key, tensor in tensors.items():
                request.inputs[key].CopyFrom(tf.make_tensor_proto(tensor.numpy()))
            log = prediction_log_pb2.PredictLog(request=request)
            writer.write(prediction_log_pb2.PredictionLog(predict_log=log).SerializeToString())
