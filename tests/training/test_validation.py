import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.graph import compact_file
from comrec_tf.images import color, files, metrics
from comrec_tf.models.com_cnn import ComCNN
from comrec_tf.models.com_rec import ComRec
from comrec_tf.models.rec_cnn import RecCNN
from comrec_tf.training.validation import Validation
from tests.makers import compressor_of, make_model


def test_it_measures_whole_pictures_by_the_bytes_of_the_real_codec(model, pictures_dir):
    paths = [str(pictures_dir / "astronaut.png"), str(pictures_dir / "camera.png")]
    logs: dict[str, float] = {}
    Validation(model, paths, (20, 60)).on_epoch_end(0, logs)

    compressor = compressor_of(model)
    psnrs, rates, gains = [], [], []
    for path in paths:
        picture, curve = files.read(path), []
        for quality in (20, 60):
            content = compressor.encode(picture, quality).content
            num_bytes = len(content) - compact_file.ADDED_BYTES
            psnrs.append(metrics.psnr(picture, compressor.decode(content)))
            rates.append(8 * num_bytes / picture[..., 0].size)
            curve.append((num_bytes, psnrs[-1]))
        for quality in (5, 10, 20):
            num_bytes, psnr = plain_jpeg(picture, quality)
            gains.append(metrics.psnr_at_bytes(curve, num_bytes) - psnr)
    assert logs["val_psnr"] == pytest.approx(np.mean(psnrs))
    assert logs["val_bits_per_pixel"] == pytest.approx(np.mean(rates))
    assert logs["val_gain"] == pytest.approx(np.mean(gains), abs=0.3)


def test_one_quality_alone_is_compared_at_its_own_bytes(model, pictures_dir):
    logs: dict[str, float] = {}
    Validation(model, [str(pictures_dir / "coffee.png")], (40,)).on_epoch_end(0, logs)
    picture = files.read(pictures_dir / "coffee.png")
    content = compressor_of(model).encode(picture, 40).content
    points = [plain_jpeg(picture, quality) for quality in range(1, 96)]
    plain = metrics.psnr_at_bytes(points, len(content) - compact_file.ADDED_BYTES)
    assert logs["val_gain"] == pytest.approx(logs["val_psnr"] - plain, abs=0.3)


def plain_jpeg(picture, quality):
    """Bytes and dB of Pillow's JPEG."""
    buffer = io.BytesIO()
    grey = picture.shape[-1] == 1
    PIL.Image.fromarray(picture[..., 0] if grey else picture).save(
        buffer, "JPEG", quality=quality, optimize=True, subsampling="4:2:0"
    )
    decoded = np.asarray(PIL.Image.open(buffer)).reshape(picture.shape)
    return len(buffer.getvalue()), metrics.psnr(picture, decoded)


def test_a_flat_picture_has_figures_and_does_not_decide_alone(tmp_path):
    PIL.Image.fromarray(np.full((48, 48), 255, np.uint8)).save(tmp_path / "white.png")
    shared = {"channels": 1, "scale": 2, "conditioned": True}
    model = ComRec(
        ComCNN(filters=4, **shared), RecCNN(depth=2, filters=4, resolution="compact", **shared)
    )
    validation = Validation(model, [str(tmp_path / "white.png")], (40, 60))
    exact = validation.measure()
    assert (exact["val_psnr"], exact["val_gain"]) == (50.0, 0.0)
    # One level too dark everywhere: a little worse than plain JPEG, which returns it exactly.
    bias = model.rec.residual.bias
    bias.assign(np.full(bias.shape, -1 / 255))
    one_off = validation.measure()
    assert one_off["val_psnr"] == pytest.approx(20 * np.log10(255))
    assert one_off["val_gain"] == pytest.approx(20 * np.log10(255) - 50.0)


def test_a_model_of_luma_is_judged_by_luma(pictures_dir):
    model = make_model(channels=1)
    logs: dict[str, float] = {}
    Validation(model, [str(pictures_dir / "astronaut.png")], (60,)).on_epoch_end(0, logs)
    luma = np.rint(color.luma(files.read(pictures_dir / "astronaut.png")))
    luma = luma.astype(np.uint8)[..., None]
    compressor = compressor_of(model)
    expected = metrics.psnr(luma, compressor.decode(compressor.encode(luma, 60).content))
    assert logs["val_psnr"] == pytest.approx(expected, abs=1e-3)
