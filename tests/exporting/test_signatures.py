import io
import pathlib
import subprocess
import sys

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2

from comrec_tf import vocabulary
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.codecs.other_formats import WebpCodec
from comrec_tf.codecs.tuned_jpeg import FlatJpegCodec
from comrec_tf.compact_file import container
from comrec_tf.compression.compressor import Compressor
from comrec_tf.compression.target import Target
from comrec_tf.exporting import encoding
from comrec_tf.exporting.signatures import SIGNATURES, export_signatures
from comrec_tf.images import files
from comrec_tf.presets import weights
from tests.makers import make_model

pytestmark = pytest.mark.slow

SESSION = pathlib.Path(__file__).parents[1] / "server" / "tf1_session.py"


@pytest.fixture(scope="module")
def signatures(exported):
    return tf.saved_model.load(str(exported / "tiny" / "1")).signatures


@pytest.fixture(scope="module")
def compressor(exported):
    """The same networks around the same encoder."""
    return Compressor.from_preset(exported / "preset")


def file_of(picture, form="PNG", **options) -> bytes:
    buffer = io.BytesIO()
    pixels = picture[..., 0] if picture.shape[-1] == 1 else picture
    PIL.Image.fromarray(pixels).save(buffer, form, **options)
    return buffer.getvalue()


def pixels_of(content) -> np.ndarray:
    pixels = np.asarray(PIL.Image.open(io.BytesIO(content)))
    return pixels if pixels.ndim == 3 else pixels[..., None]


def call(signatures, name, quality=None, **inputs):
    """Call a signature; with a quality, the one of the same name that takes it."""
    tensors = {key: tf.constant(value) for key, value in inputs.items()}
    if quality is not None:
        name += "_quality"
        tensors["quality"] = tf.constant(np.atleast_1d(quality), tf.int32)
        if name.startswith("encode"):
            tensors.setdefault("scale", tf.constant([2]))
    return {key: value.numpy() for key, value in signatures[name](**tensors).items()}


def in_a_session(exported, name, scalars=(), **inputs):
    """As TensorFlow Serving does it, in its own process; some inputs as scalars."""
    buffer = io.BytesIO()
    np.savez(buffer, **inputs)
    command = [sys.executable, str(SESSION), str(exported / "tiny" / "1"), name, *scalars]
    done = subprocess.run(command, input=buffer.getvalue(), capture_output=True)
    if done.returncode == 3:
        return done.stderr.decode()
    assert done.returncode == 0, done.stderr.decode()
    return dict(np.load(io.BytesIO(done.stdout)))


def bytes_of(content: bytes) -> np.ndarray:
    return np.frombuffer(content, np.uint8)


def test_all_signatures_are_there_with_the_names_and_types_of_the_documentation(signatures):
    assert set(signatures) == set(SIGNATURES)
    shown = {
        name: (
            {
                key: (spec.dtype.name, spec.shape.rank)
                for key, spec in s.structured_input_signature[1].items()
            },
            {key: (spec.dtype.name, spec.shape.rank) for key, spec in s.structured_outputs.items()},
        )
        for name, s in signatures.items()
    }
    text, number, pixels = ("string", 1), ("int32", 1), {"pixels": ("uint8", 4)}
    files, codes = {"image_bytes": text}, {"code_bytes": text}
    reply = {**codes, "height": number, "width": number, "quality": number, "scale": number}
    chosen = {"quality": number, "scale": number}
    restored = {**files, "restored": ("bool", 1), "quality": number}
    assert shown == {
        "serving_default": (files, reply),
        "encode": (files, reply),
        "encode_quality": ({**files, **chosen}, reply),
        "encode_max_bytes": (
            {**files, "max_bytes": number, "scale": number},
            {**reply, "met": ("bool", 1)},
        ),
        "decode": (codes, files),
        "decode_jpeg": (codes, files),
        "decode_jpeg_quality": ({**codes, "quality": number}, files),
        "encode_pixels": (pixels, reply),
        "encode_pixels_quality": ({**pixels, **chosen}, reply),
        "decode_pixels": (codes, pixels),
        "restore": (files, restored),
        "restore_strength": ({**files, "strength": ("float32", 1)}, restored),
    }


def test_signatures_say_by_themselves_what_grpc_fills_in(exported):
    content = saved_model_pb2.SavedModel()
    content.ParseFromString((exported / "tiny" / "1" / "saved_model.pb").read_bytes())
    signatures = content.meta_graphs[0].signature_def
    defaults = {
        name: {key: tf.make_ndarray(value).tolist() for key, value in s.defaults.items()}
        for name, s in signatures.items()
        if s.defaults
    }
    names = ("encode_quality", "encode_max_bytes", "encode_pixels_quality")
    assert defaults == {name: {"scale": [2]} for name in names}


def test_a_batch_of_different_sizes_gives_the_files_of_compressor(
    signatures, compressor, photo, grey_photo
):
    pictures = [photo, grey_photo, photo[:1, :1], photo[:33, :70], grey_photo[:64, :7]]
    qualities = [60, 20, 90, 5, 100]
    files = [file_of(picture) for picture in pictures]
    reply = call(signatures, "encode", qualities, image_bytes=files)
    for index, picture in enumerate(pictures):
        assert reply["code_bytes"][index] == compressor.encode(picture, qualities[index]).content
        assert (reply["height"][index], reply["width"][index]) == picture.shape[:2]


@pytest.mark.parametrize(
    ("form", "options"), [("JPEG", {"quality": 90}), ("BMP", {}), ("GIF", {}), ("PNG", {})]
)
def test_files_of_all_formats_are_taken_as_pillow_reads_them(
    signatures, compressor, photo, form, options
):
    content = file_of(photo, form, **options)
    as_read = np.asarray(PIL.Image.open(io.BytesIO(content)).convert("RGB"))
    reply = call(signatures, "encode", image_bytes=[content])
    assert reply["code_bytes"][0] == compressor.encode(as_read, 60).content


def test_transparency_is_laid_over_white(signatures, compressor, photo):
    alpha = np.zeros((*photo.shape[:2], 1), np.uint8)
    reply = call(signatures, "encode", image_bytes=[file_of(np.concatenate([photo, alpha], -1))])
    assert reply["code_bytes"][0] == compressor.encode(np.full_like(photo, 255), 60).content


@pytest.mark.parametrize("scale", [1, 2])
def test_files_of_every_pair_are_restored_as_by_compressor(
    signatures, compressor, photo, grey_photo, scale
):
    pictures = [photo, grey_photo, photo[:31, :47], photo[:1, :1]]
    codes = [compressor.encode(picture, 30, scale).content for picture in pictures]
    replies = call(signatures, "decode", code_bytes=codes)["image_bytes"]
    for code, reply in zip(codes, replies, strict=True):
        expected = compressor.decode(code)
        assert pixels_of(reply).shape == expected.shape
        assert np.abs(pixels_of(reply).astype(int) - expected).max() <= 1
    jpeg = call(signatures, "decode_jpeg", code_bytes=codes)["image_bytes"]
    assert list(jpeg) == list(call(signatures, "decode_jpeg", 95, code_bytes=codes)["image_bytes"])
    assert jpeg[0].startswith(b"\xff\xd8")
    assert np.abs(pixels_of(jpeg[0]).astype(int) - compressor.decode(codes[0])).mean() < 3
    assert len(call(signatures, "decode_jpeg", 20, code_bytes=codes)["image_bytes"][0]) < len(
        jpeg[0]
    )


def test_a_file_without_networks_is_decoded(signatures, compressor, photo):
    choice = compressor.encode_to(photo, Target("quality", 95))
    assert choice.scale == 0
    (reply,) = call(signatures, "decode", code_bytes=[choice.content])["image_bytes"]
    np.testing.assert_array_equal(pixels_of(reply), compressor.decode(choice.content))


def test_ordinary_jpegs_of_a_batch_are_restored_as_by_compressor(
    signatures, compressor, photo, grey_photo
):
    contents = [
        file_of(photo, "JPEG", quality=30),
        file_of(photo[:90, :33], "JPEG", quality=60, subsampling="4:4:4", progressive=True),
        file_of(grey_photo, "JPEG", quality=12),
        file_of(photo, "JPEG", quality=99),
    ]
    for strength in (1.0, 0.5):
        expected = [compressor.restore_jpeg(one, strength=strength) for one in contents]
        given = {"image_bytes": tf.constant(contents)}
        name = "restore"
        if strength < 1:
            given["strength"], name = tf.constant([strength]), "restore_strength"
        reply = {key: value.numpy() for key, value in signatures[name](**given).items()}
        assert reply["restored"].tolist() == [one.restored for one in expected]
        assert reply["restored"].tolist() == [True, True, True, False]
        assert reply["quality"].tolist() == [one.quality for one in expected]
        for content, one in zip(reply["image_bytes"], expected, strict=True):
            assert np.abs(pixels_of(content).astype(int) - one.picture).max() <= 1
        assert reply["image_bytes"][3] == contents[3]
    for bad, message in ((b"junk", "not a JPEG"), (contents[0][:900], "JPEG")):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            signatures["restore"](image_bytes=tf.constant([bad]))


def test_pixels_go_in_and_out(signatures, compressor, photo):
    pictures = np.stack([photo[:64, :64], photo[64:, :64]])
    codes = call(signatures, "encode_pixels", pixels=pictures)["code_bytes"]
    assert list(codes) == [compressor.encode(picture, 60).content for picture in pictures]
    restored = call(signatures, "decode_pixels", code_bytes=codes)["pixels"]
    expected = np.stack([compressor.decode(code) for code in codes])
    assert np.abs(restored.astype(int) - expected).max() <= 1


BAD = {
    "not a file": (b"no picture", "not a JPEG, PNG, GIF or BMP"),
    "cut JPEG": (b"\xff\xd8\xff\xe0\x00\x10JFIF", "JPEG"),
    "empty": (b"", "not a JPEG, PNG, GIF or BMP"),
    "too large": (file_of(np.zeros((300, 300), np.uint8)), "at most 60000 pixels"),
    "bomb": (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\x7f\xff\xff\xff\x7f\xff\xff\xff", "at most 60000"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_pictures_are_invalid_arguments_that_say_why(signatures, kind):
    content, message = BAD[kind]
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        call(signatures, "encode", image_bytes=[content])


@pytest.mark.parametrize("quality", [0, 101, [50, 60]])
def test_bad_qualities_are_invalid_arguments(signatures, photo, quality):
    with pytest.raises(tf.errors.InvalidArgumentError, match="quality"):
        call(signatures, "encode", quality, image_bytes=[file_of(photo)])


def test_bad_codes_are_invalid_arguments_that_say_why(signatures, compressor, photo):
    code = compressor.encode(photo, 50).content
    plain = file_of(photo, "JPEG")
    ids = compressor.preset_ids
    stranger = code.replace(ids[2].to_bytes(4, "big"), bytes.fromhex("0123abcd"))
    large = compressor.encode(np.zeros((300, 300, 3), np.uint8), 50).content
    damaged = code[:-100] + bytes([code[-100] ^ 1]) + code[-99:]
    for content, message in (
        (b"", "not a JPEG"),
        (plain, "carries no ComRec data"),
        (stranger, f"{ids[1]:08x} at scale 1.*0123abcd"),
        (large, "at most 60000 pixels"),
        (damaged, "damaged"),
        (code[: len(code) // 2], "JPEG|damaged"),
    ):
        with pytest.raises(tf.errors.InvalidArgumentError, match=message):
            call(signatures, "decode", code_bytes=[content])
    assert call(signatures, "decode", code_bytes=[code])["image_bytes"][0].startswith(b"\x89PNG")


@pytest.mark.parametrize("value", range(1, 9))
def test_pictures_are_turned_as_exif_says(signatures, compressor, photo, value):
    exif = PIL.Image.Exif()
    exif[0x0112] = value
    for form in ("PNG", "JPEG"):
        content = file_of(photo, form, exif=exif.tobytes())
        upright = files.from_pil(PIL.Image.open(io.BytesIO(content)))
        reply = call(signatures, "encode", image_bytes=[content])
        assert reply["code_bytes"][0] == compressor.encode(upright, 60).content
        assert (reply["height"][0], reply["width"][0]) == upright.shape[:2]


def test_a_scale_is_chosen_by_the_bits_that_full_size_takes(signatures, compressor, photo):
    content = file_of(photo)

    def at(quality, scale):
        reply = signatures["encode_quality"](
            image_bytes=tf.constant([content]),
            quality=tf.constant([quality]),
            scale=tf.constant([scale]),
        )
        code = reply["code_bytes"].numpy()[0]
        header = container.read(code)
        assert (header.scale, header.quality) == (int(reply["scale"]), int(reply["quality"]))
        return code

    for scale in (1, 2):
        assert at(30, scale) == compressor.encode(photo, 30, scale).content
    num_pixels = photo.shape[0] * photo.shape[1]
    for quality in (2, 5, 90):
        full = compressor.encode(photo, quality, 1).content
        code = at(quality, 0)
        if 8 * len(full) >= encoding.FULL_SIZE_BITS * num_pixels:
            assert code == full
        else:
            # The best at half size that is no larger, if there is one.
            sizes = {one: len(compressor.encode(photo, one, 2).content) for one in range(1, 101)}
            fitting = [one for one, size in sizes.items() if size <= len(full)]
            assert container.read(code).scale == (2 if fitting else 1)
            assert len(code) <= len(full)
    with pytest.raises(tf.errors.InvalidArgumentError, match="scale must be one of"):
        at(30, 3)


@pytest.mark.parametrize("scale", [0, 1, 2])
def test_max_bytes_is_kept_by_the_largest_quality_that_does(signatures, photo, scale):
    num_pixels = photo.shape[0] * photo.shape[1]
    for limit in (500, 900, 1500, 4000, 10**6):
        reply = signatures["encode_max_bytes"](
            image_bytes=tf.constant([file_of(photo)]),
            max_bytes=tf.constant([limit]),
            scale=tf.constant([scale]),
        )
        code = reply["code_bytes"].numpy()[0]
        header = container.read(code)
        full = 8 * limit >= encoding.FULL_SIZE_BITS * num_pixels
        if scale or not full:
            assert header.scale == (scale or 2)
        quality = int(reply["quality"])

        def at(quality, scale=header.scale):
            return call(
                signatures,
                "encode",
                quality,
                image_bytes=[file_of(photo)],
                scale=[scale],
            )["code_bytes"][0]

        assert code == at(quality)
        if bool(reply["met"]):
            assert len(code) <= limit
            if quality < 100:
                assert len(at(quality + 1)) > limit
        else:
            assert (quality, len(code) > limit) == (1, True)
    assert bool(reply["met"])


def test_a_session_without_keras_gives_the_same(exported, compressor, photo):
    """TensorFlow Serving's own path, with the default quality of the signature."""
    code = in_a_session(exported, "serving_default", image_bytes=bytes_of(file_of(photo)))
    expected = compressor.encode(photo, 60).content
    assert code["code_bytes"].tobytes() == expected
    # With the default scale of the signature.
    encoded = in_a_session(
        exported,
        "encode_quality",
        image_bytes=bytes_of(file_of(photo)),
        quality=np.array([30], np.int32),
    )
    assert encoded["code_bytes"].tobytes() == compressor.encode(photo, 30).content
    for name in ("decode", "decode_jpeg"):
        reply = in_a_session(exported, name, code_bytes=bytes_of(expected))
        restored = pixels_of(reply["image_bytes"].tobytes()).astype(int)
        assert np.abs(restored - compressor.decode(expected)).mean() < (
            1 if name == "decode" else 3
        )
    ordinary = file_of(photo, "JPEG", quality=30)
    reply = in_a_session(exported, "restore", image_bytes=bytes_of(ordinary))
    assert (reply["restored"].tolist(), reply["quality"].tolist()) == ([True], [30])
    restored = pixels_of(reply["image_bytes"].tobytes()).astype(int)
    assert np.abs(restored - compressor.restore_jpeg(ordinary).picture).max() <= 1
    pixels = in_a_session(exported, "encode_pixels", pixels=photo[None])
    assert pixels["code_bytes"].tobytes() == expected
    restored = in_a_session(exported, "decode_pixels", code_bytes=bytes_of(expected))["pixels"]
    assert np.abs(restored[0].astype(int) - compressor.decode(expected)).max() <= 1
    error = in_a_session(exported, "encode", image_bytes=bytes_of(b"junk"))
    assert "InvalidArgumentError" in error
    assert "not a JPEG" in error
    # TensorFlow Serving does not hold what is fed to the shapes of the signature.
    for name in ("image_bytes", "quality"):
        error = in_a_session(
            exported,
            "encode_quality",
            scalars=[name],
            image_bytes=bytes_of(file_of(photo)),
            quality=np.array([30], np.int32),
        )
        assert f"{name} must be a list" in error


def test_only_stock_operations_are_used(exported):
    content = saved_model_pb2.SavedModel()
    content.ParseFromString((exported / "tiny" / "1" / "saved_model.pb").read_bytes())
    (graph,) = (meta.graph_def for meta in content.meta_graphs)
    nodes = [*graph.node, *(node for f in graph.library.function for node in f.node_def)]
    used = {node.op for node in nodes} - {f.signature.name for f in graph.library.function}
    stock = set(dir(tf.raw_ops))
    assert used <= stock, used - stock
    assert not {op for op in used if "PyFunc" in op or op.startswith("IO>")}


def test_every_weight_is_stored_once(exported):
    (data,) = (exported / "tiny" / "1" / "variables").glob("*.data*")
    one, two = weights.load_pairs(exported / "preset")
    networks = (one.rec, one.com, two.rec, two.com)
    stored = sum(weight.numpy().nbytes for network in networks for weight in network.weights)
    assert stored <= data.stat().st_size < 1.6 * stored


def test_warm_up_requests_run_every_signature(exported, signatures):
    """Read with TensorFlow Serving's own message, which export does without."""
    prediction_log_pb2 = pytest.importorskip("tensorflow_serving.apis.prediction_log_pb2")
    names = set()
    for record in tf.data.TFRecordDataset(
        str(exported / "tiny" / "1" / vocabulary.WARM_UP_IN_MODEL)
    ):
        request = prediction_log_pb2.PredictionLog.FromString(record.numpy()).predict_log.request
        name = request.model_spec.signature_name
        names.add(name)
        inputs = {key: tf.make_ndarray(value) for key, value in request.inputs.items()}
        signatures[name](**{key: tf.constant(value) for key, value in inputs.items()})
    assert names == set(SIGNATURES)


def test_memory_does_not_grow_over_a_thousand_sizes(exported):
    script = """
import resource, sys
import numpy as np, tensorflow as tf
signatures = tf.saved_model.load(sys.argv[1]).signatures
random = np.random.default_rng(0)
def resident():
    return int(open("/proc/self/statm").read().split()[1]) * resource.getpagesize() / 2**20
sizes = [(9 + n % 40, 9 + n // 40) for n in range(800)] + [(20 + n, 220 - n) for n in range(200)]
assert len(set(sizes)) == 1000
random.shuffle(sizes)
for number, (height, width) in enumerate(sizes):
    picture = tf.constant(random.integers(0, 256, (height, width, 3), np.uint8))
    code = signatures["encode"](image_bytes=tf.io.encode_png(picture)[None])["code_bytes"]
    signatures["decode"](code_bytes=code)
    if number == 100:
        before = resident()
print(resident() - before)
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(exported / "tiny" / "1")], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) < 100


def test_a_pair_around_another_jpeg_encoder_is_exported_with_that_of_tensorflow(tmp_path, photo):
    model = make_model(codec=FlatJpegCodec())
    weights.save_preset(model, tmp_path / "preset")
    export_signatures(model, tmp_path / "1")
    signatures = tf.saved_model.load(str(tmp_path / "1")).signatures
    # Nor has it a pair at full size, which ordinary JPEGs want.
    assert set(SIGNATURES) - set(signatures) == {"restore", "restore_strength"}
    own = Compressor.from_preset(tmp_path / "preset")
    content = call(signatures, "encode", image_bytes=[file_of(photo)])["code_bytes"][0]
    assert content == own.with_codec(JpegCodec()).encode(photo, 50).content
    flat = own.encode(photo, 50).content
    assert flat != content
    for file in (content, flat):
        restored = call(signatures, "decode_pixels", code_bytes=[file])["pixels"][0]
        np.testing.assert_allclose(restored.astype(int), own.decode(file), atol=1)


def test_the_preset_lies_beside_the_model_for_servers_with_an_engine_of_their_own(
    exported, compressor, photo
):
    beside = Compressor.from_preset(exported / "tiny" / "1" / vocabulary.PRESET_IN_MODEL)
    code = compressor.encode(photo, 40)
    np.testing.assert_array_equal(beside.decode(code.content), compressor.decode(code.content))


def test_what_cannot_be_exported_is_refused(tmp_path, exported, model):
    with pytest.raises(ValueError, match="Received: codec=webp"):
        export_signatures(make_model(codec=WebpCodec()), tmp_path / "1")
    with pytest.raises(ValueError, match="Received: scale=1"):
        export_signatures(model, tmp_path / "1", scale=1)
    with pytest.raises(FileExistsError, match="another version"):
        export_signatures(model, exported / "tiny" / "1")
    assert list(tmp_path.iterdir()) == []
