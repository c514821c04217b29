import io

import numpy as np
import PIL.Image
import pytest

from comrec_tf.codecs import catalog
from comrec_tf.codecs.jpeg import JpegCodec
from comrec_tf.evaluation import matched
from comrec_tf.images import metrics


def test_the_preset_gets_the_best_quality_that_is_no_larger_than_plain_jpeg(compressor, photo):
    row = matched.compare(compressor, "photo", photo, JpegCodec(), 30, scale=2)

    plain = io.BytesIO()
    PIL.Image.fromarray(photo).save(plain, "JPEG", quality=30, optimize=True, subsampling="4:2:0")
    decoded = np.asarray(PIL.Image.open(plain))
    assert row.jpeg_bytes == len(plain.getvalue())
    assert row.jpeg_psnr == pytest.approx(metrics.psnr(photo, decoded), abs=0.02)

    content = compressor.encode(photo, row.quality).content
    assert row.num_bytes == len(content) <= row.jpeg_bytes
    assert len(compressor.encode(photo, row.quality + 1).content) > row.jpeg_bytes
    assert row.psnr == metrics.psnr(photo, compressor.decode(content))
    assert row.ssim == metrics.ssim(photo, compressor.decode(content))


def test_without_a_scale_the_best_of_all_pairs_counts(compressor, photo):
    best, *rest = (
        matched.compare(compressor, "photo", photo, JpegCodec(), 60, scale)
        for scale in (None, 1, 2)
    )
    assert best.num_bytes <= best.jpeg_bytes
    assert best.psnr >= max(row.psnr for row in rest)


def test_a_limit_that_no_file_meets_gives_no_row(compressor):
    flat = np.zeros((16, 16, 1), np.uint8)  # the compact file's segment alone is too much
    for scale in (None, 2):
        assert matched.compare(compressor, "flat", flat, JpegCodec(), 1, scale) is None


def test_the_mean_is_over_all_numbers():
    rows = [matched.Row("a", *range(8)), matched.Row("b", *range(2, 10))]
    assert matched.mean_row(rows) == matched.Row("mean", *(float(i) for i in range(1, 9)))


def test_standard_huffman_tables_cost_more(photo):
    jpeg = JpegCodec()
    standard = matched.with_standard_tables(jpeg)
    assert len(standard.encode(photo, 20)) > 1.05 * len(jpeg.encode(photo, 20))


def test_standard_huffman_tables_are_for_jpeg_alone():
    with pytest.raises(ValueError, match="Received: codec=webp"):
        matched.with_standard_tables(catalog.make_codec("webp"))
