import numpy as np
import pytest

from comrec_tf.codecs import base


class Raw(base.Codec):
    """Bytes of pixels behind a byte each of height, width and channels."""

    name = "raw"
    suffix = ".raw"
    max_size = 255
    qualities = tuple(number / 4 for number in range(4, 21))

    def encode(self, picture, quality):
        self.check_quality(quality)
        return bytes(picture.shape) + picture.tobytes()

    def decode(self, bitstream, channels=0):
        return np.frombuffer(bitstream[3:], np.uint8).reshape(self.shape(bitstream))

    def shape(self, bitstream):
        return tuple(bitstream[:3])

    def step(self, quality):
        return 1.0


def test_a_codec_is_whatever_fills_in_the_contract(photo):
    small = photo[:4, :5]
    np.testing.assert_array_equal(Raw().decode(Raw().encode(small, 1)), small)
    with pytest.raises(TypeError, match="abstract"):
        base.Codec()


def test_a_codec_has_no_options_and_is_its_own_reference_unless_it_says_otherwise():
    codec = Raw()
    assert codec.options() == {}
    assert codec.reference_encoder() is codec


def test_qualities_are_those_listed_and_the_message_says_in_which_steps():
    for quality in (1, 1.25, 5):
        Raw().check_quality(quality)
    for quality in (0.75, 1.1, 6, float("nan")):
        with pytest.raises(ValueError, match="raw expects .* steps of 0.25 from 1 to 5. Received"):
            Raw().check_quality(quality)


def test_the_logarithm_of_a_step_is_zero_at_sixteen_grey_levels():
    assert base.log_of_step(16.0) == 0.0
    assert base.log_of_step(32.0) == pytest.approx(np.log(2))


def test_steps_are_rounded_to_the_nearest_sixty_fourth():
    rounded = base.round_step(np.array([0.0, 0.03, 1.99, 7.0]))
    np.testing.assert_array_equal(rounded, np.array([0, 2, 127, 448]) / 64)
    assert base.round_step(0.5) == 0.5


def test_chroma_is_coded_in_full_or_at_half_the_size():
    for known in ("4:2:0", "4:4:4"):
        base.check_chroma_subsampling(known)
    with pytest.raises(ValueError, match="Received: chroma_subsampling='4:2:2'"):
        base.check_chroma_subsampling("4:2:2")
