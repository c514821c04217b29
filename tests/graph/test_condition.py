import io

import numpy as np
import PIL.Image
import pytest
import tensorflow as tf

from comrec_tf.codecs import condition as twin
from comrec_tf.graph import condition


def test_a_step_alone_says_what_the_twin_says():
    np.testing.assert_allclose(condition.of_step(tf.constant(9.5)), twin.of_step(9.5), rtol=1e-6)


@pytest.mark.parametrize("kind", ["L", "4:2:0", "4:2:2", "4:4:4", "CMYK"])
@pytest.mark.parametrize("quality", [4, 55, 97])
def test_a_jpeg_says_what_the_twin_says(photo, kind, quality):
    picture = PIL.Image.fromarray(photo).convert(kind if kind in ("L", "CMYK") else "RGB")
    options = {"subsampling": kind} if ":" in kind else {}
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=quality, **options)
    content = buffer.getvalue()
    told = condition.of_jpeg(tf.constant(content), tf.constant(21.0))
    np.testing.assert_allclose(told, twin.of_file(content, 21.0), atol=2e-6)
    assert told.dtype == tf.float32


def test_a_table_that_comes_behind_the_first_scan_is_taken_as_lumas(photo):
    buffer = io.BytesIO()
    PIL.Image.fromarray(photo).save(buffer, "JPEG", quality=30)
    content = buffer.getvalue()
    start = content.index(b"\xff\xdb", content.index(b"\xff\xdb") + 2)
    without = content[:start] + content[start + 69 :]
    told = condition.of_jpeg(tf.constant(without), tf.constant(21.0))
    np.testing.assert_allclose(told, twin.of_file(without, 21.0), atol=2e-6)
