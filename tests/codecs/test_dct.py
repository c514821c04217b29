import numpy as np
import scipy.fft

from comrec_tf.codecs import dct


def test_it_is_the_transform_of_scipy():
    blocks = np.random.default_rng(0).normal(size=(5, dct.BLOCK, dct.BLOCK))
    expected = scipy.fft.dctn(blocks, axes=(1, 2), norm="ortho").reshape(5, -1)
    np.testing.assert_allclose(blocks.reshape(5, -1) @ dct.DCT.T, expected, atol=1e-5)


def test_its_transpose_undoes_it():
    np.testing.assert_allclose(dct.DCT @ dct.DCT.T, np.eye(dct.BLOCK**2), atol=1e-6)


def test_the_first_coefficient_is_eight_times_the_mean():
    np.testing.assert_allclose(dct.DCT[0], 8 / dct.BLOCK**2, atol=1e-7)
