import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf import metrics
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.compression.compressor import Compressor
from comrec_tf.evaluation import matched
from tests.conftest import make_model


def test_the_preset_gets_the_best_quality_that_is_no_larger_than_plain_jpeg(model, photo):
    compressor = Compressor(model)
    row = matched.compare(compressor, "photo", photo, JpegCodec(), 30, scale=2)

    plain = io.BytesIO()
    PIL.Image.fromarray(photo).save(plain, "JPEG", quality=30, optimize=True, subsampling="4:2:0")
    decoded = np.asarray(PIL.Image.open(plain))
    assert row.jpeg_bytes == len(plain.getvalue())
    assert row.jpeg_psnr == pytest.approx(metrics.psnr(photo, decoded), abs=0.02)

    content = compressor.encode(photo, row.quality)
    assert row.num_bytes == len(content) <= row.jpeg_bytes
    assert len(compressor.encode(photo, row.quality + 1)) > row.jpeg_bytes
    assert row.psnr == metrics.psnr(photo, compressor.decode(content))
    assert row.ssim == metrics.ssim(photo, compressor.decode(content))


def test_without_a_scale_the_best_of_all_pairs_counts(photo):
    compressor = Compressor([make_model(scale=1), make_model(scale=2)])
    best, *rest = (
        matched.compare(compressor, "photo", photo, JpegCodec(), 60, scale)
        for scale in (None, 1, 2)
    )
    assert best.num_bytes <= best.jpeg_bytes
    assert best.psnr >= max(row.psnr for row in rest)


def test_a_limit_that_no_file_meets_gives_no_row(model):
    flat = np.zeros((16, 16, 1), np.uint8)  # the compact file's segment alone is too much
    for scale in (None, 2):
        assert matched.compare(Compressor(model), "flat", flat, JpegCodec(), 1, scale) is None


def test_the_mean_is_over_all_numbers():
    rows = [matched.Row("a", *range(8)), matched.Row("b", *range(2, 10))]
    assert matched.mean_row(rows) == matched.Row("mean", *(float(i) for i in range(1, 9)))
