import zlib

import numpy as np
import pytest
import tensorflow as tf

from comrec_tf.graph.checksum import crc32


@pytest.fixture(scope="module")
def traced():
    return tf.function(crc32, input_signature=[tf.TensorSpec([None], tf.uint8)])


@pytest.mark.parametrize("length", [0, 1, 2, 3, 4, 5, 255, 256, 257, 1000, 4096, 70_001, 1_000_003])
def test_it_is_the_checksum_of_zlib(traced, length):
    content = np.random.default_rng(length).integers(0, 256, length).astype(np.uint8)
    assert int(traced(content)) == zlib.crc32(content.tobytes())


def test_every_flipped_bit_changes_it(traced):
    content = np.arange(90, dtype=np.uint8)
    sums = {int(traced(content))}
    for bit in range(8 * content.size):
        flipped = content.copy()
        flipped[bit // 8] ^= 1 << bit % 8
        sums.add(int(traced(flipped)))
    assert len(sums) == 8 * content.size + 1
